"""What people ask of a resource first: its SKU, who can reach it, which identity it bears."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from azd_ai_scaffold.evaluation import Resource

# Types that answer on the internet unless their properties say otherwise.
_REACHABLE = {
    "microsoft.app/managedenvironments",
    "microsoft.cache/redis",
    "microsoft.cache/redisenterprise",
    "microsoft.cognitiveservices/accounts",
    "microsoft.containerregistry/registries",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.documentdb/databaseaccounts",
    "microsoft.eventgrid/topics",
    "microsoft.eventhub/namespaces",
    "microsoft.insights/components",
    "microsoft.keyvault/vaults",
    "microsoft.machinelearningservices/workspaces",
    "microsoft.operationalinsights/workspaces",
    "microsoft.search/searchservices",
    "microsoft.servicebus/namespaces",
    "microsoft.sql/servers",
    "microsoft.storage/storageaccounts",
    "microsoft.web/sites",
    "microsoft.web/staticsites",
    "microsoft.cdn/profiles/afdendpoints",
    "microsoft.network/publicipaddresses",
}
APP = "Microsoft.App/containerApps"
ENVIRONMENT = "Microsoft.App/managedEnvironments"
_ADDRESS = "Microsoft.Network/publicIPAddresses"
_ENDPOINT = "Microsoft.Network/privateEndpoints"
_NAT = "Microsoft.Network/natGateways"


class Exposure(StrEnum):
    """From where a resource can be reached, whoever may use it then."""

    PUBLIC = "public"
    SELECTED = "selected networks"
    """Public, but for addresses and networks that its rules name."""
    PRIVATE = "private"
    """Only from its network, its environment or through private endpoints."""
    NONE = "none"
    """It listens to nobody."""


def sku(resource: Resource) -> str:
    """The SKU with its capacity, or what a container app's replica gets; empty when there is none.

    Examples: `S0`, `GlobalStandard, 50`, `0.5 CPU, 1.0Gi, 2-10 replicas`.
    """
    if resource.is_a(APP):
        return _replicas(mapping(resource.properties.get("template")))
    for found in (resource.body.get("sku"), resource.properties.get("sku")):
        if isinstance(found, str):
            return found
        if isinstance(found, Mapping) and (name := found.get("name") or found.get("tier")):
            capacity = found.get("capacity")
            return f"{name}, {capacity}" if capacity is not None else str(name)
    return ""


class Reachability:
    """From where the resources of one plan can be reached.

    Attributes:
        endpoints: Private endpoints by the id of what they lead to, in lower case.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = tuple(resources)
        self._by_id = {resource.id.lower(): resource for resource in self._resources}
        self.endpoints = private_endpoint_targets(self._resources)

    def has_private_endpoint(self, resource: Resource) -> bool:
        """Whether a private endpoint of the plan leads to the resource."""
        return resource.id.lower() in self.endpoints

    def of(self, resource: Resource) -> Exposure | None:
        """From where a resource can be reached; None for what has no address."""
        if resource.is_a(APP):
            return self._of_app(resource.properties)
        if resource.is_a(_ADDRESS) and self._is_outbound(resource):
            return Exposure.NONE
        properties = resource.properties
        if mapping(properties.get("vnetConfiguration")).get("internal") is True:
            return Exposure.PRIVATE
        access = _access(properties)
        if access in ("disabled", "securedbyperimeter"):
            return Exposure.PRIVATE
        if _refuses_by_default(properties):
            return Exposure.SELECTED
        if access or resource.type.lower() in _REACHABLE:
            return Exposure.PUBLIC
        return Exposure.PRIVATE if self.has_private_endpoint(resource) else None

    def _of_app(self, properties: Mapping[str, Any]) -> Exposure:
        ingress = mapping(mapping(properties.get("configuration")).get("ingress"))
        if not ingress:
            return Exposure.NONE
        environment = self._by_id.get(environment_id(properties))
        if not ingress.get("external") or (
            environment and self.of(environment) is Exposure.PRIVATE
        ):
            return Exposure.PRIVATE
        rules = ingress.get("ipSecurityRestrictions")
        return Exposure.SELECTED if _has_allow_rule(rules) else Exposure.PUBLIC

    def _is_outbound(self, address: Resource) -> bool:
        """Whether only NAT gateways use a public address: nothing answers there."""
        users = [found for found in self._resources if mentions(found.properties, address.id)]
        return bool(users) and all(user.is_a(_NAT) for user in users)


def private_endpoint_targets(resources: Iterable[Resource]) -> dict[str, Resource]:
    """Private endpoints by the id of what they lead to, in lower case."""
    found = {}
    for resource in resources:
        if resource.is_a(_ENDPOINT):
            for name in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections"):
                for connection in resource.properties.get(name) or ():
                    target = mapping(mapping(connection).get("properties"))
                    found[str(target.get("privateLinkServiceId", "")).lower()] = resource
    return found


def environment_id(app: Mapping[str, Any]) -> str:
    """Id of the environment of a container app, in lower case, from the app's properties."""
    return str(app.get("environmentId") or app.get("managedEnvironmentId") or "").lower()


def texts(value: Any) -> Iterator[str]:
    """All texts within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def mentions(value: Any, resource_id: str) -> bool:
    """Whether a JSON value refers to a resource by its id."""
    return any(text.lower() == resource_id.lower() for text in texts(value))


def user_identities(resource: Resource) -> tuple[str, ...]:
    """Ids of the user-assigned identities that a resource bears."""
    identity = mapping(resource.body.get("identity"))
    return tuple(mapping(identity.get("userAssignedIdentities")))


def has_system_identity(resource: Resource) -> bool:
    """Whether Azure makes an identity for the resource alone."""
    identity_type = mapping(resource.body.get("identity")).get("type", "")
    return "systemassigned" in str(identity_type).lower()


def identity(resource: Resource) -> str:
    """Names of the identities that a resource bears; empty when it has none."""
    names = [found.rpartition("/")[2] for found in user_identities(resource)]
    return ", ".join((["system-assigned"] if has_system_identity(resource) else []) + names)


def _access(properties: Mapping[str, Any]) -> str:
    """The property that opens or closes a resource, in lower case; empty when it is not set."""
    network = mapping(properties.get("network"))
    if network.get("delegatedSubnetResourceId"):
        return "disabled"
    direct = properties.get("publicNetworkAccess") or network.get("publicNetworkAccess")
    if direct:
        return str(direct).lower()
    # Monitoring has one for each direction; one that is open is enough to be reached.
    each = [
        str(properties[name]).lower()
        for name in ("publicNetworkAccessForIngestion", "publicNetworkAccessForQuery")
        if properties.get(name)
    ]
    return "disabled" if each == ["disabled", "disabled"] else ""


def _refuses_by_default(properties: Mapping[str, Any]) -> bool:
    """Whether rules name the networks and addresses that reach a resource."""
    rules = mapping(properties.get("networkAcls") or properties.get("networkRuleSet"))
    site = mapping(properties.get("siteConfig"))
    defaults = (rules.get("defaultAction"), site.get("ipSecurityRestrictionsDefaultAction"))
    if any(str(action).lower() == "deny" for action in defaults):
        return True
    # Without a default, a rule that allows one address refuses the others.
    return defaults[1] is None and _has_allow_rule(site.get("ipSecurityRestrictions"))


def _has_allow_rule(rules: object) -> bool:
    found = rules if isinstance(rules, list) else []
    return any(str(mapping(rule).get("action")).lower() == "allow" for rule in found)


def _replicas(template: Mapping[str, Any]) -> str:
    containers = [mapping(item) for item in template.get("containers") or ()]
    sizes = [mapping(container.get("resources")) for container in containers]
    parts = [
        f"{size['cpu']} CPU, {size['memory']}" for size in sizes if {"cpu", "memory"} <= set(size)
    ]
    scale = mapping(template.get("scale"))
    if "maxReplicas" in scale:
        parts.append(f"{scale.get('minReplicas') or 0}-{scale['maxReplicas']} replicas")
    return ", ".join(parts)


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a mapping: an expression or null may be in its place."""
    return value if isinstance(value, Mapping) else {}
