"""What people ask of a resource first: its SKU, who can reach it, which identity it bears."""

from collections.abc import Iterable, Mapping
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
_APP = "microsoft.app/containerapps"
_ENDPOINT = "microsoft.network/privateendpoints"


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
    if resource.type.lower() == _APP:
        return _replicas(_mapping(resource.properties.get("template")))
    for found in (resource.body.get("sku"), resource.properties.get("sku")):
        if isinstance(found, str):
            return found
        if isinstance(found, Mapping) and (name := found.get("name") or found.get("tier")):
            capacity = found.get("capacity")
            return f"{name}, {capacity}" if capacity is not None else str(name)
    return ""


def exposure(resource: Resource, endpoints: Iterable[str] = ()) -> Exposure | None:
    """From where a resource can be reached; None for what has no address.

    Args:
        resource: The resource.
        endpoints: Ids of the resources that private endpoints lead to, in lower case.
    """
    kind, properties = resource.type.lower(), resource.properties
    if kind == _APP:
        ingress = _mapping(_mapping(properties.get("configuration")).get("ingress"))
        if not ingress:
            return Exposure.NONE
        return Exposure.PUBLIC if ingress.get("external") else Exposure.PRIVATE
    if _mapping(properties.get("vnetConfiguration")).get("internal") is True:
        return Exposure.PRIVATE
    access = _access(properties)
    if access == "disabled" or access == "securedbyperimeter":
        return Exposure.PRIVATE
    rules = _mapping(properties.get("networkAcls") or properties.get("networkRuleSet"))
    if str(rules.get("defaultAction", "")).lower() == "deny":
        return Exposure.SELECTED
    if access or kind in _REACHABLE:
        return Exposure.PUBLIC
    return Exposure.PRIVATE if resource.id.lower() in endpoints else None


def private_endpoint_targets(resources: Iterable[Resource]) -> dict[str, Resource]:
    """Private endpoints by the id of what they lead to, in lower case."""
    found = {}
    for resource in resources:
        if resource.type.lower() == _ENDPOINT:
            for name in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections"):
                for connection in resource.properties.get(name) or ():
                    target = _mapping(_mapping(connection).get("properties"))
                    found[str(target.get("privateLinkServiceId", "")).lower()] = resource
    return found


def user_identities(resource: Resource) -> tuple[str, ...]:
    """Ids of the user-assigned identities that a resource bears."""
    identity = _mapping(resource.body.get("identity"))
    return tuple(_mapping(identity.get("userAssignedIdentities")))


def has_system_identity(resource: Resource) -> bool:
    """Whether Azure makes an identity for the resource alone."""
    kind = _mapping(resource.body.get("identity")).get("type", "")
    return "systemassigned" in str(kind).lower()


def identity(resource: Resource) -> str:
    """Names of the identities that a resource bears; empty when it has none."""
    names = [found.rpartition("/")[2] for found in user_identities(resource)]
    return ", ".join((["system-assigned"] if has_system_identity(resource) else []) + names)


def _access(properties: Mapping[str, Any]) -> str:
    """The property that opens or closes a resource, in lower case; empty when it is not set."""
    network = _mapping(properties.get("network"))
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


def _replicas(template: Mapping[str, Any]) -> str:
    containers = [_mapping(item) for item in template.get("containers") or ()]
    sizes = [_mapping(container.get("resources")) for container in containers]
    parts = [
        f"{size['cpu']} CPU, {size['memory']}" for size in sizes if {"cpu", "memory"} <= set(size)
    ]
    scale = _mapping(template.get("scale"))
    if "maxReplicas" in scale:
        parts.append(f"{scale.get('minReplicas') or 0}-{scale['maxReplicas']} replicas")
    return ", ".join(parts)


def _mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a mapping: an expression or null may be in its place."""
    return value if isinstance(value, Mapping) else {}
