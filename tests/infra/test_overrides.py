"""Each azd variable reaches the resource it is for, and nothing else."""

import json
from typing import Any

import pytest

from azd_ai_scaffold.evaluation import EvaluationError
from tests.evaluated import DEVELOPER, Environment
from tests.infra.conftest import Evaluate
from tests.infra.rules import DEPENDENT
from tests.matrix import DEFAULT, EVENT_DRIVEN

DATA_ZONE: dict[str, object] = {
    "chat_model": "gpt-5.5",
    "data_residency": "data-zone",
    "location": "francecentral",
}
APPS = ("api-gateway", "chat-service", "vision-service", "text-service")
CPU = "properties/template/containers/0/resources/cpu"
MEMORY = "properties/template/containers/0/resources/memory"

Change = tuple[str, str, object]


def on_every_app(path: str, value: object) -> set[Change]:
    """The same change of each container app."""
    return {(f"containerApps:{service}", path, value) for service in APPS}


# Variable, its value, and what it changes: resource, path in it, new value.
OVERRIDES: list[tuple[str, str, set[Change]]] = [
    ("AZURE_OPENAI_SKU", "DataZoneStandard", {("deployments", "sku/name", "DataZoneStandard")}),
    ("AZURE_OPENAI_SKU", "Standard", {("deployments", "sku/name", "Standard")}),
    ("AZURE_OPENAI_SKU", "S0", set()),
    ("AZURE_OPENAI_CAPACITY", "77", {("deployments", "sku/capacity", 77)}),
    ("AZURE_OPENAI_CAPACITY", "0", set()),
    ("CONTAINER_CPU", "1.75", on_every_app(CPU, 1.75)),
    ("CONTAINER_MEMORY", "3.5Gi", on_every_app(MEMORY, "3.5Gi")),
    ("CONTAINER_MEMORY", "3.5", on_every_app(MEMORY, "3.5Gi")),
    ("AZURE_OPENAI_LOCATION", "eastus2", {("accounts:OpenAI", "location", "eastus2")}),
    ("AZURE_VISION_LOCATION", "eastus", {("accounts:ComputerVision", "location", "eastus")}),
    (
        "AZURE_DOCUMENT_INTELLIGENCE_LOCATION",
        "westeurope",
        {("accounts:FormRecognizer", "location", "westeurope")},
    ),
    (
        "AZURE_STATIC_WEB_APP_LOCATION",
        "eastasia",
        {("staticSites:web", "location", "eastasia")},
    ),
]

SCALE = "properties/functionAppConfig/scaleAndConcurrency"
OVERRIDES_OF_A_PIPELINE: list[tuple[str, str, set[Change]]] = [
    (
        "FUNCTION_INSTANCE_MEMORY",
        "4096",
        {("sites:processor", f"{SCALE}/instanceMemoryMB", 4096)},
    ),
    (
        "FUNCTION_MAXIMUM_INSTANCES",
        "77",
        {("sites:processor", f"{SCALE}/maximumInstanceCount", 77)},
    ),
    ("FUNCTION_MAXIMUM_INSTANCES", "", set()),
    ("AZURE_OPENAI_CAPACITY", "77", {("deployments", "sku/capacity", 77)}),
    ("AZURE_OPENAI_LOCATION", "eastus2", {("accounts:OpenAI", "location", "eastus2")}),
    (
        "AZURE_DOCUMENT_INTELLIGENCE_LOCATION",
        "westeurope",
        {("accounts:FormRecognizer", "location", "westeurope")},
    ),
]

# Every variable but the three that have no default, as a pipeline passes those that are not set.
OPTIONAL = [
    "AZURE_RESOURCE_TOKEN",
    "AZURE_TAGS",
    "SERVICE_API_GATEWAY_RESOURCE_EXISTS",
    "SERVICE_CHAT_SERVICE_RESOURCE_EXISTS",
    "SERVICE_VISION_SERVICE_RESOURCE_EXISTS",
    "SERVICE_TEXT_SERVICE_RESOURCE_EXISTS",
    "CONTAINER_CPU",
    "CONTAINER_MEMORY",
    "AZURE_KEY_VAULT_SKU",
    "AZURE_POLICY_EFFECT",
    "AZURE_VNET_ADDRESS_PREFIX",
    "AZURE_OPENAI_SKU",
    "AZURE_OPENAI_CAPACITY",
    "AZURE_OPENAI_LOCATION",
    "AZURE_VISION_LOCATION",
    "AZURE_DOCUMENT_INTELLIGENCE_LOCATION",
    "AZURE_STATIC_WEB_APP_LOCATION",
]


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of a JSON value by path."""
    if isinstance(value, dict) and value:
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and value:
        items = [(str(index), item) for index, item in enumerate(value)]
    else:
        return {path: value}
    return {
        name: leaf
        for key, item in items
        for name, leaf in flat(item, f"{path}/{key}" if path else key).items()
    }


def contents(environment: Environment) -> dict[tuple[str, str, str], Any]:
    """Every leaf of every resource and of the outputs: label, id, path."""
    leaves = {
        (environment.label(resource), resource.id, path): value
        for resource in environment.resources
        for path, value in flat(dict(resource.body)).items()
        if "/listOfAllowedLocations/" not in path  # policies_allow_no_other_region
    }
    outputs = flat(dict(environment.evaluation.outputs)).items()
    return leaves | {("outputs", "", path): value for path, value in outputs}


def changes(before: Environment, after: Environment) -> set[Change]:
    """What differs between two environments; a leaf that is gone is None."""
    old, new = contents(before), contents(after)
    return {(key[0], key[2], new.get(key)) for key in old | new if old.get(key) != new.get(key)}


@pytest.mark.parametrize("kind", ["dev", "prod"])
@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    OVERRIDES,
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_a_variable_reaches_its_resource_and_nothing_else(
    evaluated: Evaluate, variable: str, value: str, expected: set[Change], kind: str
) -> None:
    before, after = evaluated(DEFAULT, kind), evaluated(DEFAULT, kind, **{variable: value})
    assert changes(before, after) == expected


@pytest.mark.parametrize("kind", ["dev", "prod"])
@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    OVERRIDES_OF_A_PIPELINE,
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_a_variable_of_a_pipeline_reaches_its_resource_and_nothing_else(
    evaluated: Evaluate, variable: str, value: str, expected: set[Change], kind: str
) -> None:
    before = evaluated(EVENT_DRIVEN, kind)
    after = evaluated(EVENT_DRIVEN, kind, **{variable: value})
    assert changes(before, after) == expected


@pytest.mark.parametrize(("kind", "sku"), [("dev", "premium"), ("prod", "standard")])
def test_the_tier_of_the_vault_and_nothing_else(evaluated: Evaluate, kind: str, sku: str) -> None:
    before, after = evaluated(DEFAULT, kind), evaluated(DEFAULT, kind, AZURE_KEY_VAULT_SKU=sku)
    assert changes(before, after) == {("vaults", "properties/sku/name", sku)}


@pytest.mark.parametrize(("kind", "effect"), [("dev", "Deny"), ("prod", "Audit")])
def test_the_effect_of_every_policy_and_nothing_else(
    evaluated: Evaluate, kind: str, effect: str
) -> None:
    before, after = evaluated(DEFAULT, kind), evaluated(DEFAULT, kind, AZURE_POLICY_EFFECT=effect)
    path = "properties/parameters/effect/value"
    assert changes(before, after) == {("policyAssignments", path, effect)}


def test_the_addresses_of_the_network_and_nothing_else(evaluated: Evaluate) -> None:
    before = evaluated(DEFAULT, "prod")
    after = evaluated(DEFAULT, "prod", AZURE_VNET_ADDRESS_PREFIX="10.20.4.0/22")
    found = changes(before, after)
    assert {value for label, _, value in found if label == "virtualNetworks"} == {
        "10.20.4.0/22",
        "10.20.4.0/23",
        "10.20.7.0/26",
    }
    assert {label for label, _, _ in found} == {"virtualNetworks", "networkSecurityGroups"}
    dev = evaluated(DEFAULT, "dev", AZURE_VNET_ADDRESS_PREFIX="10.20.4.0/22")
    assert changes(evaluated(DEFAULT, "dev"), dev) == set()


@pytest.mark.parametrize("kind", ["dev", "prod"])
def test_tags_reach_every_resource_and_nothing_else(evaluated: Evaluate, kind: str) -> None:
    before = evaluated(DEFAULT, kind)
    after = evaluated(DEFAULT, kind, AZURE_TAGS=json.dumps({"cost-center": "ai"}))
    tagged = {
        (before.label(resource), "tags/cost-center", "ai")
        for resource in before.resources
        if resource.type not in DEPENDENT
    }
    found = changes(before, after)
    # Where there was no tag, an empty object has become one with the tag.
    assert {change for change in found if change[1] != "tags"} == tagged


@pytest.mark.parametrize("kind", ["dev", "prod"])
def test_the_token_is_in_every_name_and_nowhere_else(evaluated: Evaluate, kind: str) -> None:
    before = evaluated(DEFAULT, kind)
    after = evaluated(DEFAULT, kind, AZURE_RESOURCE_TOKEN="mine2")
    registry = before.one("Microsoft.ContainerRegistry/registries").name
    token = registry.removeprefix("cr")
    named_by_others = {
        *DEPENDENT,
        "Microsoft.Resources/resourceGroups",
        "Microsoft.Network/privateDnsZones",
    }
    for resource in after.resources:
        if resource.type not in named_by_others:
            assert "mine2" in resource.name

    def text(environment: Environment) -> str:
        # The names of role assignments are hashes of what they grant.
        bodies = [
            {key: value for key, value in resource.body.items() if key not in ("id", "name")}
            if resource.type == "Microsoft.Authorization/roleAssignments"
            else dict(resource.body)
            for resource in environment.resources
        ]
        return json.dumps([bodies, dict(environment.evaluation.outputs)], sort_keys=True)

    assert text(before).replace(token, "mine2") == text(after)


@pytest.mark.parametrize("kind", ["dev", "prod"])
def test_names_depend_on_the_environment_and_its_region(evaluated: Evaluate, kind: str) -> None:
    names = [
        evaluated(DEFAULT, kind, **more).one("Microsoft.KeyVault/vaults").name
        for more in (
            {},
            {"AZURE_ENV_NAME": "another"},
            {"AZURE_LOCATION": "eastus"},
            {"AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-0000000000ff"},
        )
    ]
    assert len(set(names)) == 4
    assert evaluated(DEFAULT, kind).one("Microsoft.KeyVault/vaults").name == names[0]


@pytest.mark.parametrize("kind", ["dev", "prod"])
def test_empty_variables_change_nothing(evaluated: Evaluate, kind: str) -> None:
    assert (
        changes(evaluated(DEFAULT, kind), evaluated(DEFAULT, kind, **dict.fromkeys(OPTIONAL, "")))
        == set()
    )


@pytest.mark.parametrize("service", APPS)
def test_a_flag_keeps_the_image_of_its_app_and_nothing_else(
    evaluated: Evaluate, service: str
) -> None:
    flag = f"SERVICE_{service.upper().replace('-', '_')}_RESOURCE_EXISTS"
    before, after = evaluated(DEFAULT, "prod"), evaluated(DEFAULT, "prod", **{flag: "true"})
    changed = {(label, path.split("/")[4]) for label, path, _ in changes(before, after)}
    app = f"containerApps:{service}"
    assert changed == {(app, "image"), (app, "probes")}


def test_the_developer_has_roles_in_dev_only(evaluated: Evaluate) -> None:
    def granted(environment: Environment) -> int:
        return sum(
            assignment.properties["principalId"] == DEVELOPER
            for assignment in environment.all("Microsoft.Authorization/roleAssignments")
        )

    assert granted(evaluated(DEFAULT, "dev")) == 4
    assert granted(evaluated(DEFAULT, "prod")) == 0


@pytest.mark.parametrize(
    ("answers", "variables", "reason"),
    [
        (DATA_ZONE, {"AZURE_OPENAI_SKU": "GlobalStandard"}, "GlobalStandard"),
        (DEFAULT, {"AZURE_OPENAI_SKU": "S1"}, "S1"),
        (DEFAULT, {"AZURE_KEY_VAULT_SKU": "basic"}, "basic"),
        (DEFAULT, {"AZURE_POLICY_EFFECT": "Modify"}, "Modify"),
        (DEFAULT, {"AZURE_ENV_TYPE": "staging"}, "staging"),
        (DEFAULT, {"AZURE_ENV_TYPE": ""}, "environmentType|''"),
        (DEFAULT, {"AZURE_STATIC_WEB_APP_LOCATION": "francecentral"}, "francecentral"),
        (DEFAULT, {"AZURE_OPENAI_CAPACITY": "-1"}, r"modelDeployment\.capacity.* equal to '1'"),
        (DEFAULT, {"AZURE_OPENAI_CAPACITY": "many"}, "'many' to integer"),
        (DEFAULT, {"CONTAINER_CPU": '1"'}, "overrides"),
        (DEFAULT, {"CONTAINER_CPU": '1","other":"'}, '"other" is not allowed'),
        (DEFAULT, {"AZURE_TAGS": "cost-center=ai"}, "tags"),
        (EVENT_DRIVEN, {"FUNCTION_INSTANCE_MEMORY": "1024"}, "1024"),
        (EVENT_DRIVEN, {"FUNCTION_MAXIMUM_INSTANCES": "many"}, "many"),
    ],
    ids=lambda item: (
        ",".join(f"{k}={v}" for k, v in item.items()) if isinstance(item, dict) else ""
    ),
)
def test_a_value_that_cannot_be_deployed_is_refused(
    evaluated: Evaluate, answers: dict[str, object], variables: dict[str, str], reason: str
) -> None:
    with pytest.raises(EvaluationError, match=reason):
        evaluated(answers, "prod", **variables)


@pytest.mark.parametrize("sku", ["Standard", "S0", "DataZoneStandard"])
def test_a_data_zone_is_never_left(evaluated: Evaluate, sku: str) -> None:
    environment = evaluated(DATA_ZONE, "prod", AZURE_OPENAI_SKU=sku)
    deployment = environment.one("Microsoft.CognitiveServices/accounts/deployments")
    expected = "Standard" if sku == "Standard" else "DataZoneStandard"
    assert deployment.body["sku"]["name"] == expected
