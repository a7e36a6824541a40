"""Names and limits that code and Bicep share: a change on one side fails here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from document_pipeline import model
from document_pipeline.settings import AzureSettings

FOLDER = Path(__file__).resolve().parents[1]
REPOSITORY = FOLDER.parents[1]
INFRA = REPOSITORY / "infra"
# What the Functions host reads, and libraries that read the environment themselves.
NOT_OURS = {"APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "PYTHON_ENABLE_OPENTELEMETRY"}
SUFFIXES = {"clientId", "credential", "fullyQualifiedNamespace"}


def bicep(path: str) -> str:
    return (INFRA / path).read_text(encoding="utf-8")


def values(path: str, variable: str) -> set[str]:
    """Return the strings of an object variable."""
    found = re.search(rf"^var {variable} = \{{\n(.*?)^\}}", bicep(path), re.DOTALL | re.MULTILINE)
    assert found is not None, f"{path} has no variable {variable}"
    return set(re.findall(r"^\s+\w+: '([^']+)'$", found[1], re.MULTILINE))


def app_settings() -> set[str]:
    text = bicep("app/processor.bicep")
    found = re.search(r"name: 'appsettings'\n(.*?)^  \}", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return set(re.findall(r"^\s+(\w+): ", found[1], re.MULTILINE)) - {"properties"}


@pytest.fixture
def triggers(functions: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: json.loads(found.get_raw_bindings()[0]) for name, found in functions.items()}


def test_containers_queues_and_hubs_exist() -> None:
    containers = values("core/data/storage.bicep", "storageNames")
    used = {model.INCOMING_CONTAINER, model.RESULTS_CONTAINER, model.DOCUMENTS_TABLE}
    assert used <= containers
    queues = values("core/messaging/service-bus.bicep", "queueNames")
    assert queues == {model.DOCUMENTS_QUEUE, model.REJECTED_QUEUE}
    hubs = values("core/messaging/event-hubs.bicep", "eventHubNames")
    assert hubs == {model.RESULTS_EVENT_HUB, model.RECORD_CONSUMER_GROUP}


def test_every_connection_has_its_settings(triggers: dict[str, dict[str, Any]]) -> None:
    prefixes = {found["connection"] for found in triggers.values() if "connection" in found}
    assert prefixes == {"EventHubs", "ServiceBus"}
    named = {name for name in app_settings() if "__" in name}
    wanted = {f"{prefix}__{suffix}" for prefix in prefixes for suffix in SUFFIXES}
    host = {
        f"AzureWebJobsStorage__{suffix}"
        for suffix in (
            "blobServiceUri",
            "clientId",
            "credential",
            "queueServiceUri",
            "tableServiceUri",
        )
    }
    assert named == wanted | host


def test_app_settings_are_what_the_code_reads() -> None:
    given = {name for name in app_settings() if "__" not in name} - NOT_OURS
    fields = AzureSettings.model_fields
    assert given <= {name.upper() for name in fields}
    required = {name.upper() for name, field in fields.items() if field.is_required()}
    assert required | {"AZURE_CLIENT_ID", "ENVIRONMENT_TYPE"} <= given


def test_tests_run_on_the_version_of_python_that_is_deployed() -> None:
    found = re.search(r"name: 'python'\n\s+version: '([\d.]+)'", bicep("app/processor.bicep"))
    assert found is not None
    container = (REPOSITORY / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    assert re.findall(r"devcontainers/python:([\d.]+)", container) == [found[1]]
    for workflow in REPOSITORY.glob(".github/workflows/*.yml"):
        text = workflow.read_text(encoding="utf-8")
        assert re.findall(r'python-version: "([\d.]+)"', text) == [found[1]]


def test_every_function_is_kept_ready_by_its_name(triggers: dict[str, dict[str, Any]]) -> None:
    groups = set(
        re.findall(r"^  '((?:function:)?\w+)'$", bicep("app/processor.bicep"), re.MULTILINE)
    )
    alone = {
        f"function:{name}" for name, found in triggers.items() if found["type"] != "httpTrigger"
    }
    assert groups == alone | {"http"}


def test_outage_does_not_use_up_deliveries() -> None:
    text = bicep("core/messaging/service-bus.bicep")
    found = re.search(r"queueNames\.documents\n.*?maxDeliveryCount: (\d+)", text, re.DOTALL)
    assert found is not None
    wait = AzureSettings.model_fields["deliveries_before_deferral"].default
    assert int(found[1]) > wait
