"""What a deployment refuses or a reviewer would, as rules on an evaluated environment.

A rule yields one line for each finding. Sources: the deploy-time rules of the project, Azure's
naming rules, the contract with azd.
"""

import ipaddress
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from azd_ai_scaffold.evaluation import TENANT_ID, Resource
from tests.evaluated import DEVELOPER, WORKLOADS, Environment, table


@dataclass(frozen=True)
class Rule:
    """A check of an environment, which yields its findings; rulebook.py collects the rules."""

    check: Callable[[Environment], Iterator[str]]

    def __call__(self, environment: Environment) -> Iterator[str]:
        return self.check(environment)

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.check.__name__


rule = Rule  # as a decorator

PORT = 8080
ROLE_NAMES = {
    "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd": "Cognitive Services OpenAI User",
    "a97b65f3-24c7-4388-baec-2e87135dc908": "Cognitive Services User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": "Azure Service Bus Data Receiver",
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Azure Service Bus Data Sender",
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
    "2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
}
REFERENCE = re.compile(r"reference\('([^']+)'")
ARM_GUID_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")

# Each AI service: the kind of its account, its SKU, the role to call it, its location variable.
ACCOUNTS = {
    "chat": ("OpenAI", "S0", "Cognitive Services OpenAI User", "AZURE_OPENAI_LOCATION"),
    "vision": ("ComputerVision", "S1", "Cognitive Services User", "AZURE_VISION_LOCATION"),
    "text": (
        "FormRecognizer",
        "S0",
        "Cognitive Services User",
        "AZURE_DOCUMENT_INTELLIGENCE_LOCATION",
    ),
}

# Length and pattern of the last segment of a name, by type.
NAMES = {
    "Microsoft.Resources/resourceGroups": (1, 90, r"[\w.()-]*[\w()-]"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": (3, 128, r"[A-Za-z0-9][\w-]*"),
    "Microsoft.OperationalInsights/workspaces": (4, 63, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Insights/components": (1, 255, r"[\w.()-]*[\w()-]"),
    "Microsoft.KeyVault/vaults": (3, 24, r"(?!.*--)[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.ContainerRegistry/registries": (5, 50, r"[A-Za-z0-9]+"),
    "Microsoft.App/managedEnvironments": (1, 60, r"[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.App/containerApps": (2, 32, r"(?!.*--)[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Web/staticSites": (1, 40, r"[A-Za-z0-9-]+"),
    "Microsoft.CognitiveServices/accounts": (2, 64, r"[A-Za-z0-9][\w.-]*"),
    "Microsoft.CognitiveServices/accounts/deployments": (2, 64, r"[A-Za-z0-9][\w.-]*"),
    "Microsoft.CognitiveServices/accounts/raiPolicies": (1, 64, r"[A-Za-z0-9][\w.-]*"),
    "Microsoft.Authorization/policyAssignments": (1, 64, r"[^<>*%&:\\?/]*[^<>*%&:\\?/ .]"),
    "Microsoft.Network/virtualNetworks": (2, 64, r"[A-Za-z0-9][\w.-]*\w"),
    "Microsoft.Network/networkSecurityGroups": (1, 80, r"[A-Za-z0-9][\w.-]*\w"),
    "Microsoft.Network/natGateways": (1, 80, r"[A-Za-z0-9][\w.-]*\w"),
    "Microsoft.Network/publicIPAddresses": (1, 80, r"[A-Za-z0-9][\w.-]*\w"),
    "Microsoft.Network/privateEndpoints": (2, 64, r"[A-Za-z0-9][\w.-]*\w"),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": (1, 80, r"[A-Za-z0-9][\w.-]*\w"),
    "Microsoft.Network/privateDnsZones": (1, 63, r"privatelink(\.[a-z0-9-]+){2,}"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": (1, 80, r"[A-Za-z0-9][\w.-]*\w"),
    "Microsoft.Storage/storageAccounts": (3, 24, r"[a-z0-9]+"),
    "Microsoft.Storage/storageAccounts/blobServices": (7, 7, "default"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": (
        3,
        63,
        r"(?!.*--)[a-z0-9][a-z0-9-]*[a-z0-9]",
    ),
    "Microsoft.Storage/storageAccounts/queueServices": (7, 7, "default"),
    "Microsoft.Storage/storageAccounts/tableServices": (7, 7, "default"),
    "Microsoft.Storage/storageAccounts/tableServices/tables": (3, 63, r"[A-Za-z][A-Za-z0-9]*"),
    "Microsoft.Storage/storageAccounts/managementPolicies": (7, 7, "default"),
    "Microsoft.ServiceBus/namespaces": (
        6,
        50,
        r"[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9](?<!-sb)(?<!-mgmt)",
    ),
    "Microsoft.ServiceBus/namespaces/networkRuleSets": (7, 7, "default"),
    "Microsoft.ServiceBus/namespaces/queues": (1, 260, r"[A-Za-z0-9]([\w./-]*[A-Za-z0-9])?"),
    "Microsoft.EventHub/namespaces": (8, 50, r"[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.EventHub/namespaces/eventhubs": (1, 50, r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?"),
    "Microsoft.EventHub/namespaces/eventhubs/consumergroups": (
        1,
        50,
        r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?",
    ),
    "Microsoft.EventGrid/systemTopics": (3, 128, r"[A-Za-z0-9-]+"),
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": (3, 64, r"[A-Za-z0-9-]+"),
    "Microsoft.Web/serverfarms": (1, 40, r"[A-Za-z0-9-]+"),
    "Microsoft.Web/sites": (2, 60, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Web/sites/config": (11, 11, "appsettings"),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": (3, 3, "ftp|scm"),
    "Microsoft.Network/applicationGateways": (1, 80, r"[A-Za-z0-9][\w.-]*\w"),
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies": (
        1,
        128,
        r"[A-Za-z0-9][\w.-]*\w",
    ),
    "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies": (1, 128, r"[A-Za-z][A-Za-z0-9]*"),
    "Microsoft.Cdn/profiles": (1, 260, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Cdn/profiles/afdEndpoints": (1, 46, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Cdn/profiles/afdEndpoints/routes": (1, 90, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Cdn/profiles/customDomains": (1, 260, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Cdn/profiles/originGroups": (1, 90, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Cdn/profiles/originGroups/origins": (1, 90, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Cdn/profiles/securityPolicies": (1, 260, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Insights/diagnosticSettings": (1, 260, r"[^<>*%&:\\?+/]+"),
}

# Where a service lives that may not live where everything else does.
STATIC_WEB_APP_REGIONS = {"westus2", "centralus", "eastus2", "westeurope", "eastasia"}

# Types that have neither location nor tags: they live on another resource.
DEPENDENT = {
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.CognitiveServices/accounts/deployments",
    "Microsoft.CognitiveServices/accounts/raiPolicies",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/blobServices/containers",
    "Microsoft.Storage/storageAccounts/queueServices",
    "Microsoft.Storage/storageAccounts/tableServices",
    "Microsoft.Storage/storageAccounts/tableServices/tables",
    "Microsoft.Storage/storageAccounts/managementPolicies",
    "Microsoft.ServiceBus/namespaces/networkRuleSets",
    "Microsoft.ServiceBus/namespaces/queues",
    "Microsoft.EventHub/namespaces/eventhubs",
    "Microsoft.EventHub/namespaces/eventhubs/consumergroups",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions",
    "Microsoft.Web/sites/config",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Cdn/profiles/afdEndpoints/routes",
    "Microsoft.Cdn/profiles/customDomains",
    "Microsoft.Cdn/profiles/originGroups",
    "Microsoft.Cdn/profiles/originGroups/origins",
    "Microsoft.Cdn/profiles/securityPolicies",
}
GLOBAL = {
    "Microsoft.Cdn/profiles",
    "Microsoft.Cdn/profiles/afdEndpoints",
    "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
}

# The property that switches keys off, by type, and its value.
KEYLESS = {
    "Microsoft.CognitiveServices/accounts": ("disableLocalAuth", True),
    "Microsoft.Insights/components": ("DisableLocalAuth", True),
    "Microsoft.ContainerRegistry/registries": ("adminUserEnabled", False),
    "Microsoft.KeyVault/vaults": ("enableRbacAuthorization", True),
    "Microsoft.ServiceBus/namespaces": ("disableLocalAuth", True),
    "Microsoft.EventHub/namespaces": ("disableLocalAuth", True),
    "Microsoft.Storage/storageAccounts": ("allowSharedKeyAccess", False),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": ("allow", False),
}

# What the hooks and the owner need to know of each edge.
EDGE_OUTPUTS = {
    "none": set(),
    "application-gateway": {"AZURE_APPLICATION_GATEWAY_IP_ADDRESS"},
    "front-door": {"AZURE_CUSTOM_DOMAIN_RECORDS", "AZURE_FRONT_DOOR_ID"},
}

# Log categories that each of these types must send to the workspace.
LOGGED = {
    "Microsoft.App/managedEnvironments": {"allLogs"},
    "Microsoft.Cdn/profiles": {"allLogs"},
    "Microsoft.Network/applicationGateways": {"allLogs"},
    "Microsoft.KeyVault/vaults": {"audit", "allLogs"},
    "Microsoft.ContainerRegistry/registries": {"audit", "allLogs"},
    "Microsoft.CognitiveServices/accounts": {"audit", "allLogs"},
    "Microsoft.OperationalInsights/workspaces": {"audit", "allLogs"},
    "Microsoft.Storage/storageAccounts/blobServices": {"audit", "allLogs"},
    "Microsoft.Storage/storageAccounts/queueServices": {"audit", "allLogs"},
    "Microsoft.Storage/storageAccounts/tableServices": {"audit", "allLogs"},
    "Microsoft.ServiceBus/namespaces": {"audit", "allLogs"},
    "Microsoft.EventHub/namespaces": {"audit", "allLogs"},
    "Microsoft.EventGrid/systemTopics": {"allLogs"},
    "Microsoft.Web/sites": {"allLogs"},
}

# What the subnet of a Container Apps environment must reach, and tags that hold those addresses.
REQUIRED_OUTBOUND = {
    "MicrosoftContainerRegistry": {"MicrosoftContainerRegistry", "AzureCloud"},
    "AzureFrontDoor.FirstParty": {"AzureFrontDoor.FirstParty", "AzureFrontDoor"},
    "AzureActiveDirectory": {"AzureActiveDirectory", "AzureCloud"},
    "AzureMonitor": {"AzureMonitor", "AzureCloud"},
    "Storage": {"Storage", "AzureCloud"},
}
RESERVED_RANGES = (
    "169.254.0.0/16",
    "172.30.0.0/16",
    "172.31.0.0/16",
    "192.0.2.0/24",
    "100.100.0.0/17",
    "100.100.128.0/19",
    "100.100.160.0/19",
    "100.100.192.0/19",
)


def differences(what: str, found: Any, expected: Any) -> Iterator[str]:
    """One line when two values differ."""
    if found != expected:
        yield f"{what} is {found!r}, expected {expected!r}"


def wanted_apps(environment: Environment) -> dict[str, str]:
    """Azd service name of each container app by short name: the gateway and the services."""
    if environment.event_driven:
        return {}
    short = ["api-gateway", *environment.services]
    return {name: WORKLOADS[name] for name in short}


def container(app: Resource) -> dict[str, Any]:
    """The only container of an app."""
    (only,) = app.properties["template"]["containers"]
    found: dict[str, Any] = only
    return found


def exists(environment: Environment, service: str) -> bool:
    """Whether azd says that the container app of a service exists."""
    flag = f"SERVICE_{service.upper().replace('-', '_')}_RESOURCE_EXISTS"
    return environment.variables.get(flag) == "true"


# --- the whole ----------------------------------------------------------------------------------


@rule
def compiles_without_a_diagnostic(environment: Environment) -> Iterator[str]:
    yield from map(str, environment.evaluation.diagnostics)


@rule
def holds_these_resources_and_no_other(environment: Environment) -> Iterator[str]:
    accounts = len(environment.capabilities)
    prod = environment.kind == "prod"
    endpoints = expected_endpoints(environment)
    zones = {zone for _, _, zone in endpoints}
    private = environment.network == "private"
    expected = Counter(
        {
            "Microsoft.Resources/resourceGroups": 1,
            "Microsoft.OperationalInsights/workspaces": 1,
            "Microsoft.Insights/components": 1,
            "Microsoft.KeyVault/vaults": 1,
            "Microsoft.CognitiveServices/accounts": accounts,
            "Microsoft.CognitiveServices/accounts/deployments": int(
                "chat" in environment.capabilities
            ),
            "Microsoft.CognitiveServices/accounts/raiPolicies": int(
                "chat" in environment.capabilities
            ),
            "Microsoft.Authorization/roleAssignments": expected_roles(environment).total(),
            # Which ones: policies_follow_the_profile.
            "Microsoft.Authorization/policyAssignments": len(
                environment.all("Microsoft.Authorization/policyAssignments")
            ),
            "Microsoft.Network/virtualNetworks": int(environment.network != "none"),
            "Microsoft.Network/networkSecurityGroups": len(expected_subnets(environment)),
            "Microsoft.Network/natGateways": int(private),
            "Microsoft.Network/publicIPAddresses": int(private),
            "Microsoft.Network/privateEndpoints": len(endpoints),
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": len(endpoints),
            "Microsoft.Network/privateDnsZones": len(zones),
            "Microsoft.Network/privateDnsZones/virtualNetworkLinks": len(zones),
        }
    )
    if environment.event_driven:
        expected += Counter(
            {
                "Microsoft.ManagedIdentity/userAssignedIdentities": 1,
                "Microsoft.Storage/storageAccounts": 1,
                "Microsoft.Storage/storageAccounts/blobServices": 1,
                "Microsoft.Storage/storageAccounts/blobServices/containers": 4,
                "Microsoft.Storage/storageAccounts/queueServices": 1,
                "Microsoft.Storage/storageAccounts/tableServices": 1,
                "Microsoft.Storage/storageAccounts/tableServices/tables": 1,
                "Microsoft.Storage/storageAccounts/managementPolicies": 1,
                "Microsoft.ServiceBus/namespaces": 1,
                "Microsoft.ServiceBus/namespaces/networkRuleSets": int(prod or private),
                "Microsoft.ServiceBus/namespaces/queues": 2,
                "Microsoft.EventHub/namespaces": 1,
                "Microsoft.EventHub/namespaces/eventhubs": 1,
                "Microsoft.EventHub/namespaces/eventhubs/consumergroups": 1,
                "Microsoft.EventGrid/systemTopics": 1,
                "Microsoft.EventGrid/systemTopics/eventSubscriptions": 1,
                "Microsoft.Web/serverfarms": 1,
                "Microsoft.Web/sites": 1,
                "Microsoft.Web/sites/config": 1,
                "Microsoft.Web/sites/basicPublishingCredentialsPolicies": 2,
                "Microsoft.Insights/diagnosticSettings": accounts + 9,
            }
        )
    else:
        workloads = len(wanted_apps(environment))
        expected += Counter(
            {
                "Microsoft.ManagedIdentity/userAssignedIdentities": workloads,
                "Microsoft.ContainerRegistry/registries": 1,
                "Microsoft.App/managedEnvironments": 1,
                "Microsoft.App/containerApps": workloads,
                "Microsoft.Web/staticSites": 1,
                "Microsoft.Insights/diagnosticSettings": accounts + 4,
            }
        )
    expected += edge_resources(environment)
    found = Counter(resource.type for resource in environment.resources)
    yield from differences("resources", dict(found), dict(+expected))


@rule
def names_are_legal(environment: Environment) -> Iterator[str]:
    for resource in environment.resources:
        if resource.type == "Microsoft.Authorization/roleAssignments":
            continue  # role_assignments_are_named_by_what_they_grant
        if resource.type not in NAMES:
            yield f"no naming rule for {resource.type}"
            continue
        shortest, longest, pattern = NAMES[resource.type]
        name = resource.name.rpartition("/")[2]
        if not (shortest <= len(name) <= longest and re.fullmatch(pattern, name, re.ASCII)):
            yield f"{resource.type} cannot be named {name}"


@rule
def names_are_unique(environment: Environment) -> Iterator[str]:
    counted = Counter(resource.id.lower() for resource in environment.resources)
    yield from (f"{count} × {name}" for name, count in counted.items() if count > 1)


@rule
def api_versions_are_stable_and_one_a_type(environment: Environment) -> Iterator[str]:
    versions: dict[str, set[str]] = {}
    for resource in environment.resources:
        versions.setdefault(resource.type, set()).add(resource.api_version)
    for kind, used in versions.items():
        # The other versions of diagnosticSettings are older.
        preview = "preview" in "".join(used) and kind != "Microsoft.Insights/diagnosticSettings"
        if len(used) > 1 or preview:
            yield f"{kind}: {sorted(used)}"


@rule
def everything_is_where_it_belongs(environment: Environment) -> Iterator[str]:
    home = environment.variables["AZURE_LOCATION"]
    own = {
        kind: environment.variables.get(variable) or home
        for kind, _, _, variable in ACCOUNTS.values()
    }
    for resource in environment.resources:
        expected: str | None = home
        if resource.type in DEPENDENT:
            expected = None
        elif resource.type in GLOBAL:
            expected = "global"
        elif resource.type == "Microsoft.CognitiveServices/accounts":
            expected = own[resource.body["kind"]]
        elif resource.type == "Microsoft.Web/staticSites":
            near = table("regions")[environment.answers["location"]]["static_web_app"]
            expected = environment.variables.get("AZURE_STATIC_WEB_APP_LOCATION") or near
            if resource.location not in STATIC_WEB_APP_REGIONS:
                yield f"static web apps do not exist in {resource.location}"
        yield from differences(f"location of {resource.name}", resource.location, expected)


@rule
def tags_reach_everything(environment: Environment) -> Iterator[str]:
    wanted = {"cost-center": "ai", "owner": "it's us"}
    if environment.variables.get("AZURE_TAGS"):
        for resource in environment.resources:
            if resource.type not in DEPENDENT and not wanted.items() <= resource.tags.items():
                yield f"{resource.type} {resource.name} lacks the tags"


@rule
def azd_finds_the_group_and_each_service_once(environment: Environment) -> Iterator[str]:
    named = [resource for resource in environment.resources if "azd-env-name" in resource.tags]
    types = [resource.type for resource in named]
    yield from differences("azd-env-name is on", types, ["Microsoft.Resources/resourceGroups"])
    for resource in named:
        name = environment.variables["AZURE_ENV_NAME"]
        yield from differences("azd-env-name", resource.tags["azd-env-name"], name)
    hosts = dict.fromkeys(wanted_apps(environment).values(), "Microsoft.App/containerApps")
    if environment.event_driven:
        hosts["processor"] = "Microsoft.Web/sites"
    else:
        hosts["web"] = "Microsoft.Web/staticSites"
    found = sorted(
        (resource.tags["azd-service-name"], resource.type)
        for resource in environment.resources
        if "azd-service-name" in resource.tags
    )
    yield from differences("azd-service-name", found, sorted(hosts.items()))


@rule
def outputs_are_what_azd_and_its_users_expect(environment: Environment) -> Iterator[str]:
    outputs = environment.evaluation.outputs
    expected = {
        "AZURE_LOCATION",
        "AZURE_TENANT_ID",
        "AZURE_RESOURCE_GROUP",
        "AZURE_KEY_VAULT_NAME",
        "AZURE_KEY_VAULT_ENDPOINT",
    }
    if environment.event_driven:
        expected |= {
            "AZURE_STORAGE_ACCOUNT_NAME",
            "AZURE_SERVICE_BUS_NAMESPACE",
            "AZURE_SERVICE_BUS_TIER",
            "AZURE_EVENT_HUBS_NAMESPACE",
            "SERVICE_PROCESSOR_NAME",
            "SERVICE_PROCESSOR_URI",
        }
    else:
        expected |= {
            "AZURE_CONTAINER_REGISTRY_ENDPOINT",
            "AZURE_CONTAINER_APPS_ENVIRONMENT_DEFAULT_DOMAIN",
            "AZURE_CONTAINER_APPS_ENVIRONMENT_NETWORK",
            "SERVICE_WEB_NAME",
            "SERVICE_WEB_URI",
            "SERVICE_API_GATEWAY_URI",
        }
    edge = environment.answers.get("edge", "none")
    expected |= EDGE_OUTPUTS[edge]
    if edge == "front-door":
        # Where the hook approves the private link.
        host = "FUNCTION_APP" if environment.event_driven else "CONTAINER_APPS_ENVIRONMENT"
        expected.add(f"AZURE_{host}_ID")
    endpoints = {
        "chat": "AZURE_OPENAI_ENDPOINT",
        "vision": "AZURE_VISION_ENDPOINT",
        "text": "AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT",
    }
    expected |= {endpoints[service] for service in environment.capabilities}
    # What the hook assigns the app role to.
    gateway = "SERVICE_API_GATEWAY_IDENTITY_PRINCIPAL_ID"
    if not environment.event_driven and environment.answers["user_auth"] == "entra":
        expected.add(gateway)
        owners = map(
            environment.workload_of_identity.get, REFERENCE.findall(str(outputs.get(gateway)))
        )
        yield from differences(gateway, list(owners), ["api-gateway"])
    for service, app in environment.apps.items():
        output = f"SERVICE_{service.upper().replace('-', '_')}_NAME"
        expected.add(output)
        yield from differences(output, outputs.get(output), app.name)
    yield from differences("outputs", sorted(outputs), sorted(expected))
    literal = {
        "AZURE_LOCATION": environment.variables["AZURE_LOCATION"],
        "AZURE_RESOURCE_GROUP": environment.one("Microsoft.Resources/resourceGroups").name,
        "AZURE_KEY_VAULT_NAME": environment.one("Microsoft.KeyVault/vaults").name,
    }
    sources = {"AZURE_KEY_VAULT_ENDPOINT": "Microsoft.KeyVault/vaults"}
    if environment.event_driven:
        service_bus = environment.one("Microsoft.ServiceBus/namespaces")
        event_hubs = environment.one("Microsoft.EventHub/namespaces")
        literal |= {
            "AZURE_STORAGE_ACCOUNT_NAME": environment.one("Microsoft.Storage/storageAccounts").name,
            "AZURE_SERVICE_BUS_NAMESPACE": f"{service_bus.name}.servicebus.windows.net",
            "AZURE_SERVICE_BUS_TIER": service_bus.body["sku"]["name"],
            "AZURE_EVENT_HUBS_NAMESPACE": f"{event_hubs.name}.servicebus.windows.net",
            "SERVICE_PROCESSOR_NAME": environment.one("Microsoft.Web/sites").name,
        }
    else:
        networks = environment.all("Microsoft.Network/virtualNetworks")
        literal |= {
            "SERVICE_WEB_NAME": environment.one("Microsoft.Web/staticSites").name,
            "AZURE_CONTAINER_APPS_ENVIRONMENT_NETWORK": "virtual-network" if networks else "none",
        }
        sources["AZURE_CONTAINER_REGISTRY_ENDPOINT"] = "Microsoft.ContainerRegistry/registries"
    for name, value in literal.items():
        yield from differences(name, outputs.get(name), value)
    for name, kind in sources.items():
        value = str(outputs.get(name))
        yield from differences(
            f"source of {name}", REFERENCE.findall(value), [environment.one(kind).id]
        )


# --- secrets ------------------------------------------------------------------------------------


@rule
def no_key_is_ever_read(environment: Environment) -> Iterator[str]:
    for call in re.findall(r"\blist[A-Z]\w*\(", environment.compilation.template):
        yield f"the template calls {call}"


@rule
def no_secret_enters_or_leaves(environment: Environment) -> Iterator[str]:
    for part in ("parameters", "outputs"):
        for name, declared in environment.template[part].items():
            if str(declared.get("type", "")).lower().startswith("secure"):
                yield f"{part}: {name} is a secret"
    for app in environment.apps.values():
        configuration = app.properties["configuration"]
        if configuration.get("secrets"):
            yield f"{app.name} holds secrets"
    for secret in environment.all("Microsoft.KeyVault/vaults/secrets"):
        yield f"{secret.name} is written by the deployment"


@rule
def local_authentication_is_off(environment: Environment) -> Iterator[str]:
    for resource in environment.resources:
        if resource.type in KEYLESS:
            name, value = KEYLESS[resource.type]
            what = f"{resource.name} {name}"
            yield from differences(what, resource.properties.get(name), value)
        if resource.type == "Microsoft.OperationalInsights/workspaces":
            features = resource.properties.get("features", {})
            yield from differences(
                f"{resource.name} disableLocalAuth", features.get("disableLocalAuth"), True
            )
        if resource.type == "Microsoft.ContainerRegistry/registries":
            anonymous = resource.properties.get("anonymousPullEnabled", False)
            yield from differences(f"{resource.name} anonymous pull", anonymous, False)


@rule
def the_vault_is_protected(environment: Environment) -> Iterator[str]:
    vault = environment.one("Microsoft.KeyVault/vaults").properties
    prod = environment.kind == "prod"
    # The service refuses false.
    purge = vault.get("enablePurgeProtection")
    yield from differences("enablePurgeProtection", purge, True if prod else None)
    sku = environment.variables.get("AZURE_KEY_VAULT_SKU") or ("premium" if prod else "standard")
    yield from differences("vault SKU", vault["sku"], {"family": "A", "name": sku})
    yield from differences("softDeleteRetentionInDays", vault.get("softDeleteRetentionInDays"), 90)
    yield from differences("enableSoftDelete", vault.get("enableSoftDelete"), True)
    yield from differences("accessPolicies", vault.get("accessPolicies", []), [])


# --- identities and roles -----------------------------------------------------------------------


@rule
def each_workload_has_an_identity_of_its_own(environment: Environment) -> Iterator[str]:
    borne = []
    gateways = environment.all("Microsoft.Network/applicationGateways")
    for app in (*environment.apps.values(), *environment.all("Microsoft.Web/sites"), *gateways):
        identity = app.body.get("identity", {})
        yield from differences(f"identity of {app.name}", identity.get("type"), "UserAssigned")
        ids = list(identity.get("userAssignedIdentities", {}))
        if len(ids) != 1:
            yield f"{app.name} has {len(ids)} identities"
        borne += ids
    existing = [
        identity.id
        for identity in environment.all("Microsoft.ManagedIdentity/userAssignedIdentities")
    ]
    yield from differences("identities", sorted(borne), sorted(existing))


def expected_roles(environment: Environment) -> Counter[tuple[str, str, str]]:
    """Who has which role on which resource: all that a workload or a developer needs."""
    roles: Counter[tuple[str, str, str]] = Counter()
    for workload in wanted_apps(environment).values():
        roles[workload, "AcrPull", "registries"] += 1
        roles[workload, "Monitoring Metrics Publisher", "components"] += 1
    developer = environment.kind == "dev" and bool(environment.variables.get("AZURE_PRINCIPAL_ID"))
    for service in environment.capabilities:
        kind, _, role, _ = ACCOUNTS[service]
        caller = "processor" if environment.event_driven else WORKLOADS[service]
        roles[caller, role, f"accounts:{kind}"] += 1
        if developer:
            roles["developer", role, f"accounts:{kind}"] += 1
    if developer:
        roles["developer", "Key Vault Secrets Officer", "vaults"] += 1
    if environment.edge == "application-gateway":
        vault = environment.variables["AZURE_TLS_KEY_VAULT_ID"]
        secret = f"{vault}/secrets/{environment.variables['AZURE_TLS_SECRET_NAME']}"
        roles["application-gateway", "Key Vault Secrets User", secret] += 1
    if environment.event_driven:
        roles["processor", "Monitoring Metrics Publisher", "components"] += 1
        roles["processor", "Storage Blob Data Owner", "storageAccounts"] += 1
        roles["event-grid", "Azure Service Bus Data Sender", "queues:documents"] += 1
        roles["event-grid", "Storage Blob Data Contributor", "containers:undelivered-events"] += 1
        if developer:
            roles["developer", "Storage Blob Data Contributor", "storageAccounts"] += 1
        for user in ["processor", *["developer"] * developer]:
            roles[user, "Storage Table Data Contributor", "tables:documents"] += 1
            for way in ("Receiver", "Sender"):
                roles[user, f"Azure Event Hubs Data {way}", "eventhubs:ai-results"] += 1
                for queue in ("documents", "documents-rejected"):
                    roles[user, f"Azure Service Bus Data {way}", f"queues:{queue}"] += 1
    return roles


def edge_resources(environment: Environment) -> Counter[str]:
    """What an edge adds."""
    if environment.edge == "application-gateway":
        return Counter(
            {
                "Microsoft.ManagedIdentity/userAssignedIdentities": 1,
                "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies": 1,
                "Microsoft.Network/applicationGateways": 1,
                "Microsoft.Network/publicIPAddresses": 1,
                "Microsoft.Insights/diagnosticSettings": 1,
            }
        )
    if environment.edge == "front-door":
        page = not environment.event_driven
        return Counter(
            {
                "Microsoft.Cdn/profiles": 1,
                "Microsoft.Cdn/profiles/afdEndpoints": 1,
                "Microsoft.Cdn/profiles/afdEndpoints/routes": 3 if page else 1,
                "Microsoft.Cdn/profiles/customDomains": int(
                    bool(environment.variables.get("AZURE_CUSTOM_DOMAIN"))
                ),
                "Microsoft.Cdn/profiles/originGroups": 2 if page else 1,
                "Microsoft.Cdn/profiles/originGroups/origins": 2 if page else 1,
                "Microsoft.Cdn/profiles/securityPolicies": 1,
                "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies": 1,
                "Microsoft.Insights/diagnosticSettings": 1,
            }
        )
    return Counter()


def holder(environment: Environment, principal: str) -> str:
    """Who a principal id belongs to."""
    if principal == DEVELOPER:
        return "developer"
    referenced = REFERENCE.findall(principal)
    if len(referenced) == 1 and principal.endswith(".principalId]"):
        identity = str(referenced[0])
        if "/Microsoft.EventGrid/systemTopics/" in identity:
            return "event-grid"
        return environment.workload_of_identity.get(identity, identity)
    return principal


@rule
def roles_are_the_narrowest_and_no_more(environment: Environment) -> Iterator[str]:
    by_id = {resource.id: environment.label(resource) for resource in environment.resources}
    found: Counter[tuple[str, str, str]] = Counter()
    for assignment in environment.all("Microsoft.Authorization/roleAssignments"):
        definition = assignment.properties["roleDefinitionId"].rpartition("/")[2]
        found[
            holder(environment, assignment.properties["principalId"]),
            ROLE_NAMES.get(definition, definition),
            by_id.get(assignment.scope, assignment.scope),
        ] += 1
    expected = expected_roles(environment)
    yield from (f"too much: {row}" for row in (found - expected).elements())
    yield from (f"lacking: {row}" for row in (expected - found).elements())


@rule
def roles_are_on_one_resource(environment: Environment) -> Iterator[str]:
    for assignment in environment.all("Microsoft.Authorization/roleAssignments"):
        if "/providers/" not in assignment.scope:
            yield f"a role is granted on {assignment.scope}"


@rule
def roles_name_the_kind_of_their_principal(environment: Environment) -> Iterator[str]:
    for assignment in environment.all("Microsoft.Authorization/roleAssignments"):
        kind = "ServicePrincipal"
        if holder(environment, assignment.properties["principalId"]) == "developer":
            kind = environment.variables["AZURE_PRINCIPAL_TYPE"]
        found = assignment.properties.get("principalType")
        yield from differences(f"principalType on {assignment.scope}", found, kind)


@rule
def role_assignments_are_named_by_what_they_grant(environment: Environment) -> Iterator[str]:
    for assignment in environment.all("Microsoft.Authorization/roleAssignments"):
        scope, principal = assignment.scope, assignment.properties["principalId"]
        if holder(environment, principal) == "event-grid":
            # A resource's own identity is known too late for a name: the resource stands for it.
            principal = environment.one("Microsoft.EventGrid/systemTopics").id
        role = assignment.properties["roleDefinitionId"]
        if principal.startswith("["):
            expected = f"[guid('{scope}', {principal[1:-1]}, '{role}')]"
        else:
            expected = str(uuid.uuid5(ARM_GUID_NAMESPACE, f"{scope}-{principal}-{role}"))
        yield from differences("name of a role assignment", assignment.name, expected)


def deployments(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The modules of a template by symbolic name; by number where the compiler gives none."""
    resources = template["resources"]
    numbered = enumerate(resources) if isinstance(resources, list) else resources.items()
    return {
        str(name): resource
        for name, resource in numbered
        if resource["type"] == "Microsoft.Resources/deployments"
    }


def needs(modules: dict[str, dict[str, Any]], name: str) -> set[str]:
    """A module and all that it waits for."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found and current in modules:
            found.add(current)
            waiting += modules[current].get("dependsOn", [])
    return found


@rule
def images_can_be_pulled_before_an_app_exists(environment: Environment) -> Iterator[str]:
    modules = deployments(environment.template)
    pull = next(identifier for identifier, name in ROLE_NAMES.items() if name == "AcrPull")
    grants = {name for name, module in modules.items() if pull in str(module)}
    for name, module in modules.items():
        has_app = "'type': 'Microsoft.App/containerApps'" in str(module)
        if has_app and not grants & needs(modules, name):
            yield f"{name} does not wait for AcrPull"


# --- container apps -----------------------------------------------------------------------------


@rule
def apps_have_a_size_that_the_platform_offers(environment: Environment) -> Iterator[str]:
    for app in environment.apps.values():
        resources = container(app)["resources"]
        cpu = float(resources["cpu"])
        memory = re.fullmatch(r"(\d+(?:\.\d+)?)Gi", str(resources["memory"]))
        if not 0.25 <= cpu <= 4 or cpu % 0.25:
            yield f"{app.name}: {cpu} cores"
        if not memory or float(memory[1]) != 2 * cpu:
            yield f"{app.name}: {resources['memory']} for {cpu} cores"


@rule
def apps_are_as_large_as_answered(environment: Environment) -> Iterator[str]:
    for app in environment.apps.values():
        resources, scale = container(app)["resources"], app.properties["template"]["scale"]
        cpu = environment.variables.get("CONTAINER_CPU") or environment.size["cpu"]
        memory = environment.variables.get("CONTAINER_MEMORY") or environment.size["memory"]
        found = (resources["cpu"], float(resources["memory"].removesuffix("Gi")))
        wanted = (float(cpu), float(memory.removesuffix("Gi")))
        yield from differences(f"size of {app.name}", found, wanted)
        replicas = (scale["minReplicas"], scale["maxReplicas"])
        bounds = (environment.size["min_replicas"], environment.size["max_replicas"])
        yield from differences(f"replicas of {app.name}", replicas, bounds)


@rule
def apps_scale_within_bounds(environment: Environment) -> Iterator[str]:
    for app in environment.apps.values():
        scale = app.properties["template"]["scale"]
        lowest, highest = scale["minReplicas"], scale["maxReplicas"]
        if not 0 <= lowest <= highest <= 1000 or highest < 1:
            yield f"{app.name}: {lowest} to {highest} replicas"
        if environment.kind == "prod" and lowest < 2:
            yield f"{app.name}: one replica is in one zone only"
        if environment.kind == "dev" and lowest != 0:
            yield f"{app.name}: dev does not scale to zero"


@rule
def apps_scale_on_requests_and_in_prod_on_processors(environment: Environment) -> Iterator[str]:
    requests = str(environment.size["concurrent_requests"])
    for app in environment.apps.values():
        scale = app.properties["template"]["scale"]
        kinds = []
        for scaler in scale["rules"]:
            if "http" in scaler:
                kinds.append("http")
                found = scaler["http"]["metadata"].get("concurrentRequests")
                yield from differences(f"concurrentRequests of {app.name}", found, requests)
            else:
                kinds.append(scaler["custom"]["type"])
                metadata = scaler["custom"]["metadata"]
                yield from differences("scale on", metadata.get("type"), "Utilization")
                if not 1 <= int(metadata.get("value", 0)) <= 100:
                    yield f"{app.name} scales at {metadata.get('value')} %"
        # A CPU rule cannot scale to zero.
        expected = ["http", "cpu"] if environment.kind == "prod" else ["http"]
        yield from differences(f"scale rules of {app.name}", kinds, expected)
        if scale["minReplicas"] == 0 and "cpu" in kinds:
            yield f"{app.name}: its CPU rule cannot scale to zero"


@rule
def only_the_gateway_is_reachable(environment: Environment) -> Iterator[str]:
    for service, app in environment.apps.items():
        ingress = app.properties["configuration"]["ingress"]
        external = service == "api-gateway"
        yield from differences(f"external of {service}", ingress.get("external"), external)


@rule
def ingress_is_encrypted_and_on_the_port(environment: Environment) -> Iterator[str]:
    for service, app in environment.apps.items():
        configuration = app.properties["configuration"]
        ingress = configuration["ingress"]
        yield from differences(f"targetPort of {service}", ingress.get("targetPort"), PORT)
        yield from differences("allowInsecure", ingress.get("allowInsecure", False), False)
        mode = configuration.get("activeRevisionsMode", "Single")
        yield from differences(f"revisions of {service}", mode, "Single")


@rule
def images_are_pulled_by_identity(environment: Environment) -> Iterator[str]:
    for service, app in environment.apps.items():
        registry = environment.one("Microsoft.ContainerRegistry/registries")
        (source,) = app.properties["configuration"]["registries"]
        yield from differences("keys of a registry", sorted(source), ["identity", "server"])
        yield from differences("server", REFERENCE.findall(source["server"]), [registry.id])
        puller = environment.workload_of_identity.get(source.get("identity", ""))
        yield from differences(f"who pulls for {service}", puller, service)


@rule
def a_running_app_keeps_its_image(environment: Environment) -> Iterator[str]:
    for service, app in environment.apps.items():
        image = container(app)["image"]
        if exists(environment, service):
            yield from differences(f"image of {service}", REFERENCE.findall(image), [app.id])
            if "template.containers[0].image" not in image:
                yield f"{service} does not keep its image: {image}"
        elif not re.fullmatch(r"mcr\.microsoft\.com/[\w./-]+(:[\w.-]+)?", image):
            yield f"{service} starts with {image}, which needs no public placeholder"


def probes_of(environment: Environment, app: Resource) -> list[dict[str, Any]]:
    """The probes of an app; of one whose image only Azure knows, those of a deployed workload."""
    probes: Any = container(app).get("probes", [])
    found: list[dict[str, Any]] = probes if isinstance(probes, list) else []
    if isinstance(probes, str) and (name := re.search(r"variables\('(\w+)'\)\)\]$", probes)):
        for template in templates(environment.template):
            if name[1] in template.get("variables", {}):
                found = substituted(template["variables"][name[1]], template["variables"])
    return found


def templates(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A template and all templates of its modules."""
    yield template
    for module in deployments(template).values():
        yield from templates(module["properties"]["template"])


def substituted(value: Any, variables: dict[str, Any]) -> Any:
    """A value with its references to variables replaced."""
    if isinstance(value, list):
        return [substituted(item, variables) for item in value]
    if isinstance(value, dict):
        return {key: substituted(item, variables) for key, item in value.items()}
    if isinstance(value, str) and (name := re.fullmatch(r"\[variables\('(\w+)'\)\]", value)):
        return variables[name[1]]
    return value


@rule
def probes_suit_what_runs(environment: Environment) -> Iterator[str]:
    health = {
        "Startup": "/health/live",
        "Liveness": "/health/live",
        "Readiness": "/health/ready",
    }
    for service, app in environment.apps.items():
        probes = {probe["type"]: probe for probe in probes_of(environment, app)}
        if not {"Liveness", "Readiness"} <= set(probes) <= set(health):
            yield f"{service} has the probes {sorted(probes)}"
        for kind, probe in probes.items():
            way = "httpGet" if exists(environment, service) else "tcpSocket"
            if way not in probe:
                yield f"{kind} of {service} is no {way}"
                continue
            yield from differences(f"port of {kind} of {service}", probe[way].get("port"), PORT)
            if way == "httpGet":
                path = probe[way].get("path")
                yield from differences(f"path of {kind} of {service}", path, health.get(kind))
        if exists(environment, service) and "Startup" not in probes:
            yield f"{service} has no startup probe"


@rule
def probes_are_within_bounds(environment: Environment) -> Iterator[str]:
    bounds = {
        "initialDelaySeconds": (1, 60),
        "periodSeconds": (1, 240),
        "timeoutSeconds": (1, 240),
        "failureThreshold": (1, 10),
        "successThreshold": (1, 10),
    }
    for service, app in environment.apps.items():
        for probe in probes_of(environment, app):
            for name, (lowest, highest) in bounds.items():
                if not lowest <= probe.get(name, lowest) <= highest:
                    yield f"{name} of {service} is {probe[name]}"


@rule
def apps_are_told_what_they_read(environment: Environment) -> Iterator[str]:
    accounts = {
        account.body["kind"]: account.id
        for account in environment.all("Microsoft.CognitiveServices/accounts")
    }
    endpoint = {
        "chat-service": ("AZURE_OPENAI_ENDPOINT", "OpenAI"),
        "vision-service": ("AZURE_VISION_ENDPOINT", "ComputerVision"),
        "text-service": ("AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT", "FormRecognizer"),
    }
    insights = environment.one("Microsoft.Insights/components")
    for service, app in environment.apps.items():
        told = {entry["name"]: entry.get("value") for entry in container(app).get("env", [])}
        (identity,) = app.body["identity"]["userAssignedIdentities"]
        literal: dict[str, str] = {
            "ENVIRONMENT_TYPE": environment.kind,
            "OTEL_SERVICE_NAME": service,
            "API_CLIENT_ID": environment.variables["AZURE_API_CLIENT_ID"],
            "AZURE_TENANT_ID": TENANT_ID,
            "TOKEN_AUTHORITY": "[environment().authentication.loginEndpoint]",
        }
        sources = {
            "AZURE_CLIENT_ID": [identity],
            "APPLICATIONINSIGHTS_CONNECTION_STRING": [insights.id],
        }
        if service == "api-gateway":
            # users_see_one_address
            sources["ALLOWED_ORIGINS"] = REFERENCE.findall(str(told.get("ALLOWED_ORIGINS")))
            if environment.answers.get("edge") == "front-door":
                profiles = environment.all("Microsoft.Cdn/profiles")
                sources["FRONT_DOOR_ID"] = [profile.id for profile in profiles]
            signs_in = environment.answers["user_auth"] == "entra"
            literal["USER_AUTHENTICATION"] = "required" if signs_in else "none"
            for short in environment.services:
                callee = environment.apps[WORKLOADS[short]]
                sources[f"{short.upper()}_SERVICE_URL"] = [callee.id]
        else:
            name, kind = endpoint[service]
            sources[name] = [accounts[kind]]
            gateway = environment.apps["api-gateway"]
            sources["ALLOWED_CALLERS"] = list(gateway.body["identity"]["userAssignedIdentities"])
            if not str(told.get("ALLOWED_CALLERS")).endswith(".principalId]"):
                yield f"ALLOWED_CALLERS of {service} is {told.get('ALLOWED_CALLERS')}"
        if service == "chat-service":
            literal["AZURE_OPENAI_DEPLOYMENT"] = environment.answers["chat_model"]
        found = {name: told.get(name) for name in literal}
        yield from differences(f"variables of {service}", found, dict(literal))
        referenced = {name: REFERENCE.findall(str(told.get(name))) for name in sources}
        yield from differences(f"variables of {service}", referenced, sources)
        if not str(told.get("AZURE_CLIENT_ID")).endswith(".clientId]"):
            yield f"AZURE_CLIENT_ID of {service} is {told.get('AZURE_CLIENT_ID')}"
        names = sorted({*literal, *sources})
        yield from differences(f"variables of {service}", sorted(told), names)


@rule
def addresses_are_https(environment: Environment) -> Iterator[str]:
    for service, app in environment.apps.items():
        for entry in container(app).get("env", []):
            if entry["name"].endswith(("_URL", "_ORIGINS")) and "https://" not in entry["value"]:
                yield f"{entry['name']} of {service} is {entry['value']}"


@rule
def the_environment_suits_its_type(environment: Environment) -> Iterator[str]:
    if environment.event_driven:
        return
    networked = environment.network != "none"
    host = environment.one("Microsoft.App/managedEnvironments").properties
    profiles = [profile["workloadProfileType"] for profile in host.get("workloadProfiles", [])]
    yield from differences("workload profiles", profiles, ["Consumption"])
    destination = host.get("appLogsConfiguration", {}).get("destination")
    # The log-analytics destination needs the key of the workspace.
    yield from differences("destination of logs", destination, "azure-monitor")
    yield from differences("zoneRedundant", host.get("zoneRedundant", False), networked)
    network = host.get("vnetConfiguration") or {}
    yield from differences("in a virtual network", "infrastructureSubnetId" in network, networked)
    if network.get("internal"):
        yield "the gateway of an internal environment is unreachable"
    for app in environment.apps.values():
        profile = app.properties.get("workloadProfileName", "Consumption")
        yield from differences(f"workload profile of {app.name}", profile, "Consumption")


# --- network ------------------------------------------------------------------------------------


def subnets(environment: Environment) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and properties of each subnet."""
    for network in environment.all("Microsoft.Network/virtualNetworks"):
        for subnet in network.properties.get("subnets", []):
            yield f"{network.id}/subnets/{subnet['name']}", subnet["properties"]
    for subnet in environment.all("Microsoft.Network/virtualNetworks/subnets"):
        yield subnet.id, dict(subnet.properties)


def expected_subnets(environment: Environment) -> dict[str, tuple[int, list[str]]]:
    """The longest prefix of each subnet, and the services that it is delegated to."""
    # The documented minimum is a /27: ninety replicas of one service, or one function app.
    workloads = {"functions": 27} if environment.event_driven else {"container-apps": 23}
    found = {name: (size, ["Microsoft.App/environments"]) for name, size in workloads.items()}
    if environment.network == "private":
        found["private-endpoints"] = (28, [])
    if environment.answers.get("edge") == "application-gateway":
        found |= {"application-gateway": (24, []), "edge-endpoints": (28, [])}
    return found if environment.network != "none" else {}


@rule
def subnets_have_their_size_and_delegation(environment: Environment) -> Iterator[str]:
    found = {name.rpartition("/")[2]: properties for name, properties in subnets(environment)}
    expected = expected_subnets(environment)
    yield from differences("subnets", sorted(found), sorted(expected))
    for name in found.keys() & expected.keys():
        longest, delegated = expected[name]
        if ipaddress.ip_network(found[name]["addressPrefix"]).prefixlen > longest:
            yield f"{name} is smaller than a /{longest}"
        services = [
            delegation["properties"]["serviceName"]
            for delegation in found[name].get("delegations", [])
        ]
        yield from differences(f"delegations of {name}", services, delegated)


@rule
def workloads_are_in_a_subnet_of_theirs(environment: Environment) -> Iterator[str]:
    by_id = {name: name.rpartition("/")[2] for name, _ in subnets(environment)}
    for host in environment.all("Microsoft.App/managedEnvironments"):
        if wanted := (host.properties.get("vnetConfiguration") or {}).get("infrastructureSubnetId"):
            yield from differences(f"subnet of {host.name}", by_id.get(wanted), "container-apps")
    for site in environment.all("Microsoft.Web/sites"):
        subnet = by_id.get(site.properties.get("virtualNetworkSubnetId") or "")
        wanted = "functions" if environment.network == "private" else None
        yield from differences(f"subnet of {site.name}", subnet, wanted)
    for endpoint in environment.all("Microsoft.Network/privateEndpoints"):
        subnet = by_id.get(endpoint.properties["subnet"]["id"])
        edge = endpoint.name.startswith(("pep-environment-", "pep-processor-"))
        wanted = "edge-endpoints" if edge else "private-endpoints"
        yield from differences(f"subnet of {endpoint.name}", subnet, wanted)


@rule
def address_ranges_fit(environment: Environment) -> Iterator[str]:
    for network in environment.all("Microsoft.Network/virtualNetworks"):
        spaces = [
            ipaddress.IPv4Network(prefix)
            for prefix in network.properties["addressSpace"]["addressPrefixes"]
        ]
        wanted = environment.variables.get("AZURE_VNET_ADDRESS_PREFIX") or "10.10.0.0/16"
        yield from differences("address space", list(map(str, spaces)), [wanted])
        ranges = [
            ipaddress.IPv4Network(properties["addressPrefix"])
            for _, properties in subnets(environment)
        ]
        for one in ranges:
            if not any(one.subnet_of(space) for space in spaces):
                yield f"{one} is outside {spaces}"
            if sum(one.overlaps(other) for other in ranges) > 1:
                yield f"{one} overlaps another subnet"
            if any(one.overlaps(ipaddress.IPv4Network(taken)) for taken in RESERVED_RANGES):
                yield f"Container Apps uses {one} itself"


@rule
def every_subnet_has_a_security_group_of_its_own(environment: Environment) -> Iterator[str]:
    groups = {group.id for group in environment.all("Microsoft.Network/networkSecurityGroups")}
    used = [
        properties.get("networkSecurityGroup", {}).get("id")
        for _, properties in subnets(environment)
    ]
    for name, properties in subnets(environment):
        group = properties.get("networkSecurityGroup", {}).get("id")
        if group not in groups or used.count(group) > 1:
            yield f"{name} has no security group of its own"


@rule
def private_networks_have_one_way_out(environment: Environment) -> Iterator[str]:
    """NAT for workloads, none for endpoints, never the implicit way out."""
    gateways = {gateway.id for gateway in environment.all("Microsoft.Network/natGateways")}
    for name, properties in subnets(environment):
        implicit = properties.get("defaultOutboundAccess", True)
        yield from differences(f"default outbound access of {name}", implicit, False)
        gateway = properties.get("natGateway", {}).get("id")
        wanted = environment.network == "private" and "delegations" in properties
        if (gateway in gateways) != wanted:
            yield f"NAT gateway of {name} is {gateway}"
    for gateway in environment.all("Microsoft.Network/natGateways"):
        # StandardV2 is refused on delegated subnets.
        yield from differences("SKU of the NAT gateway", gateway.body["sku"]["name"], "Standard")
        addresses = {address["id"] for address in gateway.properties["publicIpAddresses"]}
        known = {address.id for address in environment.all("Microsoft.Network/publicIPAddresses")}
        if not addresses or not addresses <= known:
            yield f"addresses of the NAT gateway are {sorted(addresses)}"
    for address in environment.all("Microsoft.Network/publicIPAddresses"):
        found = (address.body["sku"]["name"], address.properties.get("publicIPAllocationMethod"))
        yield from differences(f"kind of {address.name}", found, ("Standard", "Static"))


def security_rules(
    environment: Environment,
) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Each subnet: its name, its properties, and the rules of its group in the order they apply."""
    groups = {
        group.id: group for group in environment.all("Microsoft.Network/networkSecurityGroups")
    }
    for name, properties in subnets(environment):
        if group := groups.get(properties.get("networkSecurityGroup", {}).get("id")):
            found = [
                entry["properties"] | {"name": entry["name"]}
                for entry in group.properties.get("securityRules", [])
            ]
            ordered = sorted(found, key=lambda entry: int(entry["priority"]))
            yield name.rpartition("/")[2], properties, ordered


def ports_of(entry: dict[str, Any]) -> set[str]:
    """The destination ports of a rule: numbers, ranges or `*`."""
    return set(entry.get("destinationPortRanges") or [entry.get("destinationPortRange")])


def covers(entry: dict[str, Any], port: str) -> bool:
    """Whether a rule names a port, or a range of ports, or all."""
    return bool({"*", port} & ports_of(entry))


@rule
def security_rules_have_priorities_of_their_own(environment: Environment) -> Iterator[str]:
    for subnet, _, entries in security_rules(environment):
        counted = Counter((entry["direction"], entry["priority"]) for entry in entries)
        yield from (f"{subnet}: {n} × {which}" for which, n in counted.items() if n > 1)
        for entry in entries:
            if not 100 <= entry["priority"] <= 4096:
                yield f"{entry['name']} has priority {entry['priority']}"


@rule
def security_rules_say_why(environment: Environment) -> Iterator[str]:
    for subnet, _, entries in security_rules(environment):
        for entry in entries:
            # Azure refuses more than 140 characters.
            if not 10 <= len(entry.get("description", "")) <= 140:
                yield f"{subnet}: {entry['name']} says {entry.get('description')!r}"


@rule
def security_rules_let_the_environment_work(environment: Environment) -> Iterator[str]:
    """Inbound clients, probes and its own subnet; outbound what the platform calls."""
    prefixes = {
        name.rpartition("/")[2]: properties["addressPrefix"]
        for name, properties in subnets(environment)
    }
    for name, properties, rules in security_rules(environment):
        if name != "container-apps":
            continue
        inside = {properties["addressPrefix"], "VirtualNetwork", "*"}
        needed = [
            ("Inbound", {"Internet", "*"}, inside, "443"),
            ("Inbound", {"AzureLoadBalancer", "*"}, inside, "30000-32767"),
            ("Inbound", inside, inside, "*"),
            ("Outbound", inside, inside, "*"),
            ("Outbound", inside, {"168.63.129.16", "AzurePlatformDNS", "*"}, "53"),
        ]
        needed += [
            ("Outbound", inside, tags | {"Internet", "*"}, "443")
            for tags in REQUIRED_OUTBOUND.values()
        ]
        if endpoints := prefixes.get("private-endpoints"):
            needed.append(("Outbound", inside, {endpoints, "VirtualNetwork", "*"}, "443"))
        yield from closed(rules, needed)


def closed(
    rules: list[dict[str, Any]], needed: list[tuple[str, set[str], set[str], str]]
) -> Iterator[str]:
    """What these rules deny of what is needed: direction, sources, destinations, port."""
    for direction, sources, destinations, port in needed:
        for entry in rules:
            if entry["direction"] != direction:
                continue
            if (
                entry["access"] == "Allow"
                and entry.get("sourceAddressPrefix") in sources
                and entry.get("destinationAddressPrefix") in destinations
                and covers(entry, port)
            ):
                break
            to_internet = entry.get("destinationAddressPrefix") == "Internet" and port == "443"
            everything = entry.get("destinationAddressPrefix") == "*" or to_internet
            if entry["access"] == "Deny" and everything:
                yield f"{entry['name']} closes {direction} to {sorted(destinations)}:{port}"
                break


class Traffic(NamedTuple):
    """What a security rule allows or denies; each field lists one or several values of Azure."""

    direction: str
    protocol: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    source_ports: tuple[str, ...] = ("*",)


def traffic(entry: dict[str, Any]) -> Traffic:
    """The traffic of a rule of the template; application security groups count as no address."""

    def values(name: str) -> tuple[str, ...]:
        return tuple(sorted({*entry.get(f"{name}s", []), *filter(None, [entry.get(name)])}))

    return Traffic(
        entry["direction"],
        entry["protocol"],
        values("sourceAddressPrefix"),
        values("destinationAddressPrefix"),
        values("destinationPortRange"),
        values("sourcePortRange"),
    )


def inbound(protocol: str, source: str, destination: str, *ports: str) -> Traffic:
    """Inbound traffic from any port."""
    return Traffic("Inbound", protocol, (source,), (destination,), tuple(sorted(ports)))


def outbound(protocol: str, source: str, destination: str, *ports: str) -> Traffic:
    """Outbound traffic from any port."""
    return Traffic("Outbound", protocol, (source,), (destination,), tuple(sorted(ports)))


def allowed_traffic(environment: Environment) -> dict[str, set[Traffic]]:
    """What the rules of each subnet allow."""
    prefixes = {
        name.rpartition("/")[2]: str(properties["addressPrefix"])
        for name, properties in subnets(environment)
    }
    endpoints = prefixes.get("private-endpoints")
    allowed: dict[str, set[Traffic]] = {}
    if apps := prefixes.get("container-apps"):
        allowed["container-apps"] = {
            inbound("Tcp", "Internet", apps, "443", "31443"),
            inbound("Tcp", "AzureLoadBalancer", apps, "30000-32767"),
            inbound("*", apps, apps, "*"),
            outbound("Tcp", apps, "AzureCloud", "443"),
            outbound("Tcp", apps, "AzureFrontDoor.FirstParty", "443"),
            outbound("Tcp", apps, "AzureActiveDirectory", "443"),
        }
        if endpoints:
            allowed["container-apps"] |= {
                outbound("Tcp", apps, endpoints, "443"),
                outbound("*", apps, apps, "*"),
                outbound("*", apps, "168.63.129.16", "53"),
            }
            allowed["private-endpoints"] = {inbound("Tcp", apps, endpoints, "443")}
    elif functions := prefixes.get("functions"):
        # 5671 is AMQP of Service Bus and Event Hubs.
        allowed["functions"] = {
            outbound("Tcp", functions, str(endpoints), "443", "5671"),
            # A build in Azure fetches its packages from their index.
            outbound("Tcp", functions, "Internet", "443"),
            outbound("*", functions, "168.63.129.16", "53"),
        }
        allowed["private-endpoints"] = {inbound("Tcp", functions, str(endpoints), "443", "5671")}
    if gateway := prefixes.get("application-gateway"):
        allowed["application-gateway"] = {
            inbound("Tcp", "Internet", gateway, "80", "443"),
            inbound("Tcp", "GatewayManager", "*", "65200-65535"),
            inbound("*", "AzureLoadBalancer", "*", "*"),
        }
        allowed["edge-endpoints"] = {inbound("Tcp", gateway, prefixes["edge-endpoints"], "443")}
    return allowed


@rule
def security_groups_allow_what_is_needed_and_nothing_else(
    environment: Environment,
) -> Iterator[str]:
    allowed = allowed_traffic(environment)
    for subnet, _, entries in security_rules(environment):
        found = {traffic(entry) for entry in entries if entry["access"] == "Allow"}
        expected = allowed.get(subnet, set())
        yield from (f"{subnet} lacks {one}" for one in sorted(expected - found))
        yield from (f"{subnet} allows {one}" for one in sorted(found - expected))


@rule
def security_groups_deny_the_rest(environment: Environment) -> Iterator[str]:
    everything = inbound("*", "*", "*", "*")
    for subnet, _, entries in security_rules(environment):
        # Azure refuses an application gateway that cannot reach the internet.
        expected = {everything}
        if subnet == "container-apps" and environment.network == "virtual-network":
            expected.add(outbound("*", "*", "Internet", "*"))
        elif subnet != "application-gateway":
            expected.add(everything._replace(direction="Outbound"))
        last = {entry["direction"]: entry for entry in entries}.values()
        found = {traffic(entry) for entry in last if entry["access"] == "Deny"}
        yield from (f"the last rule of {subnet} does not deny {one}" for one in expected - found)
        # An earlier refusal would take away what is allowed behind it.
        denied = {traffic(entry) for entry in entries if entry["access"] == "Deny"}
        yield from (f"{subnet} denies {one}" for one in sorted(denied - expected))


@rule
def security_groups_hold_for_private_endpoints(environment: Environment) -> Iterator[str]:
    for name, properties in subnets(environment):
        if name.endswith("-endpoints"):
            policies = properties.get("privateEndpointNetworkPolicies")
            yield from differences(name, policies, "NetworkSecurityGroupEnabled")


# --- private endpoints --------------------------------------------------------------------------

# Data services by type: the groups of their private endpoints and the zone of each.
PRIVATE_ZONES = {
    "Microsoft.KeyVault/vaults": {"vault": "privatelink.vaultcore.azure.net"},
    "Microsoft.CognitiveServices/accounts": {"account": "privatelink.cognitiveservices.azure.com"},
    "Microsoft.Storage/storageAccounts": {
        group: f"privatelink.{group}.core.windows.net" for group in ("blob", "queue", "table")
    },
    "Microsoft.ServiceBus/namespaces": {"namespace": "privatelink.servicebus.windows.net"},
    "Microsoft.EventHub/namespaces": {"namespace": "privatelink.servicebus.windows.net"},
}

# Types that may answer from the internet in a private network; the reasons are in the repository's
# docs/architecture.md.
PUBLIC_EXCEPTIONS = {"Microsoft.ContainerRegistry/registries", "Microsoft.Web/sites"}

# The tiers that a private endpoint needs, where not every tier has it.
PRIVATE_TIERS = {
    "Microsoft.ServiceBus/namespaces": {"Premium"},
    "Microsoft.EventHub/namespaces": {"Standard", "Premium"},
}


def expected_endpoints(environment: Environment) -> set[tuple[str, str, str]]:
    """Private endpoints: id of the resource, group, zone."""
    found = set()
    if environment.edge == "application-gateway" and environment.event_driven:
        app = environment.one("Microsoft.Web/sites")
        found.add((app.id, "sites", "privatelink.azurewebsites.net"))
    elif environment.edge == "application-gateway":
        host = environment.one("Microsoft.App/managedEnvironments")
        zone = f"privatelink.{host.location}.azurecontainerapps.io"
        found.add((host.id, "managedEnvironments", zone))
    if environment.network != "private":
        return found
    return found | {
        (
            resource.id,
            group,
            "privatelink.openai.azure.com" if resource.body.get("kind") == "OpenAI" else zone,
        )
        for resource in environment.resources
        for group, zone in PRIVATE_ZONES.get(resource.type, {}).items()
    }


@rule
def every_data_service_has_its_private_endpoints(environment: Environment) -> Iterator[str]:
    zones = {
        group.id.partition("/privateDnsZoneGroups/")[0]: [
            configuration["properties"]["privateDnsZoneId"].rpartition("/")[2]
            for configuration in group.properties["privateDnsZoneConfigs"]
        ]
        for group in environment.all("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    }
    found = set()
    for endpoint in environment.all("Microsoft.Network/privateEndpoints"):
        for connection in endpoint.properties["privateLinkServiceConnections"]:
            properties = connection["properties"]
            for group in properties["groupIds"]:
                for zone in zones.get(endpoint.id, [""]):
                    found.add((properties["privateLinkServiceId"], group, zone))
    expected = expected_endpoints(environment)
    yield from (f"too much: {row}" for row in sorted(found - expected))
    yield from (f"lacking: {row}" for row in sorted(expected - found))


@rule
def private_names_resolve_in_the_network(environment: Environment) -> Iterator[str]:
    networks = [network.id for network in environment.all("Microsoft.Network/virtualNetworks")]
    links = {
        link.id.partition("/virtualNetworkLinks/")[0]: link.properties
        for link in environment.all("Microsoft.Network/privateDnsZones/virtualNetworkLinks")
    }
    for zone in environment.all("Microsoft.Network/privateDnsZones"):
        link = links.get(zone.id, {})
        linked = [link.get("virtualNetwork", {}).get("id")]
        yield from differences(f"network of {zone.name}", linked, networks)
        registers = link.get("registrationEnabled", False)
        yield from differences(f"registration in {zone.name}", registers, False)


@rule
def public_access_is_off_in_a_private_network(environment: Environment) -> Iterator[str]:
    private = environment.network == "private"
    for resource in environment.resources:
        access = resource.properties.get("publicNetworkAccess")
        if resource.type in PRIVATE_ZONES:
            wanted = "Disabled" if private else "Enabled"
            yield from differences(f"public access of {resource.name}", access, wanted)
        elif resource.type in PUBLIC_EXCEPTIONS:
            yield from differences(f"public access of {resource.name}", access, "Enabled")
        if resource.type == "Microsoft.KeyVault/vaults":
            expected = {"bypass": "None", "defaultAction": "Deny" if private else "Allow"}
            acls = resource.properties.get("networkAcls")
            yield from differences(f"networkAcls of {resource.name}", acls, expected)


@rule
def private_services_have_the_tier_for_it(environment: Environment) -> Iterator[str]:
    for resource in environment.resources:
        tier = resource.body.get("sku", {}).get("name")
        allowed = PRIVATE_TIERS.get(resource.type)
        if environment.network == "private" and allowed and tier not in allowed:
            yield f"{resource.type} {tier} has no private endpoint"


def waits_for(environment: Environment, module: str) -> set[str]:
    """A module of the stamp and all that it waits for."""
    for template in templates(environment.template):
        if module in (modules := deployments(template)):
            return needs(modules, module)
    return set()


@rule
def endpoints_wait_for_models(environment: Environment) -> Iterator[str]:
    """An account refuses an endpoint while a model is being deployed in it."""
    models = environment.network == "private" and "chat" in environment.capabilities
    if models and "chatModelDeployment" not in waits_for(environment, "privateEndpoints"):
        yield "privateEndpoints does not wait for chatModelDeployment"


# --- AI services --------------------------------------------------------------------------------


@rule
def accounts_are_of_their_kind(environment: Environment) -> Iterator[str]:
    expected = sorted(ACCOUNTS[service][:2] for service in environment.capabilities)
    found = sorted(
        (account.body["kind"], account.body["sku"]["name"])
        for account in environment.all("Microsoft.CognitiveServices/accounts")
    )
    yield from differences("accounts", found, expected)


@rule
def accounts_have_a_subdomain(environment: Environment) -> Iterator[str]:
    for account in environment.all("Microsoft.CognitiveServices/accounts"):
        subdomain = account.properties.get("customSubDomainName")
        yield from differences(f"subdomain of {account.name}", subdomain, account.name)


@rule
def the_model_is_the_answered_one(environment: Environment) -> Iterator[str]:
    for deployment in environment.all("Microsoft.CognitiveServices/accounts/deployments"):
        model = environment.answers["chat_model"]
        expected = {"format": "OpenAI", "name": model, "version": table("models")[model]["version"]}
        yield from differences("model", deployment.properties["model"], expected)
        # A deployment cannot change its model: another model is another deployment.
        yield from differences("deployment", deployment.name.rpartition("/")[2], model)
        if "versionUpgradeOption" not in deployment.properties:
            yield "no versionUpgradeOption"


@rule
def prompts_stay_where_answered(environment: Environment) -> Iterator[str]:
    zone = environment.answers["data_residency"] == "data-zone"
    default = "DataZoneStandard" if zone else "GlobalStandard"
    chosen = environment.variables.get("AZURE_OPENAI_SKU") or "S0"
    for deployment in environment.all("Microsoft.CognitiveServices/accounts/deployments"):
        expected = default if chosen == "S0" else chosen
        yield from differences("SKU of the model", deployment.body["sku"]["name"], expected)
        capacity = (
            environment.variables.get("AZURE_OPENAI_CAPACITY") or environment.size["capacity"]
        )
        yield from differences("capacity", deployment.body["sku"]["capacity"], int(capacity))


@rule
def azd_asks_for_a_region_with_quota(environment: Environment) -> Iterator[str]:
    metadata = environment.template["parameters"]["location"].get("metadata", {}).get("azd", {})
    yield from differences("azd type of location", metadata.get("type"), "location")
    yield from differences("default", metadata.get("default"), environment.answers["location"])
    expected = None
    if "chat" in environment.capabilities:
        zone = environment.answers["data_residency"] == "data-zone"
        sku = "DataZoneStandard" if zone else "GlobalStandard"
        capacity = table("dev_sizes")[environment.answers["dev_size"]]["capacity"]
        expected = [f"OpenAI.{sku}.{environment.answers['chat_model']},{capacity}"]
    found = metadata.get("usageName")  # one, or a list
    found = [found] if isinstance(found, str) else found
    yield from differences("usageName", found, expected)


# --- monitoring, registry, page -----------------------------------------------------------------


@rule
def telemetry_goes_to_the_workspace(environment: Environment) -> Iterator[str]:
    workspace = environment.one("Microsoft.OperationalInsights/workspaces")
    insights = environment.one("Microsoft.Insights/components").properties
    yield from differences("workspace", insights.get("WorkspaceResourceId"), workspace.id)
    yield from differences("IngestionMode", insights.get("IngestionMode"), "LogAnalytics")
    days = 90 if environment.kind == "prod" else 30
    yield from differences("days of logs", workspace.properties.get("retentionInDays"), days)
    limit = workspace.properties.get("workspaceCapping", {}).get("dailyQuotaGb", -1)
    if (limit == -1) != (environment.kind == "prod"):
        yield f"daily limit of {environment.kind} is {limit} GB"


@rule
def logs_are_kept(environment: Environment) -> Iterator[str]:
    workspace = environment.one("Microsoft.OperationalInsights/workspaces").id
    settings = {
        setting.scope: setting.properties
        for setting in environment.all("Microsoft.Insights/diagnosticSettings")
    }
    for resource in environment.resources:
        if resource.type not in LOGGED:
            continue
        setting = settings.pop(resource.id, {})
        groups = {log.get("categoryGroup") for log in setting.get("logs", []) if log.get("enabled")}
        if not groups & LOGGED[resource.type]:
            yield f"{resource.name} sends {groups or 'no logs'}"
        yield from differences("workspace", setting.get("workspaceId"), workspace)
    yield from (f"{scope} sends logs that nobody asked for" for scope in settings)


@rule
def the_registry_suits_its_type(environment: Environment) -> Iterator[str]:
    expected = "Standard" if environment.kind == "prod" else "Basic"
    for registry in environment.all("Microsoft.ContainerRegistry/registries"):
        yield from differences("registry", registry.body["sku"]["name"], expected)


@rule
def the_page_suits_its_type(environment: Environment) -> Iterator[str]:
    closed = environment.kind == "prod" or environment.edge != "none"
    expected = "Standard" if closed else "Free"
    for page in environment.all("Microsoft.Web/staticSites"):
        yield from differences("static web app", page.body["sku"].get("name"), expected)
        # A preview has an address of its own, past the edge.
        previews = page.properties.get("stagingEnvironmentPolicy")
        yield from differences("previews", previews, "Disabled")
    # A linked backend switches authentication on at the gateway.
    for backend in environment.all("Microsoft.Web/staticSites/linkedBackends"):
        yield f"{backend.name} is linked"


@rule
def the_template_is_far_from_its_limit(environment: Environment) -> Iterator[str]:
    size = len(environment.compilation.template.encode())
    if size > 400_000:
        yield f"{size / 1000:.0f} kB of ARM JSON (limit of the project: 400 kB, of Azure: 4 MB)"
