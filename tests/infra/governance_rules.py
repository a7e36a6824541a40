"""Rules of governance: content filter, policies, residency, and what docs/reference says."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from azd_ai_scaffold.evaluation import Resource
from tests.evaluated import Environment, table
from tests.infra.rules import (
    DEPENDENT,
    LOGGED,
    ROLE_NAMES,
    deployments,
    differences,
    holder,
    rule,
)

ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"

# --- content filter -----------------------------------------------------------------------------

FILTERS = {
    *((harm, way) for harm in ("Hate", "Selfharm", "Sexual", "Violence") for way in ("in", "out")),
    ("Jailbreak", "in"),
    ("Indirect Attack", "in"),
    ("Protected Material Text", "out"),
    ("Protected Material Code", "out"),
}


@rule
def models_block_harm_attacks_and_works_of_others(environment: Environment) -> Iterator[str]:
    policies = environment.all("Microsoft.CognitiveServices/accounts/raiPolicies")
    for deployment in environment.all("Microsoft.CognitiveServices/accounts/deployments"):
        account = deployment.name.partition("/")[0]
        name = f"{account}/{deployment.properties.get('raiPolicyName')}"
        used = [policy for policy in policies if policy.name == name]
        if len(used) != 1:
            yield f"{deployment.name} has {len(used)} content filters"
        for policy in used:
            blocked = {
                (entry["name"], {"Prompt": "in", "Completion": "out"}[entry["source"]])
                for entry in policy.properties["contentFilters"]
                if entry["enabled"]
                and entry["blocking"]
                # The higher the threshold, the more passes.
                and entry.get("severityThreshold", "Medium") in ("Low", "Medium")
            }
            yield from differences("filters", sorted(blocked), sorted(FILTERS))
            found = {name: policy.properties.get(name) for name in ("mode", "basePolicyName")}
            expected = {"mode": "Blocking", "basePolicyName": "Microsoft.DefaultV2"}
            yield from differences("content filter", found, expected)


# --- policies -----------------------------------------------------------------------------------

Refuses = Callable[[Resource, Mapping[str, Any]], bool]


def at(resource: Resource, path: str) -> Any:
    """A property by its path, such as `features.disableLocalAuth`; None where it is absent."""
    found: Any = resource.properties
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def unless(kind: str, path: str, value: object) -> Refuses:
    """Refuses a resource of a type whose property is absent or has another value."""
    return lambda resource, _: resource.type == kind and at(resource, path) != value


def when(kind: str, path: str, value: object) -> Refuses:
    """Refuses a resource of a type whose property has a value."""
    return lambda resource, _: resource.type == kind and at(resource, path) == value


def unless_restricted(resource: Resource, _: Mapping[str, Any]) -> bool:
    """Refuses an AI account that the internet reaches."""
    return (
        resource.type == "Microsoft.CognitiveServices/accounts"
        and at(resource, "publicNetworkAccess") != "Disabled"
        and at(resource, "networkAcls.defaultAction") != "Deny"
    )


def unless_closed(namespaces: str) -> Refuses:
    """Refuses a namespace, or its rule set, that the internet reaches."""
    kinds = (namespaces, f"{namespaces}/networkRuleSets")
    return lambda resource, _: (
        resource.type in kinds and at(resource, "publicNetworkAccess") != "Disabled"
    )


def outside(resource: Resource, parameters: Mapping[str, Any]) -> bool:
    """Refuses a resource in another region."""
    allowed = [*parameters["listOfAllowedLocations"]["value"], "global", None]
    return resource.type != "Microsoft.Resources/resourceGroups" and (
        resource.location not in allowed
    )


# What each built-in definition refuses, from Azure's repository of policies of April 2026.
DEFINITIONS: dict[str, tuple[str, Refuses]] = {
    "71ef260a-8f18-47b7-abcb-62d0673d94dc": (
        "ai-services-without-keys",
        unless("Microsoft.CognitiveServices/accounts", "disableLocalAuth", True),
    ),
    "037eea7a-bd0a-46c5-9a66-03aea78705d3": ("ai-services-private", unless_restricted),
    "e56962a6-4747-49cd-b67b-bf8b01975c4c": ("allowed-locations", outside),
    "12d4fa5e-1f9f-4c21-97a9-b99b3c6611b5": (
        "key-vault-with-roles",
        unless("Microsoft.KeyVault/vaults", "enableRbacAuthorization", True),
    ),
    "0b60c0b2-2dc2-4e1c-b5c9-abbed971de53": (
        "key-vault-with-purge-protection",
        unless("Microsoft.KeyVault/vaults", "enablePurgeProtection", True),
    ),
    "405c5871-3e91-4644-8a63-58e19d68ff5b": (
        "key-vault-private",
        unless("Microsoft.KeyVault/vaults", "publicNetworkAccess", "Disabled"),
    ),
    "199d5677-e4d9-4264-9465-efe1839c06bd": (
        "telemetry-without-keys",
        unless("Microsoft.Insights/components", "DisableLocalAuth", True),
    ),
    "e15effd4-2278-4c65-a0da-4d6f6d1890e2": (
        "logs-without-keys",
        unless("Microsoft.OperationalInsights/workspaces", "features.disableLocalAuth", True),
    ),
    "dc921057-6b28-4fbe-9b83-f7bec05db6c2": (
        "registry-without-administrator",
        when("Microsoft.ContainerRegistry/registries", "adminUserEnabled", True),
    ),
    "9f2dea28-e834-476c-99c5-3507b4728395": (
        "registry-without-strangers",
        when("Microsoft.ContainerRegistry/registries", "anonymousPullEnabled", True),
    ),
    "0e80e269-43a4-4ae9-b5bc-178126b8a5cb": (
        "container-apps-over-tls",
        when("Microsoft.App/containerApps", "configuration.ingress.allowInsecure", True),
    ),
    "679da822-78a7-4eff-8fff-a899454a9970": (
        "front-door-with-newest-tls",
        unless("Microsoft.Cdn/profiles/customDomains", "tlsSettings.minimumTlsVersion", "TLS12"),
    ),
    "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54": (
        "storage-without-keys",
        unless("Microsoft.Storage/storageAccounts", "allowSharedKeyAccess", False),
    ),
    "404c3081-a854-4457-ae30-26a93ef643f9": (
        "storage-over-tls",
        when("Microsoft.Storage/storageAccounts", "supportsHttpsTrafficOnly", False),
    ),
    "fe83a0eb-a853-422d-aac2-1bffd182c5d0": (
        "storage-with-newest-tls",
        unless("Microsoft.Storage/storageAccounts", "minimumTlsVersion", "TLS1_2"),
    ),
    "b2982f36-99f2-4db5-8eff-283140c09693": (
        "storage-private",
        unless("Microsoft.Storage/storageAccounts", "publicNetworkAccess", "Disabled"),
    ),
    "cfb11c26-f069-4c14-8e36-56c394dae5af": (
        "service-bus-without-keys",
        unless("Microsoft.ServiceBus/namespaces", "disableLocalAuth", True),
    ),
    "cbd11fd3-3002-4907-b6c8-579f0e700e13": (
        "service-bus-private",
        unless_closed("Microsoft.ServiceBus/namespaces"),
    ),
    "5d4e3c65-4873-47be-94f3-6f8b953a3598": (
        "event-hubs-without-keys",
        unless("Microsoft.EventHub/namespaces", "disableLocalAuth", True),
    ),
    "0602787f-9896-402a-a6e1-39ee63ee435e": (
        "event-hubs-private",
        unless_closed("Microsoft.EventHub/namespaces"),
    ),
    "6d555dd1-86f2-4f1c-8ed7-5abae7c6cbab": (
        "function-apps-over-tls",
        unless("Microsoft.Web/sites", "httpsOnly", True),
    ),
}


def expected_policies(environment: Environment) -> set[str]:
    """Names of the policies that follow from the answers and the profile."""
    prefixes = ["ai-services", "key-vault", "telemetry", "logs"]
    if environment.event_driven:
        prefixes += ["storage", "service-bus", "event-hubs", "function-apps"]
    else:
        prefixes += ["registry", "container-apps"]
    if environment.answers.get("edge") == "front-door":
        prefixes.append("front-door")
    names = {name for name, _ in DEFINITIONS.values() if name.startswith(tuple(prefixes))}
    if environment.network != "private":
        names = {name for name in names if not name.endswith("-private")}
    if environment.kind == "dev":
        names.remove("key-vault-with-purge-protection")
    return names | {"allowed-locations"}


@rule
def policies_follow_the_profile(environment: Environment) -> Iterator[str]:
    default = "Deny" if environment.kind == "prod" else "Audit"
    effect = environment.variables.get("AZURE_POLICY_EFFECT") or default
    found = set()
    for assignment in environment.all(ASSIGNMENTS):
        definition = assignment.properties["policyDefinitionId"].rpartition("/")[2]
        known = DEFINITIONS.get(definition, (definition,))[0]
        yield from differences("definition", known, assignment.name)
        parameters = assignment.properties["parameters"]
        yield from differences(f"effect of {known}", parameters["effect"]["value"], effect)
        mode = assignment.properties.get("enforcementMode", "Default")
        yield from differences(f"enforcement of {known}", mode, "Default")
        found.add(assignment.name)
    yield from differences("policies", sorted(found), sorted(expected_policies(environment)))


@rule
def policies_refuse_nothing_of_the_repository(environment: Environment) -> Iterator[str]:
    for assignment in environment.all(ASSIGNMENTS):
        definition = assignment.properties["policyDefinitionId"].rpartition("/")[2]
        _, refuses = DEFINITIONS.get(definition, ("", lambda *_: False))
        for resource in environment.resources:
            if refuses(resource, assignment.properties["parameters"]):
                yield f"{assignment.name} refuses {resource.type} {resource.name}"


@rule
def policies_allow_no_other_region(environment: Environment) -> Iterator[str]:
    used = {resource.location for resource in environment.resources} - {"global", None}
    (assignment,) = [one for one in environment.all(ASSIGNMENTS) if one.name == "allowed-locations"]
    allowed = assignment.properties["parameters"]["listOfAllowedLocations"]["value"]
    yield from differences("allowed locations", sorted(allowed), sorted(map(str, used)))


@rule
def policies_come_before_what_they_judge(environment: Environment) -> Iterator[str]:
    """A change of both a region and the policy of regions must bring the policy first."""
    modules = deployments(environment.template)
    shared = modules["shared"]["properties"]["template"]
    if "policyAssignments" not in deployments(shared):
        yield "the policies are not with what every region waits for"
    waits = modules["stamp"].get("dependsOn", [])
    if "shared" not in waits:
        yield "the stamp does not wait for the policies"


# --- logs ---------------------------------------------------------------------------------------

# Types that have logs which nobody takes, and why.
UNLOGGED = {
    "Microsoft.Insights/components": "its logs are the telemetry, which is in the workspace",
    "Microsoft.Network/publicIPAddresses": "logs of DDoS Protection, which is not ordered",
    "Microsoft.Network/virtualNetworks": "logs of DDoS Protection, which is not ordered",
    "Microsoft.Network/networkSecurityGroups": "counters of rules, no audit log",
}

# Types that write no logs of their own.
WITHOUT_LOGS = {
    "Microsoft.App/containerApps",  # its environment does
    "Microsoft.Cdn/profiles/afdEndpoints",
    "Microsoft.ManagedIdentity/userAssignedIdentities",  # the sign-ins are in Entra ID
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
    "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Storage/storageAccounts",  # its services do
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/staticSites",
}


@rule
def every_type_is_logged_or_says_why_not(environment: Environment) -> Iterator[str]:
    for kind in sorted({resource.type for resource in environment.resources} - DEPENDENT):
        if kind not in LOGGED and kind not in UNLOGGED and kind not in WITHOUT_LOGS:
            yield f"does {kind} have logs?"


# --- residency ----------------------------------------------------------------------------------

# Types that live in no region, and why they hold nothing that must stay in one.
WORLDWIDE = {
    "Microsoft.Network/privateDnsZones": "names and private addresses",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "the id of a network",
    "Microsoft.Cdn/profiles": "passes requests on, keeps assets of the page alone",
    "Microsoft.Cdn/profiles/afdEndpoints": "part of Front Door",
    "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies": "part of Front Door",
}

# Each service that may live elsewhere, only because its variable says so or its region is given.
ELSEWHERE = {
    ("Microsoft.CognitiveServices/accounts", "OpenAI"): "AZURE_OPENAI_LOCATION",
    ("Microsoft.CognitiveServices/accounts", "ComputerVision"): "AZURE_VISION_LOCATION",
    (
        "Microsoft.CognitiveServices/accounts",
        "FormRecognizer",
    ): "AZURE_DOCUMENT_INTELLIGENCE_LOCATION",
}


@rule
def everything_stays_where_answered(environment: Environment) -> Iterator[str]:
    home = environment.variables["AZURE_LOCATION"]
    for resource in environment.resources:
        if resource.type in DEPENDENT or resource.type == "Microsoft.Web/staticSites":
            continue  # part of another; the page's files are public
        if resource.location == "global":
            if resource.type not in WORLDWIDE:
                yield f"{resource.type} lives in no region"
            continue
        variable = ELSEWHERE.get((resource.type, str(resource.body.get("kind"))), "")
        chosen = environment.variables.get(variable) or home
        yield from differences(f"region of {resource.name}", resource.location, chosen)


@rule
def nothing_leaves_the_data_zone(environment: Environment) -> Iterator[str]:
    allowed: list[str] | None = None
    in_zone = environment.answers.get("data_residency") == "data-zone"
    if in_zone and "chat" in environment.capabilities:
        zones = {name: region["data_zone"] for name, region in table("regions").items()}
        zone = zones[environment.answers["location"]]
        allowed = sorted(name for name in zones if zones[name] == zone)
        for resource in environment.resources:
            public = resource.type == "Microsoft.Web/staticSites"
            if not public and resource.location not in [*allowed, "global", None]:
                yield f"{resource.name} is outside of {zone}: {resource.location}"
    definitions = environment.template["definitions"]
    location = environment.template["parameters"]["location"]
    for name, parameter in {
        "everything": location,
        **definitions["serviceRegions"]["properties"],
    }.items():
        definition = definitions.get(parameter.get("$ref", "").rpartition("/")[2], parameter)
        accepted = definition.get("allowedValues")
        if name != "staticWebApp":
            found = accepted and sorted({*accepted} - {""})
            yield from differences(f"regions that {name} may have", found, allowed)


@rule
def nothing_is_copied_to_another_region(environment: Environment) -> Iterator[str]:
    for resource in environment.resources:
        sku = str(resource.body.get("sku", {}).get("name"))
        if resource.type == "Microsoft.Storage/storageAccounts":
            if sku not in ("Standard_LRS", "Standard_ZRS"):
                yield f"{resource.name} is copied: {sku}"
            if at(resource, "allowCrossTenantReplication") is not False:
                yield f"{resource.name} may be copied to another tenant"
        for path in ("geoDataReplication", "replication", "locations", "alternateName"):
            if at(resource, path):
                yield f"{resource.type} {resource.name} has {path}"
        if resource.type.endswith("/replications"):
            yield f"{resource.name} is a copy"


@rule
def prompts_stay_in_the_zone(environment: Environment) -> Iterator[str]:
    allowed = {"DataZoneStandard", "Standard"}
    if environment.answers.get("data_residency") == "global":
        allowed.add("GlobalStandard")
    for deployment in environment.all("Microsoft.CognitiveServices/accounts/deployments"):
        if deployment.body["sku"]["name"] not in allowed:
            yield f"{deployment.name} is processed as {deployment.body['sku']['name']}"


# --- what the repository says of itself ---------------------------------------------------------

TITLES = {
    "Microsoft.ContainerRegistry/registries": "container registry",
    "Microsoft.KeyVault/vaults": "key vault",
    "Microsoft.Insights/components": "Application Insights",
    "Microsoft.OperationalInsights/workspaces": "Log Analytics",
    "Microsoft.Storage/storageAccounts": "storage account",
    "Microsoft.ServiceBus/namespaces": "Service Bus namespace",
    "Microsoft.EventHub/namespaces": "Event Hubs namespace",
    "Microsoft.Web/sites": "function app",
    "Microsoft.Web/staticSites": "web",
    "Microsoft.Network/applicationGateways": "application gateway",
    "Microsoft.Cdn/profiles/afdEndpoints": "Front Door",
    "accounts:OpenAI": "Azure OpenAI account",
    "accounts:ComputerVision": "Azure AI Vision account",
    "accounts:FormRecognizer": "Document Intelligence account",
    "developer": "who deploys",
    "event-grid": "Event Grid topic",
    "application-gateway": "application gateway",
    "processor": "function app",
}
PARTS = {"queues": "queue", "eventhubs": "event hub", "tables": "table", "containers": "container"}


def title(environment: Environment, resource: Resource) -> str:
    """What the documentation calls a resource."""
    label = environment.label(resource)
    kind, _, which = label.partition(":")
    if kind in PARTS:
        return f"{PARTS[kind]} `{which}`"
    if resource.type == "Microsoft.App/containerApps":
        return which
    return TITLES.get(resource.type) or TITLES.get(label) or label


def rows(environment: Environment, page: str) -> Iterator[list[str]]:
    """The rows of the table of a page of docs/reference that are about an environment.

    The column `In` says where a row holds: `dev`, `prod` or both, and whether the edge is on.
    """
    text = (environment.repository / "docs/reference" / page).read_text()
    lines = [line for line in text.splitlines() if line.startswith("|")]
    header, _, *table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    place = header.index("In")
    for cells in table:
        where = cells.pop(place)
        assert re.fullmatch(r"(dev|prod|dev, prod)( with| without)?( the edge)?", where), where
        assert all(cells), f"{page}: {cells} gives no reason"
        edge = environment.edge != "none"
        if environment.kind in where and not (
            ("without the edge" in where and edge) or ("with the edge" in where and not edge)
        ):
            yield cells


def compared(page: str, found: Counter[str], told: Counter[str]) -> Iterator[str]:
    """What a page lacks, and what it says of nothing."""
    yield from (f"docs/reference/{page} lacks {row}" for row in (found - told).elements())
    yield from (f"docs/reference/{page} is stale: {row}" for row in (told - found).elements())


@rule
def the_table_of_roles_is_true(environment: Environment) -> Iterator[str]:
    titles = {resource.id: title(environment, resource) for resource in environment.resources}
    found: Counter[str] = Counter()
    for assignment in environment.all("Microsoft.Authorization/roleAssignments"):
        who = holder(environment, assignment.properties["principalId"])
        role = assignment.properties["roleDefinitionId"].rpartition("/")[2]
        outside = "certificate of another key vault" if "/secrets/" in assignment.scope else None
        what = titles.get(assignment.scope) or outside or assignment.scope
        found[f"{TITLES.get(who, who)}: {ROLE_NAMES.get(role, role)} on {what}"] += 1
    signed_in = bool(environment.variables.get("AZURE_PRINCIPAL_ID"))
    told = Counter(
        f"{who}: {role} on {what}"
        for who, role, what, _ in rows(environment, "roles.md")
        if signed_in or who != "who deploys"
    )
    yield from compared("roles.md", found, told)


# Types that have no address of their own, or one that others answer at.
WITHOUT_ADDRESS = {
    "Microsoft.Resources/resourceGroups",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.App/managedEnvironments",  # its apps answer
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/natGateways",  # only goes out
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
    "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
    "Microsoft.Cdn/profiles",  # its endpoints answer
    "Microsoft.EventGrid/systemTopics",  # takes events from its source alone
    "Microsoft.Web/serverfarms",
    ASSIGNMENTS,
}


def answers_the_internet(environment: Environment, resource: Resource) -> bool | None:
    """Whether strangers reach an address of a resource; None where nobody has thought about it."""
    if resource.type == "Microsoft.App/containerApps":
        host = environment.one("Microsoft.App/managedEnvironments")
        ingress = at(resource, "configuration.ingress.external")
        return bool(ingress) and at(host, "publicNetworkAccess") != "Disabled"
    if resource.type == "Microsoft.Network/publicIPAddresses":
        users = [*environment.all("Microsoft.Network/natGateways")]
        users += environment.all("Microsoft.Network/applicationGateways")
        return not any(resource.id in str(user.body) for user in users)  # told by its user
    if resource.type in (
        "Microsoft.Insights/components",
        "Microsoft.OperationalInsights/workspaces",
    ):
        ways = ("publicNetworkAccessForIngestion", "publicNetworkAccessForQuery")
        return any(at(resource, way) != "Disabled" for way in ways)
    if resource.type in ("Microsoft.Cdn/profiles/afdEndpoints", "Microsoft.Web/staticSites"):
        return True
    if resource.type == "Microsoft.Network/applicationGateways":
        return "publicIPAddress" in str(at(resource, "frontendIPConfigurations"))
    if resource.type in WITHOUT_ADDRESS or resource.type in DEPENDENT:
        return False
    if resource.type in TITLES or environment.label(resource) in TITLES:
        return bool(at(resource, "publicNetworkAccess") != "Disabled")
    return None


def lets_trusted_services_in(environment: Environment, resource: Resource) -> bool:
    """Whether some services of Azure reach a resource that the internet does not reach."""
    rules = environment.all(f"{resource.type}/networkRuleSets")
    return at(resource, "networkAcls.bypass") == "AzureServices" or any(
        at(one, "trustedServiceAccessEnabled") for one in rules if one.id.startswith(resource.id)
    )


@rule
def the_table_of_what_is_open_is_true(environment: Environment) -> Iterator[str]:
    found: Counter[str] = Counter()
    for resource in environment.resources:
        answers = answers_the_internet(environment, resource)
        if answers is None:
            yield f"does the internet reach {resource.type}?"
        if answers:
            found[title(environment, resource)] += 1
        elif lets_trusted_services_in(environment, resource):
            found[f"{title(environment, resource)} (trusted services)"] += 1
    told = Counter(
        f"{what} (trusted services)" if who.startswith("trusted services") else what
        for what, who, _ in rows(environment, "internet.md")
    )
    yield from compared("internet.md", found, told)
