"""Rules of the event-driven pattern: storage, messaging, the function app.

They find nothing to judge in an environment of the other pattern.
"""

from collections.abc import Iterator
from typing import Any

from azd_ai_scaffold.evaluation import Resource
from tests.evaluated import Environment
from tests.infra.rules import REFERENCE, differences, rule

CONTAINERS = {"deployments", "incoming", "results", "undelivered-events"}


def named(resource: Resource) -> str:
    """Last segment of a resource's name."""
    return resource.name.rpartition("/")[2]


# --- storage ------------------------------------------------------------------------------------


@rule
def storage_holds_what_the_pipeline_names(environment: Environment) -> Iterator[str]:
    if not environment.event_driven:
        return
    kind = "Microsoft.Storage/storageAccounts"
    containers = {
        named(container) for container in environment.all(f"{kind}/blobServices/containers")
    }
    yield from differences("containers", containers, CONTAINERS)
    tables = {named(table) for table in environment.all(f"{kind}/tableServices/tables")}
    yield from differences("tables", tables, {"documents"})


@rule
def storage_is_closed_and_encrypted(environment: Environment) -> Iterator[str]:
    for account in environment.all("Microsoft.Storage/storageAccounts"):
        wanted = {
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
        }
        found = {name: account.properties.get(name) for name in wanted}
        yield from differences("storage account", found, wanted)
    for container in environment.all("Microsoft.Storage/storageAccounts/blobServices/containers"):
        access = container.properties.get("publicAccess", "None")
        yield from differences(f"public access of {container.name}", access, "None")


@rule
def storage_suits_its_type(environment: Environment) -> Iterator[str]:
    prod = environment.kind == "prod"
    for account in environment.all("Microsoft.Storage/storageAccounts"):
        expected = "Standard_ZRS" if prod else "Standard_LRS"
        yield from differences("redundancy", account.body["sku"]["name"], expected)
    for blobs in environment.all("Microsoft.Storage/storageAccounts/blobServices"):
        for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
            found = blobs.properties.get(policy, {})
            expected_days = {"enabled": True, "days": 30 if prod else 7}
            yield from differences(policy, found, expected_days)


@rule
def only_what_came_in_expires(environment: Environment) -> Iterator[str]:
    for policy in environment.all("Microsoft.Storage/storageAccounts/managementPolicies"):
        prefixes = []
        for entry in policy.properties["policy"]["rules"]:
            definition = entry["definition"]
            prefixes += definition["filters"]["prefixMatch"]
            days = definition["actions"]["baseBlob"]["delete"]["daysAfterModificationGreaterThan"]
            yield from differences(entry["name"], days, 90 if environment.kind == "prod" else 30)
        expected = ["incoming/", "undelivered-events/"]
        yield from differences("what expires", sorted(prefixes), expected)


# --- Service Bus --------------------------------------------------------------------------------


@rule
def service_bus_suits_type_and_network(environment: Environment) -> Iterator[str]:
    # Private endpoints need Premium, which is zone redundant wherever it is.
    private = environment.network == "private"
    tier = "Premium" if environment.kind == "prod" or private else "Standard"
    for namespace in environment.all("Microsoft.ServiceBus/namespaces"):
        sku = namespace.body["sku"]
        yield from differences("tier", (sku["name"], sku["tier"]), (tier, tier))
        yield from differences(
            "messaging units", sku.get("capacity"), 1 if tier == "Premium" else None
        )
        partitions = namespace.properties.get("premiumMessagingPartitions")
        if tier == "Premium" and partitions not in (1, 2, 4):
            yield f"{partitions} partitions do not exist"
        zones = namespace.properties.get("zoneRedundant", False)
        yield from differences("zoneRedundant", zones, tier == "Premium")
        yield from differences("TLS", namespace.properties.get("minimumTlsVersion"), "1.2")


@rule
def event_grid_may_enter_where_the_internet_may_not(environment: Environment) -> Iterator[str]:
    """It has no way through a private endpoint: it comes as a trusted service."""
    private = environment.network == "private"
    action = "Deny" if private else "Allow"
    for account in environment.all("Microsoft.Storage/storageAccounts"):
        expected = {"bypass": "AzureServices", "defaultAction": action}
        yield from differences(account.name, account.properties.get("networkAcls"), expected)
    for rules in environment.all("Microsoft.ServiceBus/namespaces/networkRuleSets"):
        wanted = {
            "defaultAction": action,
            "publicNetworkAccess": "Disabled" if private else "Enabled",
            "trustedServiceAccessEnabled": True,
        }
        yield from differences(rules.name, rules.properties, wanted)


@rule
def queues_lose_nothing(environment: Environment) -> Iterator[str]:
    if not environment.event_driven:
        return
    queues = environment.all("Microsoft.ServiceBus/namespaces/queues")
    yield from differences(
        "queues", {named(queue) for queue in queues}, {"documents", "documents-rejected"}
    )
    for queue in queues:
        properties = queue.properties
        for setting in ("requiresDuplicateDetection", "deadLetteringOnMessageExpiration"):
            yield from differences(f"{setting} of {queue.name}", properties.get(setting), True)
        # Five minutes is the longest lock that there is.
        yield from differences("lock", properties.get("lockDuration"), "PT5M")
        # Who takes a rejected document out holds those before it, which counts as a delivery.
        deliveries = 2000 if named(queue) == "documents-rejected" else 5
        found = properties.get("maxDeliveryCount")
        yield from differences(f"deliveries of {queue.name}", found, deliveries)
        window = properties.get("duplicateDetectionHistoryTimeWindow")
        yield from differences("window of duplicates", window, "PT10M")
        if properties.get("requiresSession"):
            yield f"Event Grid cannot deliver into {queue.name}, which has sessions"


# --- Event Hubs ---------------------------------------------------------------------------------


@rule
def event_hubs_suit_their_type(environment: Environment) -> Iterator[str]:
    prod = environment.kind == "prod"
    for namespace in environment.all("Microsoft.EventHub/namespaces"):
        yield from differences("tier", namespace.body["sku"]["name"], "Standard")
        properties = namespace.properties
        yield from differences("TLS", properties.get("minimumTlsVersion"), "1.2")
        units = (properties.get("isAutoInflateEnabled"), properties.get("maximumThroughputUnits"))
        yield from differences("inflation", units, (True, 10 if prod else 2))
    for hub in environment.all("Microsoft.EventHub/namespaces/eventhubs"):
        yield from differences("event hub", named(hub), "ai-results")
        partitions = hub.properties.get("partitionCount")
        yield from differences("partitions", partitions, 4 if prod else 2)
        retention = hub.properties.get("retentionDescription")
        hours = 168 if prod else 24  # Standard keeps events for seven days at most.
        expected = {"cleanupPolicy": "Delete", "retentionTimeInHours": hours}
        yield from differences("retention", retention, expected)
    for group in environment.all("Microsoft.EventHub/namespaces/eventhubs/consumergroups"):
        yield from differences("consumer group", named(group), "record-result")


# --- Event Grid ---------------------------------------------------------------------------------


@rule
def events_of_incoming_blobs_reach_the_queue(environment: Environment) -> Iterator[str]:
    if not environment.event_driven:
        return
    topic = environment.one("Microsoft.EventGrid/systemTopics")
    account = environment.one("Microsoft.Storage/storageAccounts")
    yield from differences("source", topic.properties.get("source"), account.id)
    yield from differences(
        "topic type", topic.properties.get("topicType"), "Microsoft.Storage.StorageAccounts"
    )
    yield from differences("location of the topic", topic.location, account.location)
    yield from differences("identity", topic.body.get("identity"), {"type": "SystemAssigned"})
    subscription = environment.one("Microsoft.EventGrid/systemTopics/eventSubscriptions").properties
    expected_filter = {
        "includedEventTypes": ["Microsoft.Storage.BlobCreated"],
        "subjectBeginsWith": "/blobServices/default/containers/incoming/",
    }
    yield from differences("filter", subscription.get("filter"), expected_filter)
    schema = subscription.get("eventDeliverySchema")
    yield from differences("schema of events", schema, "CloudEventSchemaV1_0")
    (queue,) = [
        queue.id
        for queue in environment.all("Microsoft.ServiceBus/namespaces/queues")
        if named(queue) == "documents"
    ]
    # A plain `destination` would be delivered to without the identity.
    expected_delivery = {
        "identity": {"type": "SystemAssigned"},
        "destination": {"endpointType": "ServiceBusQueue", "properties": {"resourceId": queue}},
    }
    delivery = subscription.get("deliveryWithResourceIdentity")
    yield from differences("delivery", delivery, expected_delivery)
    expected_dead_letters = {
        "identity": {"type": "SystemAssigned"},
        "deadLetterDestination": {
            "endpointType": "StorageBlob",
            "properties": {"blobContainerName": "undelivered-events", "resourceId": account.id},
        },
    }
    dead_letters = subscription.get("deadLetterWithResourceIdentity")
    yield from differences("dead letters", dead_letters, expected_dead_letters)


# --- the function app ---------------------------------------------------------------------------


@rule
def the_plan_holds_one_app(environment: Environment) -> Iterator[str]:
    plans = environment.all("Microsoft.Web/serverfarms")
    for plan in plans:
        sku = {"name": "FC1", "tier": "FlexConsumption"}
        yield from differences("plan", plan.body["sku"], sku)
        yield from differences("reserved (Linux)", plan.properties.get("reserved"), True)
        zones = plan.properties.get("zoneRedundant", False)
        yield from differences("zoneRedundant", zones, environment.kind == "prod")
    used = [app.properties.get("serverFarmId") for app in environment.all("Microsoft.Web/sites")]
    yield from differences("plans of apps", sorted(used), sorted(plan.id for plan in plans))


@rule
def the_app_runs_as_flex_consumption_wants_it(environment: Environment) -> Iterator[str]:
    for app in environment.all("Microsoft.Web/sites"):
        yield from differences("kind", app.body["kind"], "functionapp,linux")
        yield from differences("httpsOnly", app.properties.get("httpsOnly"), True)
        tls = app.properties.get("siteConfig", {}).get("minTlsVersion")
        yield from differences("TLS", tls, "1.2")
        # Closed, it would shut out `azd deploy`.
        public = app.properties.get("publicNetworkAccess", "Enabled")
        yield from differences("publicNetworkAccess", public, "Enabled")
        config = app.properties["functionAppConfig"]
        runtime = {"name": "python", "version": "3.12"}
        yield from differences("runtime", config.get("runtime"), runtime)
        storage = config["deployment"]["storage"]
        (identity,) = app.body["identity"]["userAssignedIdentities"]
        expected = {
            "type": "UserAssignedIdentity",
            "userAssignedIdentityResourceId": identity,
        }
        yield from differences("deployment", storage.get("authentication"), expected)
        account = environment.one("Microsoft.Storage/storageAccounts").id
        yield from differences("package", REFERENCE.findall(storage["value"]), [account])
        if not storage["value"].endswith(".primaryEndpoints.blob, 'deployments')]"):
            yield f"the package is at {storage['value']}"


@rule
def the_app_has_as_many_instances_as_answered(environment: Environment) -> Iterator[str]:
    size, variables = environment.size, environment.variables
    for app in environment.all("Microsoft.Web/sites"):
        scale = app.properties["functionAppConfig"]["scaleAndConcurrency"]
        memory = int(variables.get("FUNCTION_INSTANCE_MEMORY") or size["instance_memory"])
        yield from differences("memory", scale.get("instanceMemoryMB"), memory)
        if memory not in (512, 2048, 4096):
            yield f"instances of {memory} MB do not exist"
        most = int(variables.get("FUNCTION_MAXIMUM_INSTANCES") or size["max_instances"])
        yield from differences("instances", scale.get("maximumInstanceCount"), most)
        if not 40 <= most <= 1000:
            yield f"{most} instances at most are not offered"
        ready = size["ready_instances"]
        groups = ["http", "function:process_document", "function:record_result"]
        expected = [{"name": name, "instanceCount": ready} for name in groups if ready]
        yield from differences("always ready", scale.get("alwaysReady"), expected)
        # A zone-redundant app needs two instances that are always ready in each group.
        if environment.kind == "prod" and ready < 2:
            yield f"{ready} instances are always ready"


def front_door_id(environment: Environment) -> str:
    """What the app is told of Front Door: its id, or nothing where none stands in front."""
    if environment.edge == "none":
        return ""
    profile = environment.one("Microsoft.Cdn/profiles")
    return f"[coalesce(reference('{profile.id}', '{profile.api_version}').frontDoorId, '')]"


def wanted_settings(environment: Environment) -> dict[str, Any]:
    """Value of each app setting."""
    app = environment.one("Microsoft.Web/sites")
    (identity,) = app.body["identity"]["userAssignedIdentities"]
    client_id = f"reference('{identity}', '2024-11-30').clientId"
    accounts = {
        account.body["kind"]: f"[reference('{account.id}', '{account.api_version}').endpoint]"
        for account in environment.all("Microsoft.CognitiveServices/accounts")
    }
    account = environment.one("Microsoft.Storage/storageAccounts")
    endpoints = f"[reference('{account.id}', '{account.api_version}').primaryEndpoints."
    insights = environment.one("Microsoft.Insights/components")
    hosts = {
        prefix: f"{environment.one(f'Microsoft.{kind}/namespaces').name}.servicebus.windows.net"
        for prefix, kind in {"ServiceBus": "ServiceBus", "EventHubs": "EventHub"}.items()
    }
    settings = {
        "API_CLIENT_ID": environment.variables["AZURE_API_CLIENT_ID"],
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": (
            f"[format('Authorization=AAD;ClientId={{0}}', {client_id})]"
        ),
        "APPLICATIONINSIGHTS_CONNECTION_STRING": (
            f"[reference('{insights.id}', '{insights.api_version}').ConnectionString]"
        ),
        "AZURE_CLIENT_ID": f"[{client_id}]",
        "AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT": accounts["FormRecognizer"],
        "AZURE_OPENAI_DEPLOYMENT": environment.answers["chat_model"],
        "AZURE_OPENAI_ENDPOINT": accounts["OpenAI"],
        "AZURE_TENANT_ID": environment.evaluation.outputs["AZURE_TENANT_ID"],
        "ENVIRONMENT_TYPE": environment.kind,
        "EVENT_HUBS_NAMESPACE": hosts["EventHubs"],
        "OTEL_SERVICE_NAME": "processor",
        "PYTHON_ENABLE_OPENTELEMETRY": "true",
        "SERVICE_BUS_NAMESPACE": hosts["ServiceBus"],
        "STORAGE_BLOB_ENDPOINT": f"{endpoints}blob]",
        "STORAGE_TABLE_ENDPOINT": f"{endpoints}table]",
        "TOKEN_AUTHORITY": "[environment().authentication.loginEndpoint]",
        "USER_AUTHENTICATION": (
            "required" if environment.answers["user_auth"] == "entra" else "none"
        ),
    }
    if environment.answers.get("edge") == "front-door":
        settings["FRONT_DOOR_ID"] = front_door_id(environment)
    for service in ("blob", "queue", "table"):
        settings[f"AzureWebJobsStorage__{service}ServiceUri"] = f"{endpoints}{service}]"
    for prefix, host in hosts.items():
        settings[f"{prefix}__fullyQualifiedNamespace"] = host
    for prefix in ("AzureWebJobsStorage", *hosts):
        settings[f"{prefix}__credential"] = "managedidentity"
        settings[f"{prefix}__clientId"] = f"[{client_id}]"
    return settings


@rule
def the_app_is_told_what_it_reads(environment: Environment) -> Iterator[str]:
    for config in environment.all("Microsoft.Web/sites/config"):
        expected = wanted_settings(environment)
        for name in sorted(expected.keys() | config.properties.keys()):
            yield from differences(name, config.properties.get(name), expected.get(name))
            # Flex Consumption has its runtime in functionAppConfig and refuses these.
            if name.startswith(("FUNCTIONS_", "WEBSITE_")):
                yield f"{name} is refused"
