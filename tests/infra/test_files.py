"""The files of `infra/` and `azure.yaml` themselves, in every rendering."""

import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator  # type: ignore[import-untyped]

from azd_ai_scaffold.bicep import Bicep
from tests.conftest import Render
from tests.evaluated import WORKLOADS, compiled
from tests.matrix import CASES, DEFAULT, EVENT_DRIVEN, case_id
from tests.programs import missing
from tests.rendering import ROOT

REQUIRED = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_ENV_TYPE"}
OPTIONAL = {
    "AZURE_API_CLIENT_ID",
    "AZURE_KEY_VAULT_SKU",
    "AZURE_POLICY_EFFECT",
    "AZURE_PRINCIPAL_ID",
    "AZURE_PRINCIPAL_TYPE",
    "AZURE_RESOURCE_TOKEN",
    "AZURE_TAGS",
}
OF_AN_EDGE = {
    "none": set(),
    "application-gateway": {
        "AZURE_CUSTOM_DOMAIN",
        "AZURE_EDGE_ENABLED",
        "AZURE_TLS_KEY_VAULT_ID",
        "AZURE_TLS_SECRET_NAME",
    },
    "front-door": {"AZURE_CUSTOM_DOMAIN", "AZURE_EDGE_ENABLED"},
}
OF_A_PATTERN = {
    "microservices": {
        "AZURE_STATIC_WEB_APP_LOCATION",
        "CONTAINER_CPU",
        "CONTAINER_MEMORY",
        "SERVICE_API_GATEWAY_RESOURCE_EXISTS",
    },
    "event-driven": {"FUNCTION_INSTANCE_MEMORY", "FUNCTION_MAXIMUM_INSTANCES"},
}
OF_A_CAPABILITY = {
    "chat": {"AZURE_OPENAI_SKU", "AZURE_OPENAI_CAPACITY", "AZURE_OPENAI_LOCATION"},
    "vision": {"AZURE_VISION_LOCATION"},
    "text": {"AZURE_DOCUMENT_INTELLIGENCE_LOCATION"},
}
SHARED_KEYS = {"project", "host", "language", "uses", "hooks"}


@pytest.fixture(params=CASES, ids=case_id)
def answers(request: pytest.FixtureRequest) -> dict[str, object]:
    """Every case, unless a test names its own."""
    case: dict[str, object] = request.param
    return case


@pytest.fixture
def repository(rendering: Render, answers: dict[str, object]) -> Path:
    """A rendering."""
    return rendering(answers)


@pytest.fixture
def recorded(repository: Path) -> dict[str, Any]:
    """The answers of the rendering."""
    found: dict[str, Any] = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    return found


@pytest.fixture
def services(recorded: dict[str, Any]) -> list[str]:
    """The selected AI services."""
    return list(recorded.get("services", []))


@pytest.fixture
def azure_yaml(repository: Path) -> dict[str, Any]:
    """azure.yaml, parsed."""
    parsed: dict[str, Any] = yaml.safe_load((repository / "azure.yaml").read_text())
    return parsed


# --- Bicep --------------------------------------------------------------------------------------


formatted: set[str] = set()  # most files are the same in most renderings


def test_bicep_format_leaves_no_difference(bicep: Bicep, repository: Path) -> None:
    for file in sorted((repository / "infra").rglob("*.bicep")):
        text = file.read_text()
        if text not in formatted:
            assert bicep.format(file) == text, file
            formatted.add(text)


def test_every_file_is_reachable(bicep: Bicep, repository: Path) -> None:
    infra = repository / "infra"
    read = {path.resolve() for path in bicep.file_references(infra / "main.bicep")}
    for file in sorted(infra.rglob("*")):
        if file.suffix in (".bicep", ".json") and file.name not in (
            "main.parameters.json",
            "bicepconfig.json",
        ):
            assert file.resolve() in read, f"nothing reads {file.relative_to(repository)}"


def test_main_is_a_table_of_contents(repository: Path) -> None:
    assert len((repository / "infra/main.bicep").read_text().splitlines()) <= 200


def test_every_linter_rule_is_on_but_the_one_that_depends_on_the_date(repository: Path) -> None:
    core = json.loads((repository / "infra/bicepconfig.json").read_text())["analyzers"]["core"]
    assert core["enabled"] is True
    off = {name for name, rule in core["rules"].items() if rule["level"] == "off"}
    assert off == {"use-recent-api-versions"}
    assert "#disable-" not in "".join(
        file.read_text() for file in (repository / "infra").rglob("*.bicep")
    )


def test_nothing_makes_azd_take_another_way(repository: Path, azure_yaml: dict[str, Any]) -> None:
    infra = repository / "infra"
    assert not list(infra.rglob("*.bicepparam")), "azd would lose its prompts"
    for service in azure_yaml["services"]:
        assert not (infra / f"{service}.bicep").exists(), "azd would deploy it as a revision"


# --- parameters ---------------------------------------------------------------------------------


@pytest.fixture
def parameters(repository: Path) -> dict[str, Any]:
    """The value of each parameter of main.parameters.json: a text, or an object of texts."""
    parsed = json.loads((repository / "infra/main.parameters.json").read_text())
    return {name: entry["value"] for name, entry in parsed["parameters"].items()}


@pytest.fixture
def declared(repository: Path) -> dict[str, dict[str, Any]]:
    """The parameters that main.bicep declares, in ARM's form, with their types in place."""
    template = json.loads(compiled(repository).template)
    return {
        name: template["definitions"].get(parameter.get("$ref", "").rpartition("/")[2], {})
        | parameter
        for name, parameter in template["parameters"].items()
    }


def texts(parameters: dict[str, Any]) -> dict[str, str]:
    """Each text of the parameters by its path, such as `overrides.containerCpu`."""
    found: dict[str, str] = {}
    for name, value in parameters.items():
        inner = value if isinstance(value, dict) else {"": value}
        found |= {f"{name}.{key}".rstrip("."): text for key, text in inner.items()}
    return found


def test_parameters_are_those_of_main(
    parameters: dict[str, Any], declared: dict[str, dict[str, Any]]
) -> None:
    assert list(parameters) == list(declared)
    for name, value in parameters.items():
        if isinstance(value, dict):
            assert list(value) == list(declared[name]["properties"])
            # A quotation mark in a variable could end its text and begin another property.
            assert declared[name]["additionalProperties"] is False


def test_each_azd_variable_feeds_one_parameter(
    parameters: dict[str, Any], recorded: dict[str, Any], services: list[str]
) -> None:
    expected = REQUIRED | OPTIONAL | OF_A_PATTERN[recorded["pattern"]]
    expected |= OF_AN_EDGE[recorded.get("edge", "none")]
    if recorded["pattern"] == "microservices" or recorded["network"] != "public":
        expected.add("AZURE_VNET_ADDRESS_PREFIX")
    for capability in services or ["chat", "text"]:
        expected |= OF_A_CAPABILITY[capability]
    for service in services:
        expected.add(f"SERVICE_{service.upper()}_SERVICE_RESOURCE_EXISTS")
    names = []
    for path, text in texts(parameters).items():
        match = re.fullmatch(r"\$\{(\w+)(=[^{}]*)?\}", text)  # azd cannot parse nested braces
        assert match, f"{path} is {text}"
        names.append(match[1])
    assert sorted(names) == sorted(expected)


def test_azd_hands_what_is_set_on_to_a_pipeline(parameters: dict[str, Any]) -> None:
    # `azd pipeline config` copies the variables of a parameter when there are several of them, or
    # when the only one is the whole value.
    for name, value in parameters.items():
        assert not isinstance(value, dict) or len(value) > 1, name


def test_only_what_azd_asks_for_has_no_default(
    parameters: dict[str, Any], declared: dict[str, dict[str, Any]]
) -> None:
    without = {name for name, parameter in declared.items() if "defaultValue" not in parameter}
    found = {text for path, text in texts(parameters).items() if path.partition(".")[0] in without}
    assert {text for text in found if "=" not in text} == {f"${{{name}}}" for name in REQUIRED}
    assert declared["environmentType"].get("allowedValues") == ["dev", "prod"]


def test_parameters_are_described(declared: dict[str, dict[str, Any]]) -> None:
    for name, parameter in declared.items():
        assert parameter.get("metadata", {}).get("description"), name
        for key, inner in parameter.get("properties", {}).items():
            assert inner.get("metadata", {}).get("description"), f"{name}.{key}"


# --- azure.yaml ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def schema() -> Draft201909Validator:
    """Azd's schema of azure.yaml, from AZD_SCHEMA or beside the project."""
    name = os.environ.get("AZD_SCHEMA") or ROOT.parent / "shared/schemas/azure.yaml.v1.0.json"
    path = Path(name)
    if not path.is_file():
        missing("azd's schema of azure.yaml (AZD_SCHEMA names the file)")
    return Draft201909Validator(json.loads(path.read_text()))


def test_azure_yaml_fits_its_schema(
    schema: Draft201909Validator, azure_yaml: dict[str, Any]
) -> None:
    assert [error.message for error in schema.iter_errors(azure_yaml)] == []


@pytest.mark.parametrize(
    ("answers", "service", "key", "value"),
    [
        (DEFAULT, "web", "env", {"A": "b"}),
        (DEFAULT, "web", "docker", {"path": "./Dockerfile"}),
        (DEFAULT, "api-gateway", "env", ["A=b"]),
        (DEFAULT, "api-gateway", "image", "nginx"),
        (EVENT_DRIVEN, "processor", "env", {"A": "b"}),
        (EVENT_DRIVEN, "processor", "image", "nginx"),
    ],
)
def test_the_schema_refuses_what_azd_refuses(
    schema: Draft201909Validator, azure_yaml: dict[str, Any], service: str, key: str, value: object
) -> None:
    azure_yaml["services"][service][key] = value
    assert list(schema.iter_errors(azure_yaml))


def test_azure_yaml_names_its_schema_and_the_azd_it_needs(
    repository: Path, azure_yaml: dict[str, Any]
) -> None:
    header = (repository / "azure.yaml").read_text().splitlines()[0]
    assert re.fullmatch(
        r"# yaml-language-server: \$schema=https://\S+/schemas/v1\.0/azure\.yaml\.json", header
    )
    assert re.fullmatch(r">= ?\d+\.\d+\.\d+", azure_yaml["requiredVersions"]["azd"])
    assert re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", azure_yaml["name"])


def test_azure_yaml_holds_the_selected_services(
    azure_yaml: dict[str, Any], services: list[str]
) -> None:
    if not services:
        assert list(azure_yaml["services"]) == ["processor"]
        return
    expected = {"web", "api-gateway", *(WORKLOADS[service] for service in services)}
    assert set(azure_yaml["services"]) == expected
    uses = {name: service.get("uses", []) for name, service in azure_yaml["services"].items()}
    assert uses.pop("web") == ["api-gateway"]
    assert sorted(uses.pop("api-gateway")) == sorted(WORKLOADS[service] for service in services)
    assert not any(uses.values())


def test_services_say_how_they_are_built(
    repository: Path, azure_yaml: dict[str, Any], services: list[str]
) -> None:
    paths = {"web": "web", "api-gateway": "api-gateway", "processor": "functions/processor"}
    paths |= {WORKLOADS[service]: f"services/{service}" for service in services}
    for name, service in azure_yaml["services"].items():
        project = repository / service["project"]
        assert PurePosixPath(service["project"]) == PurePosixPath(paths[name])
        assert project.is_dir(), f"{name}: {service['project']} does not exist"
        if name == "web":
            assert (service["host"], service["language"]) == ("staticwebapp", "ts")
            assert service["dist"] == "dist"
            assert set(service) <= SHARED_KEYS | {"dist"}
            continue
        if name == "processor":
            assert (service["host"], service["language"]) == ("function", "python")
            # Flex Consumption installs the requirements in Azure; the hook says which they are.
            assert service["remoteBuild"] is True
            assert list(service["hooks"]) == ["prepackage"]
            assert set(service) <= SHARED_KEYS | {"remoteBuild"}
            continue
        assert (service["host"], service["language"]) == ("containerapp", "python")
        assert set(service) <= SHARED_KEYS | {"docker", "env"}
        docker = service["docker"]
        assert docker["remoteBuild"] is True
        assert (project / docker["path"]).is_file(), f"{name}: {docker['path']} does not exist"
        assert (project / docker["context"]).resolve() == repository.resolve()


def hooks_of(part: dict[str, Any]) -> list[dict[str, Any]]:
    """Hooks of a project or a service: each event has one or a list of them."""
    events = part.get("hooks", {}).values()
    return [hook for event in events for hook in (event if isinstance(event, list) else [event])]


def test_hooks_are_python_with_requirements_of_their_own(
    repository: Path, azure_yaml: dict[str, Any]
) -> None:
    hooks = [(repository, hook) for hook in hooks_of(azure_yaml)]
    for service in azure_yaml["services"].values():
        hooks += [(repository / service["project"], hook) for hook in hooks_of(service)]
    assert hooks
    for folder, hook in hooks:
        script = (folder / hook["run"]).resolve()
        assert hook["kind"] == "python"
        assert script.is_file(), hook["run"]
        assert script.parent == (repository / "infra/hooks").resolve()
    # Azd installs the nearest requirements.txt or pyproject.toml above a hook.
    assert (repository / "infra/hooks/requirements.txt").read_text() == ""
