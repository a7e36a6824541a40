"""Every rule can fail: each weakening of the rendered Bicep is caught by the rule it breaks."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.evaluated import compiled_with, environment
from tests.infra.conftest import Evaluate
from tests.infra.rulebook import RULES
from tests.infra.test_rules import EXISTING, TAGS
from tests.matrix import DEFAULT, EVENT_DRIVEN


@dataclass(frozen=True)
class Weakening:
    """A change of one file under `infra/`, and the rule that must see it."""

    rule: str
    file: str
    old: str
    new: str
    kind: str = "prod"
    variables: dict[str, str] = field(default_factory=dict)
    answers: dict[str, object] = field(default_factory=lambda: DEFAULT)

    def __str__(self) -> str:
        return f"{self.rule}: {self.old.strip().splitlines()[-1].strip()}"


ACCOUNT = "core/ai/account.bicep"
APP = "core/host/container-app.bicep"
GROUP = "core/network/container-apps-security-group.bicep"
HOST = "core/host/container-apps-environment.bicep"
INSIGHTS = "core/monitoring/application-insights.bicep"
LOGS = "core/monitoring/log-analytics.bicep"
MODEL = "core/ai/model-deployment.bicep"
NAT = "core/network/nat-gateway.bicep"
NETWORK = "core/network/virtual-network.bicep"
ENDPOINTS = "core/network/private-endpoints.bicep"
ENDPOINTS_GROUP = "core/network/private-endpoints-security-group.bicep"
REGISTRY = "core/host/container-registry.bicep"
VAULT = "core/security/key-vault.bicep"
SPARE = "param kind string\n\n@description('Spare.')\nparam spare string = ''"
OPEN_RULE = """      {
        name: 'AllowSupportInbound'
        properties: {
          description: 'Remote support.'
          priority: 130
          direction: 'Inbound'
          access: 'Allow'
          protocol: '*'
          sourceAddressPrefix: '10.0.0.0/8'
          sourcePortRange: '*'
          destinationAddressPrefix: subnetAddressPrefix
          destinationPortRange: '*'
        }
      }
"""
BURDEN = SPARE.replace("Spare.", "x" * 120_000)

DATA_ZONE: dict[str, object] = {"data_residency": "data-zone", "chat_model": "gpt-5.4"}

WEAKENINGS = [
    # The whole.
    Weakening("compiles_without_a_diagnostic", ACCOUNT, "param kind string", SPARE),
    Weakening(
        "holds_these_resources_and_no_other",
        "profiles.bicep",
        "network: 'none'",
        "network: 'private'",
        "dev",
    ),
    Weakening("names_are_legal", "abbreviations.json", '"ca-"', '"CA-"'),
    Weakening("names_are_legal", "abbreviations.json", '"cr"', '"cr-"'),
    Weakening(
        "names_are_unique",
        "stamp.bicep",
        "${abbreviations.appContainerApps}chat-",
        "${abbreviations.appContainerApps}text-",
    ),
    Weakening(
        "api_versions_are_stable_and_one_a_type",
        VAULT,
        "vaults@2026-02-01",
        "vaults@2024-04-01-preview",
    ),
    Weakening(
        "everything_is_where_it_belongs", VAULT, "location: location", "location: 'westeurope'"
    ),
    Weakening(
        "everything_is_where_it_belongs",
        "stamp.bicep",
        "location: empty(serviceLocations.vision) ? location : serviceLocations.vision",
        "location: location",
        variables={"AZURE_VISION_LOCATION": "eastus"},
    ),
    Weakening(
        "tags_reach_everything",
        VAULT,
        "  tags: tags\n",
        "",
        variables={"AZURE_TAGS": TAGS},
    ),
    Weakening(
        "azd_finds_the_group_and_each_service_once",
        "app/web.bicep",
        "'azd-service-name': 'web'",
        "'azd-service-name': 'page'",
    ),
    Weakening(
        "azd_finds_the_group_and_each_service_once",
        "stamp.bicep",
        "tags: tags",
        "tags: union(tags, { 'azd-env-name': 'demo' })",
    ),
    Weakening(
        "outputs_are_what_azd_and_its_users_expect",
        "main.bicep",
        "output AZURE_KEY_VAULT_NAME",
        "output AZURE_VAULT_NAME",
    ),
    Weakening(
        "outputs_are_what_azd_and_its_users_expect",
        "main.bicep",
        "identities.outputs.workloads.apiGateway.principalId",
        "identities.outputs.workloads.chat.principalId",
    ),
    Weakening("the_template_is_far_from_its_limit", ACCOUNT, "param kind string", BURDEN),
    # Secrets.
    Weakening(
        "no_key_is_ever_read",
        HOST,
        "workspaceId: workspaceId",
        "workspaceId: listKeys(workspaceId, '2025-07-01').primarySharedKey",
    ),
    Weakening(
        "no_secret_enters_or_leaves",
        "main.bicep",
        "param principalId string",
        "@secure()\nparam principalId string",
    ),
    Weakening(
        "no_secret_enters_or_leaves",
        APP,
        "activeRevisionsMode: 'Single'",
        "activeRevisionsMode: 'Single'\n      secrets: [{ name: 'key', keyVaultUrl: name }]",
    ),
    Weakening(
        "local_authentication_is_off", ACCOUNT, "disableLocalAuth: true", "disableLocalAuth: false"
    ),
    Weakening("local_authentication_is_off", ACCOUNT, "disableLocalAuth: true\n", ""),
    Weakening(
        "local_authentication_is_off", INSIGHTS, "DisableLocalAuth: true", "DisableLocalAuth: false"
    ),
    Weakening(
        "local_authentication_is_off",
        REGISTRY,
        "adminUserEnabled: false",
        "adminUserEnabled: true",
    ),
    Weakening(
        "local_authentication_is_off",
        VAULT,
        "enableRbacAuthorization: true",
        "enableRbacAuthorization: false",
    ),
    Weakening("local_authentication_is_off", LOGS, "disableLocalAuth: true\n", ""),
    Weakening("the_vault_is_protected", VAULT, "? true : null", "? true : false", "dev"),
    Weakening(
        "the_vault_is_protected",
        "profiles.bicep",
        "purgeProtection: true",
        "purgeProtection: false",
    ),
    Weakening(
        "the_vault_is_protected",
        VAULT,
        "softDeleteRetentionInDays: 90",
        "softDeleteRetentionInDays: 7",
    ),
    # Identities and roles.
    Weakening(
        "each_workload_has_an_identity_of_its_own",
        "stamp.bicep",
        "    identity: identities.vision\n",
        "    identity: identities.chat\n",
    ),
    Weakening(
        "each_workload_has_an_identity_of_its_own",
        APP,
        "type: 'UserAssigned'",
        "type: 'SystemAssigned,UserAssigned'",
    ),
    Weakening(
        "roles_are_the_narrowest_and_no_more",
        "stamp.bicep",
        "'5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'",
        "'25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68'",
    ),
    Weakening(
        "roles_are_the_narrowest_and_no_more",
        "stamp.bicep",
        "[workloadPrincipal(identities.vision), ",
        "[workloadPrincipal(identities.vision), workloadPrincipal(identities.chat), ",
    ),
    Weakening(
        "roles_are_the_narrowest_and_no_more",
        "stamp.bicep",
        "[workloadPrincipal(identities.text), ...developers]",
        "developers",
    ),
    Weakening(
        "roles_are_the_narrowest_and_no_more",
        "profiles.bicep",
        "developerAccess: false",
        "developerAccess: true",
    ),
    Weakening("roles_are_on_one_resource", REGISTRY, "    scope: registry\n", ""),
    Weakening(
        "roles_name_the_kind_of_their_principal",
        REGISTRY,
        "      principalType: 'ServicePrincipal'\n",
        "",
    ),
    Weakening(
        "roles_name_the_kind_of_their_principal",
        VAULT,
        "principalType: officer.principalType",
        "principalType: 'ServicePrincipal'",
        "dev",
    ),
    Weakening(
        "role_assignments_are_named_by_what_they_grant",
        REGISTRY,
        "guid(registry.id, principalId, acrPullRoleId)",
        "guid(registry.id, principalId)",
    ),
    Weakening(
        "role_assignments_are_named_by_what_they_grant",
        VAULT,
        "guid(keyVault.id, officer.principalId, secretsOfficerRoleId)",
        "guid(officer.principalId, secretsOfficerRoleId)",
        "dev",
    ),
    Weakening(
        "images_can_be_pulled_before_an_app_exists",
        "main.bicep",
        "shared: shared.outputs.services",
        "shared: { registryEndpoint: 'r', workspaceId: 'w', "
        "applicationInsightsConnectionString: 'c' }",
    ),
    # Container apps.
    Weakening(
        "apps_have_a_size_that_the_platform_offers",
        "profiles.bicep",
        "memory: '0.5Gi'",
        "memory: '1.0Gi'",
        "dev",
    ),
    Weakening(
        "apps_have_a_size_that_the_platform_offers",
        "profiles.bicep",
        "cpu: '0.25'",
        "cpu: '0.3'",
        "dev",
    ),
    Weakening("apps_are_as_large_as_answered", "profiles.bicep", "cpu: '0.5'", "cpu: '1.0'"),
    Weakening(
        "apps_are_as_large_as_answered", "profiles.bicep", "maxReplicas: 10", "maxReplicas: 20"
    ),
    Weakening("apps_scale_within_bounds", "profiles.bicep", "minReplicas: 2", "minReplicas: 1"),
    Weakening(
        "apps_scale_within_bounds", "profiles.bicep", "minReplicas: 0", "minReplicas: 1", "dev"
    ),
    Weakening(
        "apps_scale_on_requests_and_in_prod_on_processors",
        "profiles.bicep",
        "cpuUtilization: null",
        "cpuUtilization: 70",
        "dev",
    ),
    Weakening(
        "apps_scale_on_requests_and_in_prod_on_processors",
        APP,
        "type: 'Utilization'",
        "type: 'AverageValue'",
    ),
    Weakening(
        "only_the_gateway_is_reachable", "app/vision.bicep", "external: false", "external: true"
    ),
    Weakening(
        "ingress_is_encrypted_and_on_the_port", APP, "allowInsecure: false", "allowInsecure: true"
    ),
    Weakening("ingress_is_encrypted_and_on_the_port", APP, "var port = 8080", "var port = 80"),
    Weakening(
        "images_are_pulled_by_identity",
        APP,
        "          identity: identity.resourceId",
        "          identity: 'system'",
    ),
    Weakening(
        "a_running_app_keeps_its_image",
        APP,
        "runningImage.?outputs.image ?? placeholderImage",
        "placeholderImage",
        variables=EXISTING,
    ),
    Weakening(
        "a_running_app_keeps_its_image",
        APP,
        "'mcr.microsoft.com/dotnet/samples:aspnetapp'",
        "'nginx'",
    ),
    Weakening(
        "probes_suit_what_runs",
        APP,
        "? placeholderProbes : workloadProbes",
        "? workloadProbes : workloadProbes",
    ),
    Weakening("probes_suit_what_runs", APP, "'/health/ready'", "'/health'", variables=EXISTING),
    Weakening(
        "probes_suit_what_runs",
        APP,
        "? placeholderProbes : workloadProbes",
        "? placeholderProbes : placeholderProbes",
        variables=EXISTING,
    ),
    Weakening(
        "probes_are_within_bounds",
        APP,
        "failureThreshold: 10",
        "failureThreshold: 100",
        variables=EXISTING,
    ),
    Weakening(
        "apps_are_told_what_they_read",
        APP,
        "AZURE_CLIENT_ID: identity.clientId",
        "AZURE_CLIENT_ID: identity.principalId",
    ),
    Weakening(
        "apps_are_told_what_they_read", APP, "  ENVIRONMENT_TYPE: host.environmentType\n", ""
    ),
    Weakening(
        "apps_are_told_what_they_read",
        "stamp.bicep",
        "chat: chatService.outputs.uri",
        "chat: textService.outputs.uri",
    ),
    Weakening("apps_are_told_what_they_read", APP, "  API_CLIENT_ID: host.apiClientId\n", ""),
    Weakening(
        "apps_are_told_what_they_read",
        "stamp.bicep",
        "chatModelDeployment.outputs.name,\n      identities.apiGateway.principalId",
        "chatModelDeployment.outputs.name,\n      identities.chat.principalId",
    ),
    Weakening(
        "apps_are_told_what_they_read",
        "app/api-gateway.bicep",
        "USER_AUTHENTICATION: 'required'",
        "USER_AUTHENTICATION: 'none'",
    ),
    Weakening(
        "addresses_are_https",
        APP,
        "'https://${app.properties.configuration.ingress.fqdn}'",
        "'http://${app.properties.configuration.ingress.fqdn}'",
    ),
    Weakening(
        "the_environment_suits_its_type",
        HOST,
        "zoneRedundant: subnetId != null",
        "zoneRedundant: false",
    ),
    Weakening("the_environment_suits_its_type", HOST, "'azure-monitor'", "'log-analytics'"),
    Weakening("the_environment_suits_its_type", HOST, "internal: false", "internal: true"),
    # Network.
    Weakening(
        "subnets_have_their_size_and_delegation",
        NETWORK,
        "'Microsoft.App/environments'",
        "'Microsoft.Web/serverFarms'",
    ),
    Weakening(
        "subnets_have_their_size_and_delegation",
        NETWORK,
        "cidrSubnet(addressPrefix, 23, 0)",
        "cidrSubnet(addressPrefix, 28, 0)",
    ),
    Weakening(
        "subnets_have_their_size_and_delegation",
        NETWORK,
        "cidrSubnet(addressPrefix, 26, 12)",
        "cidrSubnet(addressPrefix, 29, 96)",
    ),
    Weakening(
        "workloads_are_in_a_subnet_of_theirs",
        NETWORK,
        "existing = {\n    name: 'container-apps'",
        "existing = {\n    name: 'private-endpoints'",
    ),
    Weakening(
        "workloads_are_in_a_subnet_of_theirs",
        ENDPOINTS,
        "name: 'private-endpoints'",
        "name: 'container-apps'",
    ),
    Weakening("address_ranges_fit", "profiles.bicep", "'10.10.0.0/16'", "'172.30.0.0/16'"),
    Weakening("address_ranges_fit", NETWORK, "cidrSubnet(addressPrefix, 23, 0)", "'10.20.0.0/23'"),
    Weakening("address_ranges_fit", NETWORK, "addressPrefix, 26, 12", "addressPrefix, 26, 7"),
    Weakening(
        "every_subnet_has_a_security_group_of_its_own",
        NETWORK,
        "networkSecurityGroup: {",
        "routeTable: {",
    ),
    Weakening(
        "every_subnet_has_a_security_group_of_its_own",
        NETWORK,
        "id: privateEndpointsSecurityGroup.outputs.id",
        "id: containerAppsSecurityGroup.outputs.id",
    ),
    Weakening(
        "private_networks_have_one_way_out",
        NETWORK,
        "defaultOutboundAccess: false",
        "defaultOutboundAccess: true",
    ),
    Weakening("private_networks_have_one_way_out", NETWORK, "natGateway: {", "routeTable: {"),
    Weakening("private_networks_have_one_way_out", NAT, "name: 'Standard'", "name: 'StandardV2'"),
    Weakening("private_networks_have_one_way_out", NAT, "'Static'", "'Dynamic'"),
    Weakening(
        "security_rules_have_priorities_of_their_own", GROUP, "priority: 110", "priority: 100"
    ),
    Weakening("security_rules_say_why", GROUP, "'Nothing else comes in.'", "''"),
    Weakening("security_rules_let_the_environment_work", GROUP, "'30000-32767'", "'30000-30001'"),
    Weakening("security_rules_let_the_environment_work", GROUP, "'AzureCloud'", "'AzureMonitor'"),
    Weakening("security_rules_let_the_environment_work", GROUP, "'168.63.129.16'", "'10.0.0.4'"),
    Weakening(
        "security_rules_let_the_environment_work", GROUP, "'AzureFrontDoor.FirstParty'", "'Storage'"
    ),
    Weakening(
        "security_rules_let_the_environment_work",
        GROUP,
        "destinationAddressPrefix: privateEndpointsAddressPrefix",
        "destinationAddressPrefix: subnetAddressPrefix",
    ),
    *(
        Weakening("security_groups_allow_what_is_needed_and_nothing_else", file, old, new)
        for file, old, new in (
            (GROUP, "'31443'", "'22'"),
            (GROUP, "sourceAddressPrefix: 'Internet'", "sourceAddressPrefixes: ['10.0.0.0/8']"),
            (GROUP, "'AzureLoadBalancer'", "'0.0.0.0/0'"),
            (
                GROUP,
                "destinationAddressPrefix: 'AzureCloud'",
                "destinationAddressPrefix: '0.0.0.0/0'",
            ),
            (
                GROUP,
                "sourceAddressPrefix: subnetAddressPrefix",
                "sourceAddressPrefix: 'AzureCloud'",
            ),
            (GROUP, "    securityRules: [\n", "    securityRules: [\n" + OPEN_RULE),
            (ENDPOINTS_GROUP, "Prefix: workloadsAddressPrefix", "Prefix: 'VirtualNetwork'"),
            (ENDPOINTS_GROUP, "protocol: 'Tcp'", "protocol: '*'"),
        )
    ),
    Weakening("security_groups_deny_the_rest", GROUP, "access: 'Deny'", "access: 'Allow'"),
    Weakening("security_groups_deny_the_rest", ENDPOINTS_GROUP, "'Inbound'", "'Outbound'"),
    Weakening("security_groups_deny_the_rest", ENDPOINTS_GROUP, "'Outbound'", "'Inbound'"),
    Weakening(
        "security_groups_deny_the_rest",
        GROUP,
        "destinationAddressPrefix: 'Internet'",
        "destinationAddressPrefix: 'AzureCloud'",
        answers={"network": "public"},
    ),
    Weakening(
        "security_groups_hold_for_private_endpoints",
        NETWORK,
        "'NetworkSecurityGroupEnabled'",
        "'Disabled'",
    ),
    # Private endpoints.
    Weakening(
        "every_data_service_has_its_private_endpoints",
        "stamp.bicep",
        "resourceName: visionName",
        "resourceName: openAiName",
    ),
    Weakening("every_data_service_has_its_private_endpoints", "stamp.bicep", "'vault'", "'vaults'"),
    Weakening(
        "every_data_service_has_its_private_endpoints",
        "stamp.bicep",
        "zone: privateDnsZones.openAi",
        "zone: privateDnsZones.cognitiveServices",
    ),
    Weakening(
        "every_data_service_has_its_private_endpoints",
        ENDPOINTS,
        "zones[indexOf(zoneNames, endpoint.zone)].id",
        "zones[0].id",
    ),
    Weakening(
        "private_names_resolve_in_the_network",
        ENDPOINTS,
        "registrationEnabled: false",
        "registrationEnabled: true",
    ),
    Weakening(
        "private_names_resolve_in_the_network",
        ENDPOINTS,
        "id: virtualNetwork.id",
        "id: zones[0].id",
    ),
    Weakening(
        "public_access_is_off_in_a_private_network",
        "stamp.bicep",
        "? 'Disabled' : 'Enabled'",
        "? 'Enabled' : 'Enabled'",
    ),
    Weakening(
        "public_access_is_off_in_a_private_network",
        VAULT,
        "? 'Allow' : 'Deny'",
        "? 'Allow' : 'Allow'",
    ),
    Weakening(
        "endpoints_wait_for_models", "stamp.bicep", "    chatModelDeployment // an", "    // an"
    ),
    # AI services.
    Weakening("accounts_are_of_their_kind", "stamp.bicep", "sku: 'S1'", "sku: 'F0'"),
    Weakening("accounts_have_a_subdomain", ACCOUNT, "    customSubDomainName: name\n", ""),
    Weakening("the_model_is_the_answered_one", MODEL, "version: modelVersion", "version: '1'"),
    Weakening(
        "the_model_is_the_answered_one", MODEL, "  name: modelName\n  sku", "  name: 'chat'\n  sku"
    ),
    Weakening(
        "prompts_stay_where_answered",
        "profiles.bicep",
        "    sku: 'GlobalStandard'\n",
        "    sku: 'Standard'\n",
    ),
    Weakening(
        "azd_asks_for_a_region_with_quota", "main.bicep", "OpenAI.GlobalStandard", "OpenAI.Standard"
    ),
    # Monitoring, registry, page.
    Weakening(
        "telemetry_goes_to_the_workspace", INSIGHTS, "'LogAnalytics'", "'ApplicationInsights'"
    ),
    Weakening(
        "telemetry_goes_to_the_workspace",
        "profiles.bicep",
        "dailyQuotaInGb: -1",
        "dailyQuotaInGb: 5",
    ),
    *(
        Weakening(
            "telemetry_goes_to_the_workspace",
            "profiles.bicep",
            f"    retentionInDays: {days}\n",
            "    retentionInDays: 31\n",
            kind,
        )
        for kind, days in (("dev", 30), ("prod", 90))
    ),
    Weakening("logs_are_kept", VAULT, "enabled: true", "enabled: false"),
    Weakening("logs_are_kept", HOST, "'allLogs'", "'audit'"),
    Weakening(
        "the_registry_suits_its_type",
        "profiles.bicep",
        "registrySku: 'Standard'",
        "registrySku: 'Basic'",
    ),
    Weakening(
        "the_page_suits_its_type",
        "profiles.bicep",
        "staticWebAppSku: 'Standard'",
        "staticWebAppSku: 'Free'",
    ),
    Weakening(
        "the_page_suits_its_type",
        "app/web.bicep",
        "stagingEnvironmentPolicy: 'Disabled'",
        "stagingEnvironmentPolicy: 'Enabled'",
    ),
]


STORAGE = "core/data/storage.bicep"
QUEUE = "core/messaging/service-bus-queue.bicep"
SERVICE_BUS = "core/messaging/service-bus.bicep"
EVENT_HUBS = "core/messaging/event-hubs.bicep"
EVENT_GRID = "core/messaging/event-grid.bicep"
PROCESSOR = "app/processor.bicep"

FUNCTIONS_GROUP = "core/network/functions-security-group.bicep"

# Rule, file, what it says, what it must not say, and the profile where it is not prod.
PIPELINE: list[tuple[str, str, str, str]] = [
    (
        "private_services_have_the_tier_for_it",
        "profiles.bicep",
        "serviceBusSku: 'Premium'",
        "serviceBusSku: 'Standard'",
    ),
    (
        "every_data_service_has_its_private_endpoints",
        "stamp.bicep",
        "groupId: 'table'",
        "groupId: 'dfs'",
    ),
    (
        "every_data_service_has_its_private_endpoints",
        "core/network/private-dns-zones.json",
        "privatelink.servicebus.windows.net",
        "privatelink.eventhub.windows.net",
    ),
    (
        "public_access_is_off_in_a_private_network",
        STORAGE,
        "publicNetworkAccess: publicNetworkAccess",
        "publicNetworkAccess: 'Enabled'",
    ),
    (
        "workloads_are_in_a_subnet_of_theirs",
        PROCESSOR,
        "    virtualNetworkSubnetId: subnetId\n",
        "",
    ),
    (
        "subnets_have_their_size_and_delegation",
        NETWORK,
        "'Microsoft.App/environments'",
        "'Microsoft.Web/serverFarms'",
    ),
    ("security_groups_deny_the_rest", FUNCTIONS_GROUP, "access: 'Deny'", "access: 'Allow'"),
    ("security_groups_allow_what_is_needed_and_nothing_else", ENDPOINTS_GROUP, "'5671'", "'5672'"),
    (
        "security_groups_allow_what_is_needed_and_nothing_else",
        FUNCTIONS_GROUP,
        "destinationPortRange: '443'",
        "destinationPortRange: '*'",
    ),
    ("names_are_legal", "abbreviations.json", '"st"', '"st-"'),
    ("names_are_legal", "abbreviations.json", '"func-"', '"-func-"'),
    (
        "local_authentication_is_off",
        STORAGE,
        "allowSharedKeyAccess: false",
        "allowSharedKeyAccess: true",
    ),
    (
        "local_authentication_is_off",
        SERVICE_BUS,
        "disableLocalAuth: true",
        "disableLocalAuth: false",
    ),
    ("local_authentication_is_off", EVENT_HUBS, "    disableLocalAuth: true\n", ""),
    ("local_authentication_is_off", PROCESSOR, "allow: false", "allow: true"),
    (
        "each_workload_has_an_identity_of_its_own",
        PROCESSOR,
        "'UserAssigned'\n",
        "'SystemAssigned, UserAssigned'\n",
    ),
    (
        "roles_are_the_narrowest_and_no_more",
        QUEUE,
        "'4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'",
        "'090c5cfd-751d-490a-894a-3ce6f1109419'",
    ),
    (
        "roles_are_the_narrowest_and_no_more",
        EVENT_HUBS,
        "scope: namespace::results",
        "scope: namespace",
    ),
    (
        "roles_are_the_narrowest_and_no_more",
        STORAGE,
        "scope: account::tables::documents",
        "scope: account",
    ),
    (
        "roles_are_the_narrowest_and_no_more",
        EVENT_GRID,
        "scope: account::blobs::undeliveredEvents",
        "scope: account",
    ),
    (
        "roles_are_the_narrowest_and_no_more",
        EVENT_GRID,
        "scope: namespace::documents",
        "scope: namespace",
    ),
    (
        "role_assignments_are_named_by_what_they_grant",
        EVENT_GRID,
        "topic.id, queueSenderRoleId",
        "queueSenderRoleId",
    ),
    ("logs_are_kept", STORAGE, "enabled: true\n      }\n    ]", "enabled: false\n      }\n    ]"),
    ("logs_are_kept", PROCESSOR, "'allLogs'", "'audit'"),
    ("storage_holds_what_the_pipeline_names", STORAGE, "incoming: 'incoming'", "incoming: 'inbox'"),
    (
        "storage_holds_what_the_pipeline_names",
        STORAGE,
        "documents: 'documents'",
        "documents: 'states'",
    ),
    (
        "storage_is_closed_and_encrypted",
        STORAGE,
        "allowBlobPublicAccess: false",
        "allowBlobPublicAccess: true",
    ),
    ("storage_is_closed_and_encrypted", STORAGE, "publicAccess: 'None'", "publicAccess: 'Blob'"),
    ("storage_is_closed_and_encrypted", STORAGE, "'TLS1_2'", "'TLS1_1'"),
    ("storage_suits_its_type", "profiles.bicep", "sku: 'Standard_ZRS'", "sku: 'Standard_LRS'"),
    (
        "storage_suits_its_type",
        STORAGE,
        "      containerDeleteRetentionPolicy: {\n        enabled: true",
        "      containerDeleteRetentionPolicy: {\n        enabled: false",
    ),
    (
        "only_what_came_in_expires",
        STORAGE,
        "{ container: storageNames.undeliveredEvents,",
        "{ container: storageNames.results,",
    ),
    (
        "only_what_came_in_expires",
        "profiles.bicep",
        "incomingRetentionInDays: 90",
        "incomingRetentionInDays: 1",
    ),
    (
        "service_bus_suits_type_and_network",
        "profiles.bicep",
        "serviceBusSku: 'Premium'",
        "serviceBusSku: 'Standard'",
    ),
    (
        "service_bus_suits_type_and_network",
        SERVICE_BUS,
        "zoneRedundant: sku == 'Premium'",
        "zoneRedundant: false",
    ),
    (
        "service_bus_suits_type_and_network",
        SERVICE_BUS,
        "premiumMessagingPartitions: sku == 'Premium' ? 1 : null",
        "premiumMessagingPartitions: 3",
    ),
    (
        "service_bus_suits_type_and_network",
        SERVICE_BUS,
        "minimumTlsVersion: '1.2'",
        "minimumTlsVersion: '1.0'",
    ),
    (
        "event_grid_may_enter_where_the_internet_may_not",
        SERVICE_BUS,
        "trustedServiceAccessEnabled: true",
        "trustedServiceAccessEnabled: false",
    ),
    *(
        ("event_grid_may_enter_where_the_internet_may_not", file, old, new)
        for file, old, new in (
            (STORAGE, "bypass: 'AzureServices'", "bypass: 'AzureServices, Logging'"),
            (STORAGE, "'Enabled' ? 'Allow' : 'Deny'", "'Enabled' ? 'Allow' : 'Allow'"),
            (SERVICE_BUS, "'Enabled' ? 'Allow' : 'Deny'", "'Enabled' ? 'Allow' : 'Allow'"),
        )
    ),
    (
        "queues_lose_nothing",
        SERVICE_BUS,
        "documentsRejected: 'documents-rejected'",
        "documentsRejected: 'rejected'",
    ),
    (
        "queues_lose_nothing",
        QUEUE,
        "requiresDuplicateDetection: true",
        "requiresDuplicateDetection: false",
    ),
    (
        "queues_lose_nothing",
        QUEUE,
        "deadLetteringOnMessageExpiration: true",
        "deadLetteringOnMessageExpiration: false",
    ),
    ("queues_lose_nothing", QUEUE, "lockDuration: 'PT5M'", "lockDuration: 'PT30S'"),
    ("queues_lose_nothing", SERVICE_BUS, "maxDeliveryCount: 5", "maxDeliveryCount: 1"),
    (
        "queues_lose_nothing",
        QUEUE,
        "maxDeliveryCount: maxDeliveryCount",
        "maxDeliveryCount: maxDeliveryCount\n    requiresSession: true",
    ),
    (
        "event_hubs_suit_their_type",
        EVENT_HUBS,
        "isAutoInflateEnabled: true",
        "isAutoInflateEnabled: false",
    ),
    (
        "event_hubs_suit_their_type",
        EVENT_HUBS,
        "recordResult: 'record-result'",
        "recordResult: 'recorder'",
    ),
    ("event_hubs_suit_their_type", "profiles.bicep", "partitionCount: 4", "partitionCount: 1"),
    (
        "event_hubs_suit_their_type",
        "profiles.bicep",
        "retentionInHours: 168",
        "retentionInHours: 1",
    ),
    (
        "events_of_incoming_blobs_reach_the_queue",
        EVENT_GRID,
        "containers/${storageNames.incoming}/",
        "containers/",
    ),
    (
        "events_of_incoming_blobs_reach_the_queue",
        EVENT_GRID,
        "'Microsoft.Storage.BlobCreated'",
        "'Microsoft.Storage.BlobDeleted'",
    ),
    (
        "events_of_incoming_blobs_reach_the_queue",
        EVENT_GRID,
        "'CloudEventSchemaV1_0'",
        "'EventGridSchema'",
    ),
    (
        "events_of_incoming_blobs_reach_the_queue",
        EVENT_GRID,
        "blobContainerName: storageNames.undeliveredEvents",
        "blobContainerName: storageNames.results",
    ),
    ("the_plan_holds_one_app", PROCESSOR, "reserved: true", "reserved: false"),
    ("the_plan_holds_one_app", "profiles.bicep", "zoneRedundant: true", "zoneRedundant: false"),
    (
        "the_app_runs_as_flex_consumption_wants_it",
        PROCESSOR,
        "'UserAssignedIdentity'\n            userAssignedIdentityResourceId: identity.resourceId\n",
        "'SystemAssignedIdentity'\n",
    ),
    ("the_app_runs_as_flex_consumption_wants_it", PROCESSOR, "version: '3.12'", "version: '3.9'"),
    (
        "the_app_runs_as_flex_consumption_wants_it",
        PROCESSOR,
        "storageNames.deployments",
        "storageNames.results",
    ),
    (
        "the_app_runs_as_flex_consumption_wants_it",
        PROCESSOR,
        "publicNetworkAccess: 'Enabled'",
        "publicNetworkAccess: 'Disabled'",
    ),
    (
        "the_app_has_as_many_instances_as_answered",
        "profiles.bicep",
        "alwaysReady: 2",
        "alwaysReady: 1",
    ),
    (
        "the_app_has_as_many_instances_as_answered",
        PROCESSOR,
        "'function:process_document'",
        "'function:process'",
    ),
    (
        "the_app_is_told_what_it_reads",
        PROCESSOR,
        "ServiceBus__fullyQualifiedNamespace: serviceBusHost",
        "ServiceBus__fullyQualifiedNamespace: eventHubsHost",
    ),
    (
        "the_app_is_told_what_it_reads",
        PROCESSOR,
        "      EventHubs__credential: 'managedidentity'\n",
        "",
    ),
    (
        "the_app_is_told_what_it_reads",
        PROCESSOR,
        "      OTEL_SERVICE_NAME: 'processor'\n",
        "      FUNCTIONS_WORKER_RUNTIME: 'python'\n      OTEL_SERVICE_NAME: 'processor'\n",
    ),
]
WEAKENINGS += [
    Weakening(rule, file, old, new, answers=EVENT_DRIVEN) for rule, file, old, new in PIPELINE
]
WEAKENINGS.append(
    Weakening(
        "roles_are_the_narrowest_and_no_more",
        STORAGE,
        "'ba92f5b4-2d11-453d-a403-e96b0029c9fe'",
        "'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'",
        "dev",
        answers=EVENT_DRIVEN,
    )
)


FRONT_DOOR = "core/edge/front-door.bicep"
FRONT_DOOR_FIREWALL = "core/edge/front-door-firewall.bicep"
ROUTES = "core/edge/front-door-routes.bicep"
FRONT_DOOR_MATCH = "{ matchVariable: 'RequestUri', operator: 'Any', matchValue: [] }"
GATEWAY_MATCH = "{ matchVariables: [{ variableName: 'RequestUri' }], operator: 'Any' }"
ALLOW_ALL = "name: 'all', priority: 1, ruleType: 'MatchRule', action: 'Allow'"
BEHIND_FRONT_DOOR: list[tuple[str, str, str, str]] = [
    (
        "nothing_answers_the_internet_but_the_edge",
        "stamp.bicep",
        "publicNetworkAccess: settings.edge ? 'Disabled' : 'Enabled'",
        "publicNetworkAccess: 'Enabled'",
    ),
    (
        "nothing_answers_the_internet_but_the_edge",
        "profiles.bicep",
        "  edge: true",
        "  edge: false",
    ),
    (
        "users_see_one_address",
        "stamp.bicep",
        "allowedOrigin: settings.edge ? publicBaseUrl! : web.outputs.uri",
        "allowedOrigin: web.outputs.uri",
    ),
    (
        "users_see_one_address",
        "main.bicep",
        "settings.edge ? publicBaseUrl : stamp.outputs.webUri",
        "stamp.outputs.webUri",
    ),
    ("the_firewall_blocks", FRONT_DOOR_FIREWALL, "'Prevention'", "'Detection'"),
    (
        "the_firewall_blocks",
        FRONT_DOOR_FIREWALL,
        "requestBodyCheck: 'Enabled'",
        "requestBodyCheck: 'Disabled'",
    ),
    ("the_firewall_blocks", FRONT_DOOR_FIREWALL, "'2.2'", "'2.1'"),
    ("the_firewall_blocks", FRONT_DOOR_FIREWALL, "ruleSetAction: 'Block'", "ruleSetAction: 'Log'"),
    (
        "the_firewall_overlooks_prompts_and_nothing_else",
        FRONT_DOOR_FIREWALL,
        "ids: ['930120']",
        "ids: ['930120', '930110']",
    ),
    (
        "the_firewall_overlooks_prompts_and_nothing_else",
        FRONT_DOOR_FIREWALL,
        "enabledState: 'Enabled'\n                action",
        "enabledState: 'Disabled'\n                action",
    ),
    (
        "the_firewall_overlooks_prompts_and_nothing_else",
        FRONT_DOOR_FIREWALL,
        "selector: 'messages'",
        "selector: 'm'",
    ),
    (
        "the_firewall_bounds_what_one_address_costs",
        FRONT_DOOR_FIREWALL,
        "rateLimitThreshold: 300",
        "rateLimitThreshold: 3000",
    ),
    (
        "the_firewall_bounds_what_one_address_costs",
        FRONT_DOOR_FIREWALL,
        "transforms: ['UrlDecode', 'Lowercase']",
        "transforms: []",
    ),
    (
        "the_firewall_bounds_what_one_address_costs",
        FRONT_DOOR_FIREWALL,
        "          action: 'Block'\n        }\n      ]\n    }\n    managedRules",
        "          action: 'Log'\n        }\n      ]\n    }\n    managedRules",
    ),
    (
        "the_firewall_blocks",
        FRONT_DOOR_FIREWALL,
        "mode: 'Prevention'\n",
        "mode: 'Prevention'\n      customBlockResponseStatusCode: 200\n",
    ),
    (
        "the_firewall_overlooks_prompts_and_nothing_else",
        FRONT_DOOR_FIREWALL,
        "ruleGroupName: misreading.group",
        """ruleGroupName: misreading.group
              exclusions: [
                {
                  matchVariable: 'QueryStringArgNames'
                  selectorMatchOperator: 'EqualsAny'
                  selector: '*'
                }
              ]""",
    ),
    (
        "the_firewall_overlooks_prompts_and_nothing_else",
        FRONT_DOOR_FIREWALL,
        "action: 'AnomalyScoring'",
        "action: 'Allow'",
    ),
    (
        "the_firewall_overlooks_prompts_and_nothing_else",
        FRONT_DOOR_FIREWALL,
        "action: 'AnomalyScoring'",
        "action: 'Log'",
    ),
    (
        "prompts_stay_out_of_the_logs_of_the_firewall",
        FRONT_DOOR_FIREWALL,
        "matchVariable: 'RequestBodyJsonArgNames'\n            sel",
        "matchVariable: 'RequestCookieNames'\n            sel",
    ),
    (
        "the_firewall_bounds_what_one_address_costs",
        FRONT_DOOR_FIREWALL,
        "      rules: [\n",
        f"      rules: [\n{{ {ALLOW_ALL}, matchConditions: [{FRONT_DOOR_MATCH}] }}\n",
    ),
    (
        "front_door_puts_its_firewall_before_every_host_name",
        FRONT_DOOR,
        "[{ id: endpoint.id }, { id: domain.id }]",
        "[{ id: endpoint.id }]",
    ),
    (
        "front_door_puts_its_firewall_before_every_host_name",
        FRONT_DOOR,
        "name: 'Premium_AzureFrontDoor'",
        "name: 'Standard_AzureFrontDoor'",
    ),
    (
        "front_door_serves_the_host_name_of_the_owner_alone",
        ROUTES,
        "empty(customDomain) ? 'Enabled' : 'Disabled'",
        "'Enabled'",
    ),
    (
        "front_door_serves_the_host_name_of_the_owner_alone",
        FRONT_DOOR,
        "'TLS12_2023'",
        "'TLS12_2022'",
    ),
    (
        "front_door_reaches_the_api_by_a_private_link",
        "main.bicep",
        "groupId: 'managedEnvironments'",
        "groupId: 'sites'",
    ),
    (
        "front_door_reaches_the_api_by_a_private_link",
        ROUTES,
        "'Front Door ${frontDoorId}'",
        "'Front Door ${length(frontDoorId)}'",
    ),
    ("front_door_calls_the_apps_by_their_names", ROUTES, "originHostHeader: webHost\n", ""),
    (
        "front_door_calls_the_apps_by_their_names",
        ROUTES,
        "enforceCertificateNameCheck: true",
        "enforceCertificateNameCheck: false",
    ),
    (
        "front_door_probes_whether_the_api_can_serve",
        ROUTES,
        "probePath: '/health/ready'",
        "probePath: '/health'",
    ),
    (
        "front_door_routes_the_api_and_caches_what_never_changes",
        ROUTES,
        "cacheConfiguration: null",
        "cacheConfiguration: { queryStringCachingBehavior: 'IgnoreQueryString' }",
    ),
    (
        "front_door_routes_the_api_and_caches_what_never_changes",
        ROUTES,
        "      '/health'\n",
        "",
    ),
    (
        "front_door_speaks_https_and_waits_for_streams",
        ROUTES,
        "httpsRedirect: 'Enabled'",
        "httpsRedirect: 'Disabled'",
    ),
    (
        "front_door_speaks_https_and_waits_for_streams",
        FRONT_DOOR,
        "originResponseTimeoutSeconds: 240",
        "originResponseTimeoutSeconds: 60",
    ),
    (
        "the_api_knows_its_front_door",
        "app/api-gateway.bicep",
        "FRONT_DOOR_ID: peers.?frontDoorId ?? ''",
        "FRONT_DOOR_ID: peers.allowedOrigin",
    ),
]
WEAKENINGS += [
    Weakening(
        rule,
        file,
        old,
        new,
        variables={"AZURE_CUSTOM_DOMAIN": "ai.example.com"},
        answers={"edge": "front-door"},
    )
    for rule, file, old, new in BEHIND_FRONT_DOOR
]
WEAKENINGS.append(
    Weakening(
        "front_door_reaches_the_api_by_a_private_link",
        ROUTES,
        "nearestPrivateLinks[?location] ?? location",
        "location",
        variables={"AZURE_LOCATION": "italynorth"},
        answers={"edge": "front-door"},
    )
)

GATEWAY = "core/edge/application-gateway.bicep"
GATEWAY_FIREWALL = "core/edge/application-gateway-firewall.bicep"
LOGGED_ONLY = "{ ruleGroupName: 'SQLI', rules: [{ ruleId: '942110', action: 'Log' }] }"
EDGE_GROUPS = "core/network/edge-security-groups.bicep"
BEHIND_APPLICATION_GATEWAY: list[tuple[str, str, str, str]] = [
    ("the_firewall_blocks", GATEWAY_FIREWALL, "'Prevention'", "'Detection'"),
    ("the_firewall_blocks", GATEWAY_FIREWALL, "requestBodyCheck: true", "requestBodyCheck: false"),
    (
        "the_firewall_overlooks_prompts_and_nothing_else",
        GATEWAY_FIREWALL,
        "              ruleGroups: rulesThatMisreadPrompts\n",
        "",
    ),
    (
        "the_firewall_bounds_what_one_address_costs",
        GATEWAY_FIREWALL,
        "rateLimitDuration: 'OneMin'",
        "rateLimitDuration: 'FiveMins'",
    ),
    (
        "the_firewall_bounds_what_one_address_costs",
        GATEWAY_FIREWALL,
        "variableName: 'ClientAddr'",
        "variableName: 'GeoLocation'",
    ),
    (
        "the_firewall_blocks",
        GATEWAY_FIREWALL,
        "requestBodyEnforcement: false",
        "requestBodyEnforcement: true",
    ),
    (
        "the_firewall_blocks",
        GATEWAY_FIREWALL,
        "    managedRules: {\n",
        "    managedRules: {\n      exceptions: [{ matchVariable: 'RequestURI' }]\n",
    ),
    (
        "the_firewall_overlooks_prompts_and_nothing_else",
        GATEWAY_FIREWALL,
        "ruleSetVersion: '2.2'\n        }",
        f"ruleSetVersion: '2.2'\n          ruleGroupOverrides: [{LOGGED_ONLY}]\n        }}",
    ),
    (
        "prompts_stay_out_of_the_logs_of_the_firewall",
        GATEWAY_FIREWALL,
        "matchVariable: 'RequestJSONArgNames'",
        "matchVariable: 'RequestCookieNames'",
    ),
    (
        "the_firewall_bounds_what_one_address_costs",
        GATEWAY_FIREWALL,
        "customRules: [\n",
        f"customRules: [\n{{ {ALLOW_ALL}, matchConditions: [{GATEWAY_MATCH}] }}\n",
    ),
    (
        "the_firewall_bounds_what_one_address_costs",
        GATEWAY_FIREWALL,
        "operator: 'Contains'",
        "negationConditon: true\n            operator: 'Contains'",
    ),
    ("the_application_gateway_is_redundant", GATEWAY, "minCapacity: 2", "minCapacity: 0"),
    ("the_application_gateway_is_redundant", GATEWAY, "    '3'\n", ""),
    (
        "the_application_gateway_speaks_https_alone",
        GATEWAY,
        "AppGwSslPolicy20220101S",
        "AppGwSslPolicy20170401",
    ),
    (
        "the_application_gateway_speaks_https_alone",
        GATEWAY,
        "port: 443\n          pick",
        "port: 80\n          pick",
    ),
    (
        "the_application_gateway_speaks_https_alone",
        GATEWAY,
        "redirectType: 'Permanent'",
        "redirectType: 'Temporary'",
    ),
    (
        "the_application_gateway_reads_one_certificate",
        "core/edge/certificate.bicep",
        "scope: keyVault::secret",
        "scope: keyVault",
    ),
    (
        "the_application_gateway_reads_one_certificate",
        "core/edge/certificate.bicep",
        "secrets/${secretName}'",
        "secrets/${secretName}/1'",
    ),
    ("the_application_gateway_routes_to_the_apps", GATEWAY, "'/api/*'", "'/*'"),
    (
        "the_application_gateway_probes_whether_apps_can_serve",
        GATEWAY,
        "'/health/ready'",
        "'/health'",
    ),
    (
        "the_application_gateway_lets_streams_through",
        GATEWAY,
        "enableResponseBuffering: false",
        "enableResponseBuffering: true",
    ),
    (
        "the_application_gateway_lets_streams_through",
        GATEWAY,
        "var requestTimeoutSeconds = 240",
        "var requestTimeoutSeconds = 30",
    ),
    (
        "the_application_gateway_has_a_subnet_of_its_own",
        NETWORK,
        "cidrSubnet(addressPrefix, 24, 2)",
        "cidrSubnet(addressPrefix, 28, 32)",
    ),
    (
        "security_groups_allow_what_is_needed_and_nothing_else",
        EDGE_GROUPS,
        "'65200-65535'",
        "'65200-65534'",
    ),
    (
        "security_groups_allow_what_is_needed_and_nothing_else",
        EDGE_GROUPS,
        "sourceAddressPrefix: applicationGatewayAddressPrefix",
        "sourceAddressPrefix: 'AzureCloud'",
    ),
    (
        "security_groups_deny_the_rest",
        EDGE_GROUPS,
        "access: 'Deny'\n          protocol: '*'",
        "access: 'Deny'\n          protocol: 'Tcp'",
    ),
    *(
        (
            "security_groups_deny_the_rest",
            EDGE_GROUPS,
            "      {\n        name: 'AllowUsersInbound'",
            f"""      {{
        name: 'DenyFirst'
        properties: {{
          priority: 90
          direction: '{direction}'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '{source}'
          sourcePortRange: '*'
          destinationAddressPrefix: '{destination}'
          destinationPortRange: '*'
        }}
      }}
      {{
        name: 'AllowUsersInbound'""",
        )
        for direction, source, destination in (
            ("Outbound", "*", "Internet"),
            ("Inbound", "GatewayManager", "*"),
        )
    ),
    (
        "security_groups_hold_for_private_endpoints",
        NETWORK,
        "edgeEndpointsId\n          }\n          privateEndpointNetworkPolicies",
        "edgeEndpointsId\n          }\n          privateLinkServiceNetworkPolicies",
    ),
    (
        "the_application_gateway_reaches_the_api_privately",
        "stamp.bicep",
        "'privatelink.${location}.azurecontainerapps.io'",
        "'privatelink.azurecontainerapps.io'",
    ),
]
WEAKENINGS += [
    Weakening(rule, file, old, new, answers={"edge": "application-gateway"})
    for rule, file, old, new in BEHIND_APPLICATION_GATEWAY
]

# Before functions: what the pattern has of its own.
PROCESSOR = "app/processor.bicep"
FUNCTIONS_BEHIND_FRONT_DOOR: list[tuple[str, str, str, str]] = [
    (
        "the_app_is_closed_but_for_deployments",
        PROCESSOR,
        "behindEdge ? 'Deny' : 'Allow'",
        "'Allow'",
    ),
    (
        "the_app_is_closed_but_for_deployments",
        PROCESSOR,
        "scmIpSecurityRestrictionsUseMain: false",
        "scmIpSecurityRestrictionsUseMain: true",
    ),
    (
        "the_app_is_closed_but_for_deployments",
        PROCESSOR,
        "ipSecurityRestrictionsDefaultAction: behindEdge",
        """ipSecurityRestrictions: [{ action: 'Allow', ipAddress: '0.0.0.0/0' }]
      ipSecurityRestrictionsDefaultAction: behindEdge""",
    ),
    (
        "the_app_is_closed_but_for_deployments",
        PROCESSOR,
        "publicNetworkAccess: 'Enabled'",
        "publicNetworkAccess: 'Disabled'",
    ),
    (
        "users_see_one_address",
        "main.bicep",
        "settings.edge ? publicBaseUrl : stamp.outputs.processorUri",
        "stamp.outputs.processorUri",
    ),
    (
        "front_door_reaches_the_api_by_a_private_link",
        "main.bicep",
        "groupId: 'sites'",
        "groupId: 'sites-staging'",
    ),
    (
        "front_door_probes_whether_the_api_can_serve",
        ROUTES,
        "'/api/health/ready'",
        "'/api/health'",
    ),
    (
        "front_door_routes_the_api_and_caches_what_never_changes",
        ROUTES,
        "'/api/*'",
        "'/*'",
    ),
    (
        "the_api_knows_its_front_door",
        PROCESSOR,
        "FRONT_DOOR_ID: frontDoorId ?? ''",
        "FRONT_DOOR_ID: ''",
    ),
]
FUNCTIONS_BEHIND_APPLICATION_GATEWAY: list[tuple[str, str, str, str]] = [
    (
        "the_app_is_closed_but_for_deployments",
        PROCESSOR,
        "scmIpSecurityRestrictionsDefaultAction: 'Allow'",
        "scmIpSecurityRestrictionsDefaultAction: 'Deny'",
    ),
    (
        "the_application_gateway_routes_to_the_apps",
        GATEWAY,
        "backendAddressPools', name, nobody.name)",
        "backendAddressPools', name, 'processor')",
    ),
    (
        "the_application_gateway_probes_whether_apps_can_serve",
        GATEWAY,
        "'/api/health/ready'",
        "'/api/health'",
    ),
    (
        "the_application_gateway_reaches_the_api_privately",
        "core/network/private-dns-zones.json",
        "privatelink.azurewebsites.net",
        "privatelink.scm.azurewebsites.net",
    ),
    (
        "every_data_service_has_its_private_endpoints",
        "stamp.bicep",
        "resourceId: processor.outputs.id",
        "resourceId: keyVault.outputs.name",
    ),
]
WEAKENINGS += [
    Weakening(rule, file, old, new, answers={**EVENT_DRIVEN, "edge": edge})
    for edge, weakenings in (
        ("front-door", FUNCTIONS_BEHIND_FRONT_DOOR),
        ("application-gateway", FUNCTIONS_BEHIND_APPLICATION_GATEWAY),
    )
    for rule, file, old, new in weakenings
]


POLICIES = "core/governance/policy-assignments.bicep"
ROLES, INTERNET = "../docs/reference/roles.md", "../docs/reference/internet.md"
WEAKENINGS += [
    # Content filter.
    *(
        Weakening("models_block_harm_attacks_and_works_of_others", MODEL, old, new)
        for old, new in (
            ("    raiPolicyName: contentFilter.name\n", ""),
            ("  { name: 'Jailbreak', source: 'Prompt' }\n", ""),
            ("name: 'Indirect Attack', source: 'Prompt'", "name: 'Jailbreak', source: 'Prompt'"),
            ("name: 'Protected Material Code'", "name: 'Protected Material Text'"),
            ("severityThreshold: 'Medium'", "severityThreshold: 'High'"),
            ("'Microsoft.DefaultV2'", "'Microsoft.Default'"),
            (
                "{ ...shield, enabled: true, blocking: true }",
                "{ ...shield, enabled: true, blocking: false }",
            ),
            ("mode: 'Blocking'", "mode: 'Asynchronous_filter'"),
        )
    ),
    # Policies.
    Weakening(
        "policies_follow_the_profile",
        "profiles.bicep",
        "policyEffect: 'Deny'",
        "policyEffect: 'Audit'",
    ),
    Weakening(
        "policies_follow_the_profile",
        "profiles.bicep",
        "  policyEffect: 'Audit'\n",
        "  policyEffect: 'Deny'\n",
        "dev",
    ),
    Weakening(
        "policies_follow_the_profile",
        POLICIES,
        "  'logs-without-keys': 'e15effd4-2278-4c65-a0da-4d6f6d1890e2'\n",
        "",
    ),
    Weakening("policies_follow_the_profile", POLICIES, "'e15effd4-", "'f15effd4-"),
    Weakening(
        "policies_follow_the_profile",
        POLICIES,
        "      policyDefinitionId",
        "      enforcementMode: 'DoNotEnforce'\n      policyDefinitionId",
    ),
    Weakening("policies_follow_the_profile", POLICIES, "(privateNetwork ?", "(!privateNetwork ?"),
    *(
        Weakening("policies_refuse_nothing_of_the_repository", file, old, new, answers=answers)
        for file, old, new, answers in (
            (ACCOUNT, "disableLocalAuth: true", "disableLocalAuth: false", DEFAULT),
            (
                ACCOUNT,
                "publicNetworkAccess: publicNetworkAccess",
                "publicNetworkAccess: 'Enabled'",
                DEFAULT,
            ),
            (VAULT, "enableRbacAuthorization: true", "enableRbacAuthorization: false", DEFAULT),
            (VAULT, "settings.purgeProtection ? true : null", "null", DEFAULT),
            (VAULT, "location: location", "location: 'westus'", DEFAULT),
            (LOGS, "      disableLocalAuth: true\n", "", DEFAULT),
            (INSIGHTS, "DisableLocalAuth: true", "DisableLocalAuth: false", DEFAULT),
            (REGISTRY, "adminUserEnabled: false", "adminUserEnabled: true", DEFAULT),
            (REGISTRY, "anonymousPullEnabled: false", "anonymousPullEnabled: true", DEFAULT),
            (APP, "allowInsecure: false", "allowInsecure: true", DEFAULT),
            (
                "core/data/storage.bicep",
                "minimumTlsVersion: 'TLS1_2'",
                "minimumTlsVersion: 'TLS1_0'",
                EVENT_DRIVEN,
            ),
            (
                "core/data/storage.bicep",
                "supportsHttpsTrafficOnly: true",
                "supportsHttpsTrafficOnly: false",
                EVENT_DRIVEN,
            ),
            (
                "core/data/storage.bicep",
                "allowSharedKeyAccess: false",
                "allowSharedKeyAccess: true",
                EVENT_DRIVEN,
            ),
            (
                "core/messaging/service-bus.bicep",
                "disableLocalAuth: true",
                "disableLocalAuth: false",
                EVENT_DRIVEN,
            ),
            (
                "core/messaging/event-hubs.bicep",
                "disableLocalAuth: true",
                "disableLocalAuth: false",
                EVENT_DRIVEN,
            ),
            (
                "core/messaging/event-hubs.bicep",
                "publicNetworkAccess: publicNetworkAccess",
                "publicNetworkAccess: 'Enabled'",
                EVENT_DRIVEN,
            ),
            ("app/processor.bicep", "httpsOnly: true", "httpsOnly: false", EVENT_DRIVEN),
        )
    ),
    Weakening(
        "policies_refuse_nothing_of_the_repository",
        "core/edge/front-door.bicep",
        "minimumTlsVersion: 'TLS12'",
        "minimumTlsVersion: 'TLS10'",
        variables={"AZURE_CUSTOM_DOMAIN": "ai.example.com"},
        answers={"edge": "front-door"},
    ),
    Weakening(
        "policies_allow_no_other_region",
        "main.bicep",
        "[location, ...map(items(serviceLocations), service => service.value)]",
        "[location]",
    ),
    Weakening(
        "policies_allow_no_other_region",
        POLICIES,
        "!empty(location)), [])",
        "!empty(location)), ['westus'])",
    ),
    Weakening(
        "policies_come_before_what_they_judge",
        "shared.bicep",
        "module policyAssignments ",
        "module assignments ",
    ),
    # Logs.
    Weakening(
        "logs_are_kept",
        "core/data/storage.bicep",
        "scope: account::tables\n",
        "scope: account\n",
        answers=EVENT_DRIVEN,
    ),
    Weakening("logs_are_kept", LOGS, "categoryGroup: 'audit'", "categoryGroup: 'other'"),
    Weakening(
        "every_type_is_logged_or_says_why_not",
        HOST,
        "resource logs ",
        "resource plan 'Microsoft.Web/hostingEnvironments@2024-04-01' = {\n  name: 'ase'\n"
        "  location: location\n  properties: { virtualNetwork: { id: subnetId! } }\n}\n"
        "resource logs ",
    ),
    # Residency.
    Weakening("everything_stays_where_answered", LOGS, "location: location", "location: 'westus'"),
    Weakening("everything_stays_where_answered", HOST, "location: location", "location: 'global'"),
    Weakening(
        "nothing_is_copied_to_another_region",
        "core/data/storage.bicep",
        "    name: settings.sku\n",
        "    name: 'Standard_GRS'\n",
        answers=EVENT_DRIVEN,
    ),
    Weakening(
        "nothing_is_copied_to_another_region",
        "core/data/storage.bicep",
        "    allowCrossTenantReplication: false\n",
        "",
        answers=EVENT_DRIVEN,
    ),
    Weakening(
        "nothing_is_copied_to_another_region",
        LOGS,
        "    features: {",
        "    replication: { enabled: true, location: 'westus' }\n    features: {",
    ),
    Weakening(
        "nothing_leaves_the_data_zone",
        LOGS,
        "location: location",
        "location: 'eastus'",
        answers=DATA_ZONE,
    ),
    Weakening(
        "nothing_leaves_the_data_zone",
        "stamp.bicep",
        "openAi: '' | dataZoneRegion",
        "openAi: string",
        answers=DATA_ZONE,
    ),
    Weakening(
        "nothing_leaves_the_data_zone",
        "main.bicep",
        "param location dataZoneRegion",
        "param location string",
        answers=DATA_ZONE,
    ),
    Weakening(
        "prompts_stay_in_the_zone",
        MODEL,
        "name: settings.sku",
        "name: 'GlobalStandard'",
        answers=DATA_ZONE,
    ),
    # What the repository says of itself.
    Weakening(
        "the_table_of_roles_is_true",
        "stamp.bicep",
        "...developers]",
        "...developers, ...developers]",
        "dev",
    ),
    Weakening(
        "the_table_of_roles_is_true",
        ROLES,
        "| chat-service | AcrPull | container registry | dev, prod | starts from its image |\n",
        "",
    ),
    Weakening(
        "the_table_of_roles_is_true",
        ROLES,
        "on a laptop |\n",
        "on a laptop |\n| web | AcrPull | key vault | prod | never |\n",
    ),
    Weakening(
        "the_table_of_roles_is_true",
        ROLES,
        "container registry | dev, prod",
        "container registry | dev",
    ),
    Weakening(
        "the_table_of_what_is_open_is_true", APP, "external: workload.external", "external: true"
    ),
    Weakening(
        "the_table_of_what_is_open_is_true",
        VAULT,
        "publicNetworkAccess: publicNetworkAccess",
        "publicNetworkAccess: 'Enabled'",
    ),
    Weakening(
        "the_table_of_what_is_open_is_true",
        INTERNET,
        "| key vault | dev |",
        "| key vault | dev, prod |",
    ),
    Weakening(
        "the_table_of_what_is_open_is_true", INTERNET, "| container registry |", "| registry |"
    ),
    *(
        Weakening("the_table_of_what_is_open_is_true", file, old, new, answers=EVENT_DRIVEN)
        for file, old, new in (
            (STORAGE, "bypass: 'AzureServices'", "bypass: 'None'"),
            (SERVICE_BUS, "      trustedServiceAccessEnabled: true\n", ""),
            (INTERNET, "| Service Bus namespace | prod |", "| Event Hubs namespace | prod |"),
        )
    ),
    Weakening(
        "the_table_of_what_is_open_is_true",
        VAULT,
        "bypass: 'None'",
        "bypass: 'AzureServices'",
    ),
    Weakening(
        "the_table_of_what_is_open_is_true",
        "core/network/nat-gateway.bicep",
        "      {\n        id: publicIpAddress.id\n      }\n",
        "",
    ),
]


def test_every_rule_has_a_weakening_that_it_catches() -> None:
    assert RULES.keys() == {weakening.rule for weakening in WEAKENINGS}


@pytest.mark.parametrize("weakening", WEAKENINGS, ids=str)
def test_a_weakening_is_caught(
    rendering: Render, evaluated: Evaluate, tmp_path: Path, weakening: Weakening
) -> None:
    rule = RULES[weakening.rule]
    assert list(rule(evaluated(weakening.answers, weakening.kind, **weakening.variables))) == []
    source = rendering(weakening.answers)
    weaken(source, tmp_path, weakening)
    compilation = compiled_with(tmp_path, weakening.file, source)
    assert list(rule(environment(tmp_path, weakening.kind, compilation, **weakening.variables)))


@pytest.mark.parametrize("file", [VAULT, APP, "stamp.bicep"])
def test_a_module_that_is_put_in_place_is_as_good_as_compiled_with_the_rest(
    rendering: Render, tmp_path: Path, file: str
) -> None:
    source = rendering(DEFAULT)
    weaken(source, tmp_path, next(found for found in WEAKENINGS if found.file == file))
    alone = environment(tmp_path, "prod", compiled_with(tmp_path, file, source)).evaluation
    together = environment(tmp_path, "prod").evaluation
    assert (alone.resources, alone.outputs) == (together.resources, together.outputs)
    assert alone.resources != environment(source, "prod").resources


def weaken(source: Path, copied: Path, weakening: Weakening) -> None:
    """Copy what the rules read of a rendering, and weaken the copy."""
    shutil.copytree(source / "infra", copied / "infra")
    shutil.copytree(source / "docs/reference", copied / "docs/reference")
    shutil.copy(source / ".copier-answers.yml", copied)
    file = copied / "infra" / weakening.file
    text = file.read_text()
    assert weakening.old in text, f"{weakening.file} has changed: renew this weakening"
    file.write_text(text.replace(weakening.old, weakening.new))
