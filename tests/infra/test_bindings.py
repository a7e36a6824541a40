"""The names in the code of the pipeline are those of the infrastructure."""

import ast
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render
from tests.evaluated import Environment, compiled_with, environment, running_bicep
from tests.matrix import EVENT_DRIVEN

MODEL = "packages/document_pipeline/src/document_pipeline/model.py"
SETTINGS = "packages/document_pipeline/src/document_pipeline/settings.py"
APP = "functions/processor/function_app.py"
HOST = "functions/processor/host.json"

# Where each constant of the model is in the infrastructure.
TYPES = {
    "INCOMING_CONTAINER": "Microsoft.Storage/storageAccounts/blobServices/containers",
    "RESULTS_CONTAINER": "Microsoft.Storage/storageAccounts/blobServices/containers",
    "DOCUMENTS_TABLE": "Microsoft.Storage/storageAccounts/tableServices/tables",
    "DOCUMENTS_QUEUE": "Microsoft.ServiceBus/namespaces/queues",
    "REJECTED_QUEUE": "Microsoft.ServiceBus/namespaces/queues",
    "RESULTS_EVENT_HUB": "Microsoft.EventHub/namespaces/eventhubs",
    "RECORD_CONSUMER_GROUP": "Microsoft.EventHub/namespaces/eventhubs/consumergroups",
}
CONNECTION_SETTINGS = ("fullyQualifiedNamespace", "credential", "clientId")


def constants(repository: Path) -> dict[str, str]:
    """Names of containers, tables, queues, hubs and groups that the model has, by constant."""
    return {
        statement.targets[0].id: str(statement.value.value)
        for statement in ast.parse((repository / MODEL).read_text()).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and re.search(r"_(CONTAINER|TABLE|QUEUE|HUB|GROUP)$", statement.targets[0].id)
        and isinstance(statement.value, ast.Constant)
    }


def triggers(repository: Path) -> dict[str, dict[str, Any]]:
    """Arguments of the trigger of each function, by the function's name."""
    found: dict[str, dict[str, Any]] = {}
    for function in ast.walk(ast.parse((repository / APP).read_text())):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        calls = {
            call.func.attr: call
            for call in function.decorator_list
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        }
        for way, call in calls.items():
            if way.endswith("_trigger"):
                (name,) = calls["function_name"].args
                assert isinstance(name, ast.Constant)
                found[str(name.value)] = {
                    str(keyword.arg): keyword.value.id
                    if isinstance(keyword.value, ast.Name)
                    else ast.unparse(keyword.value).strip("'")
                    for keyword in call.keywords
                }
    return found


def mismatches(built: Environment) -> Iterator[str]:
    """One line for each name that only one side has."""
    names = constants(built.repository)
    for constant in names.keys() ^ TYPES.keys():
        yield f"{constant} is only in one of the model and this test"
    for constant in names.keys() & TYPES.keys():
        there = {resource.name.rpartition("/")[2] for resource in built.all(TYPES[constant])}
        if names[constant] not in there:
            yield f"{constant} is {names[constant]}, the infrastructure has {sorted(there)}"
    settings = built.one("Microsoft.Web/sites/config").properties
    functions = triggers(built.repository)
    for function, arguments in functions.items():
        for name in CONNECTION_SETTINGS:
            setting = f"{arguments['connection']}__{name}"
            if setting not in settings:
                yield f"{function} needs the setting {setting}"
        for name in ("queue_name", "event_hub_name", "consumer_group"):
            if name in arguments and arguments[name] not in names:
                yield f"{name} of {function} is {arguments[name]}, which the model does not have"
    connections = {name.partition("__")[0] for name in settings if "__" in name}
    used = {arguments["connection"] for arguments in functions.values()}
    for connection in connections - used - {"AzureWebJobsStorage"}:
        yield f"no trigger has the connection {connection}"
    scale = built.one("Microsoft.Web/sites").properties["functionAppConfig"]["scaleAndConcurrency"]
    groups = {group["name"] for group in scale["alwaysReady"]}
    if groups != {"http", *(f"function:{name}" for name in functions)}:
        yield f"scale groups are {sorted(groups)}, functions are {sorted(functions)}"


def test_names_are_the_same_on_both_sides(rendering: Render) -> None:
    running_bicep()
    built = environment(rendering(EVENT_DRIVEN), "prod")
    assert sorted(triggers(built.repository)) == ["process_document", "record_result"]
    assert list(mismatches(built)) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (MODEL, '"incoming"', '"inbox"'),
        (MODEL, 'RESULTS_CONTAINER = "results"', 'RESULTS_CONTAINER = "output"'),
        (MODEL, 'DOCUMENTS_TABLE = "documents"', 'DOCUMENTS_TABLE = "states"'),
        (MODEL, '"documents-rejected"', '"rejected"'),
        (MODEL, '"ai-results"', '"results"'),
        (MODEL, '"record-result"', '"recorder"'),
        (APP, 'connection="ServiceBus"', 'connection="Queue"'),
        (APP, 'connection="EventHubs"', 'connection="ServiceBus"'),
        (APP, "queue_name=DOCUMENTS_QUEUE", 'queue_name="documents"'),
        (APP, 'function_name("process_document")', 'function_name("process")'),
        ("infra/core/data/storage.bicep", "results: 'results'", "results: 'output'"),
        (
            "infra/core/messaging/service-bus.bicep",
            "documents: 'documents'",
            "documents: 'waiting'",
        ),
        ("infra/core/messaging/event-hubs.bicep", "'ai-results'", "'results'"),
        ("infra/core/messaging/event-hubs.bicep", "'record-result'", "'recorder'"),
        ("infra/app/processor.bicep", "EventHubs__clientId", "Stream__clientId"),
        ("infra/app/processor.bicep", "'function:record_result'", "'function:record'"),
    ],
)
def test_a_name_that_changes_on_one_side_is_seen(
    rendering: Render, tmp_path: Path, file: str, old: str, new: str
) -> None:
    running_bicep()
    source = rendering(EVENT_DRIVEN)
    for folder in ("infra", "functions", "packages/document_pipeline"):
        shutil.copytree(source / folder, tmp_path / folder)
    shutil.copy(source / ".copier-answers.yml", tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text, f"{file} has changed: renew this test"
    (tmp_path / file).write_text(text.replace(old, new))
    compilation = compiled_with(tmp_path, file.removeprefix("infra/"), source)
    assert list(mismatches(environment(tmp_path, "prod", compilation)))


def test_the_code_gives_up_before_the_broker_does(rendering: Render) -> None:
    running_bicep()
    repository = rendering(EVENT_DRIVEN)
    built = environment(repository, "prod")
    settings = (repository / SETTINGS).read_text()
    (deliveries,) = re.findall(r"deliveries_before_deferral: int = Field\(default=(\d+)", settings)
    for queue in built.all("Microsoft.ServiceBus/namespaces/queues"):
        assert int(deliveries) < queue.properties["maxDeliveryCount"]
    (seconds,) = re.findall(r"processing_seconds: float = Field\(default=(\d+)", settings)
    host = json.loads((repository / HOST).read_text())
    renewed = host["extensions"]["serviceBus"]["maxAutoLockRenewalDuration"]
    hours, minutes, rest = map(int, renewed.split(":"))
    # A minute's wait before a message is given back is part of its delivery.
    assert int(seconds) + 60 < 3600 * hours + 60 * minutes + rest
