"""Evaluation of azd repositories: azd's substitution of variables, and what the snapshot gives."""

import json
from pathlib import Path
from typing import Any

import pytest

from azd_ai_scaffold.bicep import Bicep
from azd_ai_scaffold.evaluation import (
    SUBSCRIPTION_ID,
    Evaluation,
    EvaluationError,
    Resource,
    compile_infrastructure,
    evaluate,
    resolve_parameters,
)
from tests.evaluated import running_bicep

DECLARED: dict[str, Any] = {
    "definitions": {"size": {"type": "string"}, "options": {"type": "object"}},
    "parameters": {
        "name": {"type": "string"},
        "named": {"type": "string", "defaultValue": "template's"},
        "count": {"type": "int"},
        "on": {"type": "bool"},
        "tags": {"type": "object"},
        "zones": {"type": "array"},
        "size": {"$ref": "#/definitions/size"},
        "options": {"$ref": "#/definitions/options"},
    },
}


@pytest.fixture
def bicep() -> Bicep:
    return running_bicep()


def resolved(folder: Path, variables: dict[str, str], **values: object) -> dict[str, Any]:
    """The parameters that these values of a parameters file become."""
    file = folder / "main.parameters.json"
    file.write_text(json.dumps({"parameters": {k: {"value": v} for k, v in values.items()}}))
    return resolve_parameters(file, DECLARED, variables)


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("${A}", {"A": "x"}, "x"),
        ("rg-${A}-${B}", {"A": "x", "B": "y"}, "rg-x-y"),
        ("${A=fallback}", {}, "fallback"),
        ("${A=fallback}", {"A": ""}, "fallback"),
        ("${A:-fallback}", {}, "fallback"),
        ("${A=fallback}", {"A": "x"}, "x"),
        ("plain $A", {"A": "x"}, "plain $A"),
    ],
)
def test_variables_are_replaced_as_azd_does(
    tmp_path: Path, text: str, variables: dict[str, str], expected: str
) -> None:
    assert resolved(tmp_path, variables, name=text) == {"name": expected}


@pytest.mark.parametrize("name", ["name", "count", "on", "tags", "zones", "size"])
def test_an_unset_variable_without_default_leaves_the_parameter_out(
    tmp_path: Path, name: str
) -> None:
    assert resolved(tmp_path, {}, **{name: "${A}"}) == {}
    assert resolved(tmp_path, {}, **{name: "${A=}"}) == {}


@pytest.mark.parametrize("name", ["name", "count", "on", "tags", "zones", "size"])
def test_an_empty_variable_leaves_the_parameter_out(tmp_path: Path, name: str) -> None:
    assert resolved(tmp_path, {"A": ""}, **{name: "${A}"}) == {}
    assert resolved(tmp_path, {"A": ""}, **{name: "${A=}"}) == {}


def test_an_empty_variable_overrules_the_default_of_the_template(tmp_path: Path) -> None:
    assert resolved(tmp_path, {"A": ""}, named="${A}") == {"named": ""}
    assert resolved(tmp_path, {}, named="${A}") == {}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("count", "12", 12),
        ("on", "true", True),
        ("on", "FALSE", False),
        ("tags", '{"a": "b"}', {"a": "b"}),
        ("options", '{"a": {"b": [1]}}', {"a": {"b": [1]}}),
        ("zones", '["1", "2"]', ["1", "2"]),
        ("name", "12", "12"),
        ("size", "12", "12"),
        ("undeclared", "12", "12"),
    ],
)
def test_strings_become_what_the_template_declares(
    tmp_path: Path, name: str, text: str, expected: object
) -> None:
    assert resolved(tmp_path, {"A": text}, **{name: "${A}"}) == {name: expected}


def test_null_leaves_the_parameter_out(tmp_path: Path) -> None:
    assert resolved(tmp_path, {}, tags="${A=null}", zones="${A=null}", on=None) == {}
    assert resolved(tmp_path, {"A": '{"a": "b"}'}, tags="${A=null}") == {"tags": {"a": "b"}}


def test_values_that_are_no_strings_stay_and_theirs_are_replaced(tmp_path: Path) -> None:
    values = resolved(tmp_path, {"A": "x"}, count=3, tags={"k": "${A}"}, zones=["${A}", 1])
    assert values == {"count": 3, "tags": {"k": "x"}, "zones": ["x", 1]}


def test_a_quotation_mark_in_a_string_breaks_as_it_does_in_azd(tmp_path: Path) -> None:
    assert resolved(tmp_path, {"A": 'a \\"b\\"'}, name="${A}") == {"name": 'a "b"'}
    with pytest.raises(EvaluationError, match="parameter name"):
        resolved(tmp_path, {"A": '{"a": "b"}'}, name="${A}")


def test_a_default_with_braces_breaks_as_it_does_in_azd(tmp_path: Path) -> None:
    assert resolved(tmp_path, {}, tags="${A={}}") == {"tags": {}}
    with pytest.raises(EvaluationError, match="parameter tags"):
        resolved(tmp_path, {"A": '{"a": "b"}'}, tags="${A={}}")


@pytest.mark.parametrize(
    ("name", "text"),
    [("count", "many"), ("on", "perhaps"), ("tags", "[]"), ("tags", "{a"), ("zones", "{}")],
)
def test_a_value_that_does_not_fit_names_its_parameter(
    tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(EvaluationError, match=rf"main\.parameters\.json: parameter {name}: "):
        resolved(tmp_path, {"A": text}, **{name: "${A}"})


@pytest.mark.parametrize(
    "text", [None, "{", "[]", "{}", '{"parameters": []}', pytest.param("[" * 100_000, id="deep")]
)
def test_a_file_without_parameters_is_one_line(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "main.parameters.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(EvaluationError, match="is no ARM parameters file"):
        resolve_parameters(file, DECLARED, {})


def test_a_parameter_without_a_value_of_its_own_is_named(tmp_path: Path) -> None:
    file = tmp_path / "main.parameters.json"
    file.write_text('{"parameters": {"n": 5}}')
    with pytest.raises(EvaluationError, match=r'parameter n is not of the form \{"value": …}'):
        resolve_parameters(file, DECLARED, {})


# --- with Bicep ---------------------------------------------------------------------------------

MAIN = """targetScope = 'subscription'

param environmentName string
param location string
param tags object = {}
param names array = []
param count int = 2
param locked bool = false

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module part 'part.bicep' = {
  scope: group
  params: { count: count, locked: locked, names: names }
}

output GROUP string = group.name
output PRINCIPAL string = part.outputs.principalId
"""

PART = """param count int
param locked bool
param names array

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = [
  for index in range(0, count): {
    name: 'id-${index}-${uniqueString(subscription().id)}'
    location: resourceGroup().location
  }
]

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: 'kv-demo'
  location: resourceGroup().location
  tags: { names: join(names, ',') }
  properties: { tenantId: tenant().tenantId, sku: { name: 'standard', family: 'A' } }
  resource secret 'secrets' = { name: 'demo', properties: {} }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (locked) {
  scope: vault
  name: 'keep'
  properties: { level: 'CanNotDelete' }
}

output principalId string = identities[0].properties.principalId
"""

PARAMETERS = {
    "environmentName": "${AZURE_ENV_NAME}",
    "location": "${AZURE_LOCATION}",
    "tags": "${AZURE_TAGS}",
    "names": "${NAMES}",
    "count": "${COUNT=1}",
    "locked": "${LOCKED=false}",
}

BASE = {"AZURE_ENV_NAME": "demo", "AZURE_LOCATION": "westeurope"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An azd repository with a group, identities, a vault with a secret and, if locked, a lock."""
    infra = tmp_path / "it's a repository" / "infra"
    infra.mkdir(parents=True)
    (infra / "main.bicep").write_text(MAIN)
    (infra / "part.bicep").write_text(PART)
    parameters = {"parameters": {name: {"value": value} for name, value in PARAMETERS.items()}}
    (infra / "main.parameters.json").write_text(json.dumps(parameters))
    return infra.parent


def test_resources_are_literal(bicep: Bicep, repository: Path) -> None:
    evaluation = evaluate(bicep, repository, BASE | {"COUNT": "2", "LOCKED": "true"})
    found = {resource.type.rpartition("/")[2]: resource for resource in evaluation.resources}
    group, vault, secret = found["resourceGroups"], found["vaults"], found["secrets"]
    first, lock = found["userAssignedIdentities"], found["locks"]
    assert len(evaluation.resources) == 6
    assert group.id == f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg-demo"
    assert group.scope == f"/subscriptions/{SUBSCRIPTION_ID}"
    assert first.scope == vault.scope == secret.scope == group.id
    assert lock.scope == vault.id
    assert (secret.name, vault.api_version, vault.location) == (
        "kv-demo/demo",
        "2026-02-01",
        "westeurope",
    )
    assert (lock.location, lock.properties) == (None, {"level": "CanNotDelete"})
    assert first.name.startswith("id-")
    assert "[" not in first.name
    assert evaluation.of_type("microsoft.keyvault/VAULTS") == (vault,)


def test_outputs_are_literal_where_they_can_be(bicep: Bicep, repository: Path) -> None:
    outputs = evaluate(bicep, repository, BASE).outputs
    assert outputs["GROUP"] == "rg-demo"
    assert outputs["PRINCIPAL"].startswith("[reference(")


def test_values_pass_through_bicep_unchanged(bicep: Bicep, repository: Path) -> None:
    tags = {"it's": "a ${b} \\ 'c'", "line": "one\n\ttwo", "東京": "", "k": "'''"}
    variables = BASE | {"AZURE_TAGS": json.dumps(tags), "NAMES": '["a", "b"]'}
    evaluation = evaluate(bicep, repository, variables)
    assert evaluation.of_type("Microsoft.Resources/resourceGroups")[0].tags == tags
    assert evaluation.of_type("Microsoft.KeyVault/vaults")[0].tags == {"names": "a,b"}


def test_subscription_and_tenant_of_the_environment_count(bicep: Bicep, repository: Path) -> None:
    own = "00000000-0000-0000-0000-0000000000ff"
    evaluation = evaluate(
        bicep, repository, BASE | {"AZURE_SUBSCRIPTION_ID": own, "AZURE_TENANT_ID": own}
    )
    vault = evaluation.of_type("Microsoft.KeyVault/vaults")[0]
    assert vault.id.startswith(f"/subscriptions/{own}/")
    assert vault.properties["tenantId"] == own


def test_the_same_compilation_serves_many_evaluations(bicep: Bicep, repository: Path) -> None:
    compilation = compile_infrastructure(bicep, repository)
    names = {
        evaluate(bicep, repository, BASE | {"AZURE_ENV_NAME": name}, compilation).outputs["GROUP"]
        for name in ("one", "two")
    }
    assert names == {"rg-one", "rg-two"}


def test_warnings_are_kept(bicep: Bicep, repository: Path) -> None:
    with (repository / "infra/main.bicep").open("a") as file:
        file.write("param spare string = ''\n")
    found = evaluate(bicep, repository, BASE).diagnostics
    assert [(item.code, item.file.name) for item in found] == [("no-unused-params", "main.bicep")]


def test_a_repository_without_bicep_is_one_line(bicep: Bicep, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"main\.bicep") as caught:
        evaluate(bicep, tmp_path, BASE)
    assert "\n" not in str(caught.value)


def test_bicep_that_does_not_compile_carries_its_diagnostics(
    bicep: Bicep, repository: Path
) -> None:
    (repository / "infra/part.bicep").write_text("output principalId string = 3\n")
    with pytest.raises(EvaluationError, match="does not compile") as caught:
        evaluate(bicep, repository, BASE)
    assert "BCP033" in {found.code for found in caught.value.diagnostics}


def test_a_missing_parameter_is_named(bicep: Bicep, repository: Path) -> None:
    with pytest.raises(EvaluationError, match=r'missing an assignment .*"location"') as caught:
        evaluate(bicep, repository, {"AZURE_ENV_NAME": "demo"})
    assert "bicepparam" not in str(caught.value)


def test_evaluation_writes_nothing_into_the_repository(bicep: Bicep, repository: Path) -> None:
    before = sorted(repository.rglob("*"))
    evaluate(bicep, repository, BASE)
    assert sorted(repository.rglob("*")) == before


def test_a_resource_without_tags_and_properties_has_empty_ones() -> None:
    bare = Resource({"id": "/subscriptions/s/resourceGroups/g", "type": "t", "tags": None})
    assert (dict(bare.tags), dict(bare.properties)) == ({}, {})
    assert Evaluation((bare,), {}, ()).of_type("T") == (bare,)


GROUP = "/subscriptions/s/resourceGroups/g"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"
ASSIGNMENT = "Microsoft.Authorization/roleAssignments"


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        (GROUP, "/subscriptions/s"),
        (VAULT, GROUP),
        (f"{VAULT}/secrets/x", GROUP),
        (f"{VAULT}/providers/{ASSIGNMENT}/x", VAULT),
        (f"/subscriptions/s/providers/{ASSIGNMENT}/x", "/subscriptions/s"),
        (f"[extensionResourceId('{VAULT}', '{ASSIGNMENT}', guid('{VAULT}'))]", VAULT),
        (f"[resourceId('s', 'g', '{ASSIGNMENT}', guid('{VAULT}'))]", GROUP),
        (f"[subscriptionResourceId('s', '{ASSIGNMENT}', guid('{VAULT}'))]", "/subscriptions/s"),
    ],
)
def test_a_resource_knows_what_it_is_deployed_to(name: str, scope: str) -> None:
    assert Resource({"id": name}).scope == scope
