"""Properties that Azure does not change on a resource that exists, each with the reason.

Azure refuses such a change: whoever wants it deletes the resource first, or lets it get a new name.
"""

import re

# Paths of every type.
_EVERYWHERE = {
    "location": "a resource does not move to another region",
    "kind": "the kind is chosen when the resource is made",
}

# Paths by lower-case type; `*` stands for one part of a path.
_OF_TYPE = {
    "microsoft.app/managedenvironments": {
        "properties.vnetConfiguration": "an environment keeps its network",
        "properties.zoneRedundant": "zones are chosen when the environment is made",
    },
    "microsoft.app/containerapps": {
        "properties.environmentId": "an app stays in its environment",
        "properties.managedEnvironmentId": "an app stays in its environment",
    },
    "microsoft.cognitiveservices/accounts": {
        "properties.customSubDomainName": "the host name of an account is set once",
    },
    "microsoft.network/privateendpoints": {
        "properties.subnet.id": "an endpoint stays in its subnet",
        "properties.privateLinkServiceConnections.*.properties.privateLinkServiceId": (
            "an endpoint keeps its target"
        ),
    },
    "microsoft.network/publicipaddresses": {
        "sku.name": "the SKU of an address in use is fixed",
        "zones": "the zones of an address are fixed",
    },
    "microsoft.network/applicationgateways": {
        "zones": "the zones of a gateway are fixed",
    },
    "microsoft.servicebus/namespaces": {
        "sku.name": "Premium is made as a new namespace, and does not become another tier",
        "properties.premiumMessagingPartitions": "partitions are chosen at creation",
    },
    "microsoft.servicebus/namespaces/queues": {
        "properties.requiresDuplicateDetection": "chosen when the queue is made",
        "properties.requiresSession": "chosen when the queue is made",
        "properties.enablePartitioning": "chosen when the queue is made",
    },
    "microsoft.eventhub/namespaces": {
        "sku.name": "Premium is made as a new namespace, and does not become another tier",
    },
    "microsoft.eventgrid/systemtopics": {
        "properties.source": "a system topic keeps its source",
        "properties.topicType": "a system topic keeps its source",
    },
    "microsoft.storage/storageaccounts": {
        "properties.isHnsEnabled": "the hierarchical namespace needs a migration of its own",
    },
    "microsoft.containerregistry/registries": {
        "properties.zoneRedundancy": "zones are chosen when the registry is made",
    },
    "microsoft.cache/redisenterprise": {
        "properties.highAvailability": "chosen when the cache is made",
        "zones": "the zones of a cache are fixed",
    },
    "microsoft.cache/redisenterprise/databases": {
        "properties.clusteringPolicy": "chosen when the database is made",
        "properties.modules": "modules are chosen when the database is made",
    },
    "microsoft.web/serverfarms": {
        "properties.reserved": "a plan is for Linux or for Windows",
    },
    "microsoft.dbforpostgresql/flexibleservers": {
        "properties.network.delegatedSubnetResourceId": "a server keeps its network",
        "properties.administratorLogin": "the administrator's name is set once",
    },
    "microsoft.authorization/roleassignments": {
        "properties.principalId": "an assignment keeps its principal",
        "properties.roleDefinitionId": "an assignment keeps its role",
    },
}

# Where a change is refused only when it starts from or arrives at one of these values.
_ONLY_BETWEEN = {
    ("microsoft.servicebus/namespaces", "sku.name"): {"premium"},
    ("microsoft.eventhub/namespaces", "sku.name"): {"premium", "dedicated"},
}

# The only kinds that become another in place: older storage accounts are upgraded.
_UPGRADES = {("microsoft.storage/storageaccounts", "StorageV2")}


def why_replaced(resource_type: str, path: str, before: object, after: object) -> str | None:
    """Say why Azure refuses the change of a property in place; None when it does not.

    Args:
        resource_type: The resource's type.
        path: The property's path, such as `properties.subnet.id`; names in brackets are one part.
        before: Its value before.
        after: Its value after.
    """
    known = resource_type.lower()
    if path == "kind" and (known, after) in _UPGRADES:
        return None
    limits = _ONLY_BETWEEN.get((known, path))
    if limits and not limits & {str(before).lower(), str(after).lower()}:
        return None
    for pattern, reason in (_EVERYWHERE | _OF_TYPE.get(known, {})).items():
        expression = re.escape(pattern).replace(r"\.\*", r"(?:\[[^\]]*\])")
        if re.fullmatch(rf"{expression}(?:[.\[].*)?", path):
            return reason
        # An object that appears or goes away takes the property with it.
        if pattern.startswith(f"{path}.") and pattern.removeprefix(f"{path}.") in _paths(
            after if isinstance(after, dict) else before
        ):
            return reason
    return None


def _paths(value: object) -> set[str]:
    """Paths of everything in an object, and of the object's objects."""
    if not isinstance(value, dict):
        return set()
    inner = {f"{name}.{path}" for name, item in value.items() for path in _paths(item)}
    return inner | set(value)
