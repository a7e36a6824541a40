"""Rules of the edge: what stands between the internet and the apps, and that nothing passes by."""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from azd_ai_scaffold.evaluation import Resource
from tests.evaluated import Environment, table
from tests.infra.rules import REFERENCE, container, differences, rule, subnets

GATEWAYS = "Microsoft.Network/applicationGateways"
GATEWAY_FIREWALLS = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
PROFILES = "Microsoft.Cdn/profiles"
SITES = "Microsoft.Web/sites"
FRONT_DOOR_FIREWALLS = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"

# Where Front Door has private links (Microsoft's table of 2026).
PRIVATE_LINK_REGIONS = {
    *("brazilsouth", "canadacentral", "centralus", "eastus", "eastus2", "southcentralus"),
    *("westus2", "westus3", "francecentral", "germanywestcentral", "northeurope", "norwayeast"),
    *("swedencentral", "uksouth", "westeurope", "southafricanorth", "uaenorth", "australiaeast"),
    *("centralindia", "eastasia", "japaneast", "koreacentral", "southeastasia"),
}

# Longest time of a request in the settings of a workload (`le` of request_timeout_seconds).
REQUEST_SECONDS = 230
# Calls of the API that one address may make before the firewall blocks it.
CALLS_A_MINUTE = 300

# Rules of the firewall that take a prompt about code for an attack.
MISREADING = {"930120", "932160", "941100", "941160", "942100"}


def app_of(environment: Environment, service: str) -> str:
    """Id of the container app of a service."""
    return environment.apps[service].id


def api(environment: Environment) -> tuple[str, str]:
    """Name that the edges give the API, and the id of the app that serves it."""
    if environment.event_driven:
        return "processor", environment.one(SITES).id
    return "api-gateway", app_of(environment, "api-gateway")


def backends(environment: Environment) -> dict[str, str]:
    """Id of what stands behind the edge by the name that the edges give it."""
    pages = {} if environment.event_driven else {"web": page(environment)}
    return dict([api(environment)]) | pages


def api_paths(environment: Environment) -> list[str]:
    """What the edges send to the API."""
    return ["/api/*"] if environment.event_driven else ["/api/*", "/health"]


def readiness(environment: Environment) -> str:
    """Path that says whether the API can serve."""
    return "/api/health/ready" if environment.event_driven else "/health/ready"


def private_link(environment: Environment) -> tuple[Resource, str, str]:
    """What the edges reach privately: the resource, the part of it, the zone of its address."""
    if environment.event_driven:
        return environment.one(SITES), "sites", "privatelink.azurewebsites.net"
    host = environment.one("Microsoft.App/managedEnvironments")
    return host, "managedEnvironments", f"privatelink.{host.location}.azurecontainerapps.io"


def page(environment: Environment) -> str:
    """Id of the static web app."""
    return environment.one("Microsoft.Web/staticSites").id


def ids(items: Any) -> list[str]:
    """The ids of a list of references."""
    return [item["id"] for item in items or []]


def named(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The properties of the parts of a gateway by the end of their ids."""
    return {item["name"]: item["properties"] for item in items}


def last(reference: dict[str, str] | None) -> str:
    """Name at the end of the id of a reference."""
    return (reference or {}).get("id", "").rpartition("/")[2]


# --- both -------------------------------------------------------------------------------------


@rule
def nothing_answers_the_internet_but_the_edge(environment: Environment) -> Iterator[str]:
    edge = environment.edge
    for host in environment.all("Microsoft.App/managedEnvironments"):
        expected = "Enabled" if edge == "none" else "Disabled"
        found = host.properties.get("publicNetworkAccess")
        yield from differences("environment", found, expected)
    for site in environment.all("Microsoft.Web/staticSites"):
        if edge != "none":
            # The Free tier cannot refuse anybody.
            yield from differences("tier of the page", site.body["sku"]["name"], "Standard")
    for kind, owner in ((GATEWAYS, "application-gateway"), (PROFILES, "front-door")):
        yield from differences(kind, len(environment.all(kind)), int(edge == owner))


@rule
def the_app_is_closed_but_for_deployments(environment: Environment) -> Iterator[str]:
    """Private Link passes restrictions by, so no rule needs to let the edge in."""
    for site in environment.all(SITES):
        restrictions = site.properties["siteConfig"]
        yield from differences("public access", site.properties["publicNetworkAccess"], "Enabled")
        found = {name: value for name, value in restrictions.items() if "Restrictions" in name}
        if environment.answers.get("edge", "none") == "none":
            yield from differences("restrictions without an edge", found, {})
            continue
        expected = {
            "ipSecurityRestrictionsDefaultAction": "Allow"
            if environment.edge == "none"
            else "Deny",
            "scmIpSecurityRestrictionsDefaultAction": "Allow",
            "scmIpSecurityRestrictionsUseMain": False,
        }
        yield from differences("restrictions", found, expected)


def addresses(environment: Environment) -> Iterator[tuple[str, str]]:
    """What users and scripts are told, each with the id of what it is without an edge."""
    outputs = environment.evaluation.outputs
    _, app = api(environment)
    if environment.event_driven:
        yield str(outputs["SERVICE_PROCESSOR_URI"]), app
        return
    env = container(environment.apps["api-gateway"])["env"]
    told = {entry["name"]: entry.get("value", "") for entry in env}
    yield str(outputs["SERVICE_WEB_URI"]), page(environment)
    yield str(outputs["SERVICE_API_GATEWAY_URI"]), app
    # The origin that the API gateway allows.
    yield str(told["ALLOWED_ORIGINS"]), page(environment)


@rule
def users_see_one_address(environment: Environment) -> Iterator[str]:
    found, owners = zip(*addresses(environment), strict=True)
    sources = [REFERENCE.findall(value) for value in found]
    domain = environment.variables.get("AZURE_CUSTOM_DOMAIN", "")
    if environment.edge == "none":
        expected = [[owner] for owner in owners]
        yield from differences("addresses without an edge", sources, expected)
    elif domain:
        yield from differences("addresses", set(found), {f"https://{domain}"})
    elif environment.edge == "front-door":
        endpoint = environment.one(f"{PROFILES}/afdEndpoints").id
        yield from differences("sources of the addresses", sources, [[endpoint]] * len(found))
    else:
        label = environment.one(GATEWAYS).name
        own = f"https://{label}.{environment.variables['AZURE_LOCATION']}.cloudapp.azure.com"
        yield from differences("addresses", set(found), {own})


def exclusions(policy: Resource) -> Iterator[tuple[str, str, str, str]]:
    """What a firewall overlooks: rule, variable, operator, selector."""
    managed = policy.properties["managedRules"]
    for entry in managed.get("exclusions", []):
        which = (entry["matchVariable"], entry["selectorMatchOperator"], entry["selector"])
        sets = entry.get("exclusionManagedRuleSets") or [{"ruleGroups": [{}]}]
        for group in (group for one in sets for group in one.get("ruleGroups") or [{}]):
            for one in group.get("rules") or [{"ruleId": "every rule"}]:
                yield one["ruleId"], *which
    for one in managed["managedRuleSets"]:
        for entry in one.get("exclusions", []):
            yield "every rule", entry["matchVariable"], entry["selectorMatchOperator"], ""
        for group in one.get("ruleGroupOverrides", []):
            for entry in group.get("exclusions", []):
                rules = f"every rule of {group['ruleGroupName']}"
                yield rules, entry["matchVariable"], entry["selectorMatchOperator"], ""
            for override in group.get("rules", []):
                for entry in override.get("exclusions", []):
                    operator, selector = entry["selectorMatchOperator"], entry["selector"]
                    yield override["ruleId"], entry["matchVariable"], operator, selector


def firewalls(environment: Environment) -> tuple[Resource, ...]:
    """The policy of the edge, whichever edge there is."""
    return environment.all(GATEWAY_FIREWALLS) + environment.all(FRONT_DOOR_FIREWALLS)


@rule
def the_firewall_blocks(environment: Environment) -> Iterator[str]:
    sets = [
        {"ruleSetType": "Microsoft_DefaultRuleSet", "ruleSetVersion": "2.2"},
        {"ruleSetType": "Microsoft_BotManagerRuleSet", "ruleSetVersion": "1.1"},
    ]
    settings: dict[str, object] = {
        "state": "Enabled",
        "mode": "Prevention",
        "requestBodyCheck": True,
        "requestBodyInspectLimitInKB": 1024 if "chat" in environment.services else 128,
        # It can be told to allow 2 MB at most, less than an upload.
        "requestBodyEnforcement": False,
    }
    if environment.edge == "front-door":
        sets[0]["ruleSetAction"] = "Block"
        settings = {"enabledState": "Enabled", "mode": "Prevention", "requestBodyCheck": "Enabled"}
    for policy in firewalls(environment):
        found = dict(policy.properties["policySettings"])
        found.pop("logScrubbing", None)
        yield from differences("settings of the firewall", found, settings)
        managed = dict(policy.properties["managedRules"])
        managed.pop("exclusions", None)
        known = ("ruleGroupOverrides", "exclusions")
        managed["managedRuleSets"] = [
            {name: value for name, value in one.items() if name not in known}
            for one in managed["managedRuleSets"]
        ]
        yield from differences("managed rules", managed, {"managedRuleSets": sets})


@rule
def the_firewall_bounds_what_one_address_costs(environment: Environment) -> Iterator[str]:
    """Each call of the API may buy tokens: one address gets a bounded number of them a minute."""
    limit = {
        "name": "limitApiCalls",
        "priority": 100,
        "ruleType": "RateLimitRule",
        "rateLimitThreshold": CALLS_A_MINUTE,
        "action": "Block",
    }
    # Another spelling of the path must not pass uncounted.
    condition = {"operator": "Contains", "transforms": ["UrlDecode", "Lowercase"]}
    gateway = limit | {
        "state": "Enabled",
        "rateLimitDuration": "OneMin",
        "groupByUserSession": [{"groupByVariables": [{"variableName": "ClientAddr"}]}],
        "matchConditions": [
            condition
            | {"matchVariables": [{"variableName": "RequestUri"}], "matchValues": ["/api/"]}
        ],
    }
    front_door = limit | {
        "enabledState": "Enabled",
        "rateLimitDurationInMinutes": 1,
        "matchConditions": [
            condition | {"matchVariable": "RequestUri", "matchValue": ["/api/"]},
        ],
    }
    # A rule of one's own can also allow a request past all managed rules: there is no other.
    expected = {"rules": [front_door]} if environment.edge == "front-door" else [gateway]
    for policy in firewalls(environment):
        yield from differences("own rules", policy.properties.get("customRules"), expected)


@rule
def the_firewall_overlooks_prompts_and_nothing_else(environment: Environment) -> Iterator[str]:
    front_door = environment.edge == "front-door"
    misreading = MISREADING if "chat" in environment.services else set()
    variable = "RequestBodyJsonArgNames" if front_door else "RequestArgNames"
    for policy in firewalls(environment):
        expected = {(one, variable, "StartsWith", "messages") for one in misreading}
        yield from differences("exclusions", set(exclusions(policy)), expected)
        # Front Door takes an exclusion in an override only, which still has to count.
        counted = {(one, "Enabled", "AnomalyScoring") for one in misreading if front_door}
        found = {
            (one["ruleId"], one.get("enabledState") or one.get("state"), one.get("action"))
            for managed in policy.properties["managedRules"]["managedRuleSets"]
            for group in managed.get("ruleGroupOverrides", [])
            for one in group.get("rules", [])
        }
        yield from differences("overrides", found, counted)


@rule
def prompts_stay_out_of_the_logs_of_the_firewall(environment: Environment) -> Iterator[str]:
    front_door = environment.edge == "front-door"
    body = {
        "matchVariable": "RequestBodyJsonArgNames" if front_door else "RequestJSONArgNames",
        "selectorMatchOperator": "EqualsAny",
        "state": "Enabled",
    }
    expected = {"state": "Enabled", "scrubbingRules": [body]}
    for policy in firewalls(environment):
        found = policy.properties["policySettings"].get("logScrubbing")
        chat = "chat" in environment.services
        yield from differences("scrubbed logs", found, expected if chat else None)


# --- Front Door -------------------------------------------------------------------------------


@rule
def front_door_puts_its_firewall_before_every_host_name(environment: Environment) -> Iterator[str]:
    for profile in environment.all(PROFILES):
        for owner in (profile, environment.one(FRONT_DOOR_FIREWALLS)):
            yield from differences("SKU", owner.body["sku"]["name"], "Premium_AzureFrontDoor")
        hosts = environment.all(f"{PROFILES}/afdEndpoints")
        hosts += environment.all(f"{PROFILES}/customDomains")
        policy = environment.one(f"{PROFILES}/securityPolicies").properties["parameters"]
        firewall = environment.one(FRONT_DOOR_FIREWALLS).id
        yield from differences("firewall", policy["wafPolicy"]["id"], firewall)
        (covered,) = policy["associations"]
        expected = sorted(host.id for host in hosts)
        yield from differences("host names", sorted(ids(covered["domains"])), expected)
        yield from differences("paths", covered["patternsToMatch"], ["/*"])


@rule
def front_door_serves_the_host_name_of_the_owner_alone(environment: Environment) -> Iterator[str]:
    for route in environment.all(f"{PROFILES}/afdEndpoints/routes"):
        domains = environment.all(f"{PROFILES}/customDomains")
        served = ids(route.properties.get("customDomains"))
        yield from differences("host names", served, [domain.id for domain in domains])
        default = "Disabled" if domains else "Enabled"
        yield from differences("own host name", route.properties["linkToDefaultDomain"], default)
    for domain in environment.all(f"{PROFILES}/customDomains"):
        tls = domain.properties["tlsSettings"]
        found = (tls["certificateType"], tls["minimumTlsVersion"], tls["cipherSuiteSetType"])
        yield from differences("TLS", found, ("ManagedCertificate", "TLS12", "TLS12_2023"))


def origins(environment: Environment) -> dict[str, dict[str, Any]]:
    """The only origin of each group by the name of the group."""
    return {
        origin.name.split("/")[1]: dict(origin.properties)
        for origin in environment.all(f"{PROFILES}/originGroups/origins")
    }


@rule
def front_door_reaches_the_api_by_a_private_link(environment: Environment) -> Iterator[str]:
    for profile in environment.all(PROFILES):
        name, _ = api(environment)
        host, group, _ = private_link(environment)
        link = origins(environment)[name].get("sharedPrivateLinkResource", {})
        found = (last(link.get("privateLink")), link.get("groupId"))
        yield from differences("private link", found, (host.name, group))
        region = link.get("privateLinkLocation")
        yield from differences(
            "its region", region, table("regions")[str(host.location)]["private_link"]
        )
        if region not in PRIVATE_LINK_REGIONS:
            yield f"Front Door has no private links in {region}"
        # The hook approves what bears this text: nobody else may know it.
        message = str(link.get("requestMessage"))
        if REFERENCE.findall(message) != [profile.id] or not re.match(
            r"\[format\('Front Door \{0\}', .*\.frontDoorId\)\]$", message
        ):
            yield f"anybody can ask for a private link as {message}"


@rule
def front_door_calls_the_apps_by_their_names(environment: Environment) -> Iterator[str]:
    for name, origin in origins(environment).items():
        expected = backends(environment)[name]
        for part in ("hostName", "originHostHeader"):
            yield from differences(part, REFERENCE.findall(origin.get(part, "")), [expected])
        checked = origin.get("enforceCertificateNameCheck")
        yield from differences("check of the certificate", checked, True)


@rule
def front_door_probes_whether_the_api_can_serve(environment: Environment) -> Iterator[str]:
    for group in environment.all(f"{PROFILES}/originGroups"):
        probe = group.properties.get("healthProbeSettings", {})
        found = (probe.get("probePath"), probe.get("probeProtocol"), probe.get("probeRequestType"))
        path = (readiness(environment), "Https", "GET")
        expected = (None, None, None) if group.name.endswith("/web") else path
        yield from differences(group.name, found, expected)


@rule
def front_door_routes_the_api_and_caches_what_never_changes(
    environment: Environment,
) -> Iterator[str]:
    if not environment.all(PROFILES):
        return
    routes = {
        tuple(route.properties["patternsToMatch"]): (
            last(route.properties["originGroup"]),
            bool(route.properties.get("cacheConfiguration")),
        )
        for route in environment.all(f"{PROFILES}/afdEndpoints/routes")
    }
    name, _ = api(environment)
    expected = {tuple(api_paths(environment)): (name, False)}
    if not environment.event_driven:
        expected |= {("/assets/*",): ("web", True), ("/*",): ("web", False)}
    yield from differences("routes", routes, expected)


@rule
def front_door_speaks_https_and_waits_for_streams(environment: Environment) -> Iterator[str]:
    for route in environment.all(f"{PROFILES}/afdEndpoints/routes"):
        found = (route.properties["httpsRedirect"], route.properties["forwardingProtocol"])
        yield from differences(route.name, found, ("Enabled", "HttpsOnly"))
    for profile in environment.all(PROFILES):
        waits = profile.properties.get("originResponseTimeoutSeconds", 0)
        if not REQUEST_SECONDS < waits <= 240:
            yield f"Front Door waits {waits} s for an answer"


@rule
def the_api_knows_its_front_door(environment: Environment) -> Iterator[str]:
    for profile in environment.all(PROFILES):
        if environment.event_driven:
            told = dict(environment.one(f"{SITES}/config").properties)
        else:
            env = container(environment.apps["api-gateway"])["env"]
            told = {entry["name"]: entry.get("value", "") for entry in env}
        value = str(told.get("FRONT_DOOR_ID", ""))
        if REFERENCE.findall(value) != [profile.id] or ".frontDoorId" not in value:
            yield f"FRONT_DOOR_ID is {value}"


# --- Application Gateway ----------------------------------------------------------------------


@rule
def the_application_gateway_is_redundant(environment: Environment) -> Iterator[str]:
    for gateway in environment.all(GATEWAYS):
        sku = gateway.properties["sku"]
        yield from differences("SKU", sku, {"name": "WAF_v2", "tier": "WAF_v2"})
        firewall = last(gateway.properties.get("firewallPolicy"))
        yield from differences("firewall", firewall, environment.one(GATEWAY_FIREWALLS).name)
        yield from differences("zones", gateway.body.get("zones"), ["1", "2", "3"])
        scale = gateway.properties.get("autoscaleConfiguration", {})
        if not 2 <= scale.get("minCapacity", 0) < scale.get("maxCapacity", 0) <= 125:
            yield f"scales {scale}"
        address = public_address(environment, gateway)
        yield from differences("zones of its address", address.body.get("zones"), ["1", "2", "3"])
        found = (address.body["sku"]["name"], address.properties["publicIPAllocationMethod"])
        yield from differences("address", found, ("Standard", "Static"))


def public_address(environment: Environment, gateway: Resource) -> Resource:
    """The public address of an application gateway; it has no other."""
    (frontend,) = gateway.properties["frontendIPConfigurations"]
    (address,) = (
        address
        for address in environment.all("Microsoft.Network/publicIPAddresses")
        if address.id == frontend["properties"]["publicIPAddress"]["id"]
    )
    return address


@rule
def the_application_gateway_speaks_https_alone(environment: Environment) -> Iterator[str]:
    for gateway in environment.all(GATEWAYS):
        parts = gateway.properties
        policy = parts.get("sslPolicy", {})
        found = (policy.get("policyType"), policy.get("policyName"))
        yield from differences("TLS", found, ("Predefined", "AppGwSslPolicy20220101S"))
        ports = {name: part["port"] for name, part in named(parts["frontendPorts"]).items()}
        listeners = {
            name: (part["protocol"], ports[last(part["frontendPort"])])
            for name, part in named(parts["httpListeners"]).items()
        }
        expected = {"http": ("Http", 80), "https": ("Https", 443)}
        yield from differences("listeners", listeners, expected)
        rules = {
            last(part["httpListener"]): part
            for part in named(parts["requestRoutingRules"]).values()
        }
        redirect = named(parts["redirectConfigurations"])[
            last(rules["http"].get("redirectConfiguration"))
        ]
        yield from differences("redirect", redirect["redirectType"], "Permanent")
        yield from differences("to", last(redirect["targetListener"]), "https")
        for name, part in named(parts["backendHttpSettingsCollection"]).items():
            yield from differences(f"to {name}", (part["protocol"], part["port"]), ("Https", 443))


@rule
def the_application_gateway_reads_one_certificate(environment: Environment) -> Iterator[str]:
    vault = environment.variables.get("AZURE_TLS_KEY_VAULT_ID", "")
    secret = environment.variables.get("AZURE_TLS_SECRET_NAME", "")
    for gateway in environment.all(GATEWAYS):
        (certificate,) = gateway.properties["sslCertificates"]
        address = str(certificate["properties"].get("keyVaultSecretId"))
        # A version at its end would keep an expired certificate.
        whole = re.fullmatch(
            r"\[format\('\{0\}secrets/\{1\}', reference\('([^']*)'.*\)\.vaultUri, '([^']*)'\)\]",
            address,
        )
        if whole is None or whole.groups() != (vault, secret):
            yield f"the certificate is {address}"
        borne = list(gateway.body["identity"]["userAssignedIdentities"])
        readers = [
            REFERENCE.findall(assignment.properties["principalId"])
            for assignment in environment.all("Microsoft.Authorization/roleAssignments")
            if assignment.scope == f"{vault}/secrets/{secret}"
        ]
        yield from differences("readers of the certificate", readers, [borne])


@rule
def the_application_gateway_routes_to_the_apps(environment: Environment) -> Iterator[str]:
    for gateway in environment.all(GATEWAYS):
        parts = gateway.properties
        pools = {
            name: [REFERENCE.findall(address["fqdn"]) for address in pool["backendAddresses"]]
            for name, pool in named(parts["backendAddressPools"]).items()
        }
        expected = {name: [[app]] for name, app in backends(environment).items()}
        # Without a page all else goes to nobody.
        other = ("nobody", "processor") if environment.event_driven else ("web", "web")
        yield from differences("pools", pools, {other[0]: []} | expected)
        (paths,) = named(parts["urlPathMaps"]).values()
        pairs = [("*", paths["defaultBackendAddressPool"], paths["defaultBackendHttpSettings"])]
        pairs += [
            (pattern, part["backendAddressPool"], part["backendHttpSettings"])
            for part in named(paths["pathRules"]).values()
            for pattern in part["paths"]
        ]
        routes = {pattern: (last(pool), last(settings)) for pattern, pool, settings in pairs}
        name, _ = api(environment)
        ours = dict.fromkeys(api_paths(environment), (name, name))
        yield from differences("routes", routes, {"*": other} | ours)


@rule
def the_application_gateway_probes_whether_apps_can_serve(
    environment: Environment,
) -> Iterator[str]:
    for gateway in environment.all(GATEWAYS):
        probes = named(gateway.properties["probes"])
        for name, part in named(gateway.properties["backendHttpSettingsCollection"]).items():
            probe = probes[last(part["probe"])]
            path = "/" if name == "web" else readiness(environment)
            yield from differences(
                f"probe of {name}", (probe["protocol"], probe["path"]), ("Https", path)
            )
            host = (
                part.get("pickHostNameFromBackendAddress"),
                probe.get("pickHostNameFromBackendHttpSettings"),
            )
            yield from differences(f"host name of {name}", host, (True, True))


@rule
def the_application_gateway_lets_streams_through(environment: Environment) -> Iterator[str]:
    for gateway in environment.all(GATEWAYS):
        buffers = gateway.properties.get("globalConfiguration", {})
        # A firewall reads requests whole; it needs their buffer.
        found = (buffers.get("enableRequestBuffering"), buffers.get("enableResponseBuffering"))
        yield from differences("buffers of requests and responses", found, (True, False))
        for name, part in named(gateway.properties["backendHttpSettingsCollection"]).items():
            if not REQUEST_SECONDS < part.get("requestTimeout", 0) <= 240:
                yield f"waits {part.get('requestTimeout')} s for {name}"


@rule
def the_application_gateway_has_a_subnet_of_its_own(environment: Environment) -> Iterator[str]:
    for gateway in environment.all(GATEWAYS):
        (configuration,) = gateway.properties["gatewayIPConfigurations"]
        where = configuration["properties"]["subnet"]["id"]
        properties = dict(subnets(environment)).get(where)
        if properties is None:
            yield f"{where} does not exist"
            return
        users = Counter(
            resource.properties.get("subnet", {}).get("id")
            for resource in environment.all("Microsoft.Network/privateEndpoints")
        )
        if users[where] or properties.get("delegations"):
            yield f"{where} holds something else"
        size = ipaddress.ip_network(properties["addressPrefix"]).num_addresses
        if size < gateway.properties["autoscaleConfiguration"]["maxCapacity"] * 2 + 5:
            yield f"{properties['addressPrefix']} is too small to scale and be updated"
        # Outbound traffic leaves by its own public address, which the page expects.
        yield from differences("NAT gateway", properties.get("natGateway"), None)


@rule
def the_application_gateway_reaches_the_api_privately(environment: Environment) -> Iterator[str]:
    if not environment.all(GATEWAYS):
        return
    host, group, zone = private_link(environment)
    connections = [
        connection["properties"]
        for endpoint in environment.all("Microsoft.Network/privateEndpoints")
        for connection in endpoint.properties["privateLinkServiceConnections"]
    ]
    found = [part["groupIds"] for part in connections if part["privateLinkServiceId"] == host.id]
    yield from differences("private endpoints", found, [[group]])
    zones = [zone.name for zone in environment.all("Microsoft.Network/privateDnsZones")]
    yield from differences(f"{zone} exists", zone in zones, True)
