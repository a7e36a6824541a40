"""Every environment of every rendering keeps every rule."""

from pathlib import Path

import pytest

from tests.evaluated import WORKLOADS
from tests.infra.conftest import Evaluate
from tests.infra.rulebook import MODULES, RULES, findings
from tests.matrix import CASES, DEFAULT, EVENT_DRIVEN, SERVICE_SUBSETS, case_id

# All that an owner may set at once; each alone is in test_overrides.py.
TAGS = '{"cost-center": "ai", "owner": "it\'s us"}'
LONGEST_TOKEN = "abcdefgh12345678"
EXISTING = {
    f"SERVICE_{service.upper().replace('-', '_')}_RESOURCE_EXISTS": "true"
    for service in WORKLOADS.values()
}


# The data zone concerns the model only, so it meets each subset with the chat service.
DATA_ZONES: list[dict[str, object]] = [
    {
        "services": services,
        "chat_model": "gpt-5.5",
        "data_residency": "data-zone",
        "dev_size": "small",
        "prod_size": size,
    }
    for services, size in zip(
        (subset for subset in SERVICE_SUBSETS if "chat" in subset),
        ("medium", "large", "small", "medium"),
        strict=True,
    )
]


def test_the_rulebook_holds_every_rule() -> None:
    files = sorted(Path(__file__).parent.glob("*rules.py"))
    files.remove(Path(__file__))
    assert sorted(Path(str(module.__file__)) for module in MODULES) == files
    assert len(RULES) == sum(file.read_text().count("\n@rule\n") for file in files)


@pytest.mark.parametrize("kind", ["dev", "prod"])
@pytest.mark.parametrize("answers", [*CASES, *DATA_ZONES], ids=case_id)
def test_an_environment_keeps_the_rules(
    evaluated: Evaluate, answers: dict[str, object], kind: str
) -> None:
    assert findings(evaluated(answers, kind)) == []


@pytest.mark.parametrize("kind", ["dev", "prod"])
@pytest.mark.parametrize(
    "variables",
    [
        {"AZURE_TAGS": TAGS},
        EXISTING,
        {"SERVICE_VISION_SERVICE_RESOURCE_EXISTS": "true"},
        {"AZURE_RESOURCE_TOKEN": LONGEST_TOKEN, "AZURE_ENV_NAME": "n" * 64},
        {"AZURE_PRINCIPAL_ID": "", "AZURE_PRINCIPAL_TYPE": "ServicePrincipal"},
        {"AZURE_PRINCIPAL_TYPE": "ServicePrincipal"},
        {"CONTAINER_CPU": "1.0", "CONTAINER_MEMORY": "2.0Gi"},
        {"CONTAINER_CPU": "4", "CONTAINER_MEMORY": "8"},
        {"AZURE_OPENAI_LOCATION": "eastus2", "AZURE_VISION_LOCATION": "eastus"},
        {"AZURE_VNET_ADDRESS_PREFIX": "192.168.252.0/22"},
        {"AZURE_LOCATION": "japaneast", "AZURE_STATIC_WEB_APP_LOCATION": "eastasia"},
    ],
    ids=lambda variables: ",".join(variables) if len(variables) < 4 else "all-apps-exist",
)
def test_an_environment_with_overrides_keeps_the_rules(
    evaluated: Evaluate, variables: dict[str, str], kind: str
) -> None:
    assert findings(evaluated(DEFAULT, kind, **variables)) == []


@pytest.mark.parametrize("kind", ["dev", "prod"])
@pytest.mark.parametrize(
    "variables",
    [
        {"AZURE_TAGS": TAGS},
        {"AZURE_RESOURCE_TOKEN": LONGEST_TOKEN, "AZURE_ENV_NAME": "n" * 64},
        {"AZURE_RESOURCE_TOKEN": "abc"},
        {"AZURE_PRINCIPAL_ID": "", "AZURE_PRINCIPAL_TYPE": "ServicePrincipal"},
        {"AZURE_PRINCIPAL_TYPE": "ServicePrincipal"},
        {"FUNCTION_INSTANCE_MEMORY": "4096", "FUNCTION_MAXIMUM_INSTANCES": "1000"},
        {"AZURE_OPENAI_LOCATION": "eastus2", "AZURE_DOCUMENT_INTELLIGENCE_LOCATION": "eastus"},
    ],
    ids=",".join,
)
def test_a_pipeline_with_overrides_keeps_the_rules(
    evaluated: Evaluate, variables: dict[str, str], kind: str
) -> None:
    assert findings(evaluated(EVENT_DRIVEN, kind, **variables)) == []
