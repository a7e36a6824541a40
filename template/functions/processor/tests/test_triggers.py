"""The triggers, with the library's own types between the host and the package."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, get_type_hints

import azure.functions as func
import pytest
from azure.functions import meta
from azure.functions.eventhub import EventHubTriggerConverter
from azure.functions.servicebus import ServiceBusMessageInConverter

from document_pipeline.deferral import MAX_REDELIVERY_SECONDS
from document_pipeline.messages import properties_of
from document_pipeline.model import Delivery, DocumentVersion, Step
from document_pipeline.process import utc_now
from document_pipeline.settings import PipelineSettings
from document_pipeline.testing import blob_created

FOLDER = Path(__file__).resolve().parents[1]
PDF_TYPE = {"content-type": "application/pdf"}
DOCUMENT = DocumentVersion("letter.pdf", "0x8DE")


def handler(function: Any) -> Any:
    """Return what the worker calls."""
    return function.get_user_function()


def bindings(function: Any) -> list[dict[str, Any]]:
    """Return what the host is told."""
    return [json.loads(binding) for binding in function.get_raw_bindings()]


def test_functions_and_their_bindings(functions: dict[str, Any]) -> None:
    assert set(functions) == {"process_document", "record_result", "api"}
    (queue,) = bindings(functions["process_document"])
    assert queue["type"] == "serviceBusTrigger"
    assert (queue["queueName"], queue["connection"]) == ("documents", "ServiceBus")
    (hub,) = bindings(functions["record_result"])
    assert hub["type"] == "eventHubTrigger"
    assert (hub["eventHubName"], hub["consumerGroup"]) == ("ai-results", "record-result")
    assert (hub["connection"], hub["cardinality"]) == ("EventHubs", "MANY")
    (route,) = [found for found in bindings(functions["api"]) if found["type"] == "httpTrigger"]
    assert (route["route"], route["authLevel"]) == ("{*path}", "ANONYMOUS")


def test_failed_batch_of_outcomes_is_never_skipped(functions: dict[str, Any]) -> None:
    policy = functions["record_result"].get_settings_dict("retry_policy")
    assert policy["max_retry_count"] == "-1"


@pytest.mark.parametrize(
    ("name", "parameter", "converter"),
    [
        ("process_document", "message", ServiceBusMessageInConverter),
        ("record_result", "events", EventHubTriggerConverter),
    ],
)
def test_worker_accepts_the_annotations(
    functions: dict[str, Any], name: str, parameter: str, converter: type[meta.InConverter]
) -> None:
    annotation = get_type_hints(handler(functions[name]))[parameter]
    assert converter.check_input_type_annotation(annotation)


def trigger(body: str, **metadata: Any) -> func.ServiceBusMessage:
    """Return a message as the host hands it to the worker."""
    values = {
        "MessageId": meta.Datum(DOCUMENT.id, "string"),
        "DeliveryCount": meta.Datum("3", "json"),
        "ApplicationProperties": meta.Datum("{}", "json"),
        "UserProperties": meta.Datum("{}", "json"),
    }
    values |= {name: meta.Datum(json.dumps(value), "json") for name, value in metadata.items()}
    message = ServiceBusMessageInConverter.decode(
        meta.Datum(body, "string"), trigger_metadata=values
    )
    assert isinstance(message, func.ServiceBusMessage)
    return message


class Handled:
    """Stands where the parts are and keeps what it is given."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.events: list[bytes] = []
        self.processor = SimpleNamespace(handle=self._deliver)
        self.recorder = SimpleNamespace(handle=self._record)

    async def _deliver(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)

    async def _record(self, events: Iterator[bytes]) -> None:
        self.events += events


@pytest.fixture
def handled(function_app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Handled:
    handled = Handled()

    async def parts() -> Handled:
        return handled

    monkeypatch.setattr(function_app.workload, "parts", parts)
    return handled


async def test_message_reaches_the_pipeline_whole(
    functions: dict[str, Any], handled: Handled
) -> None:
    sent = blob_created(DOCUMENT).followed_by(Step(at=utc_now(), action="deferred"), DOCUMENT.id)
    message = trigger(sent.body, MessageId=sent.id, ApplicationProperties=properties_of(sent))
    await handler(functions["process_document"])(message)
    assert handled.deliveries == [Delivery(sent, 3)]


async def test_batch_reaches_the_recorder_in_order(
    functions: dict[str, Any], handled: Handled
) -> None:
    batch = [func.EventHubEvent(body=body) for body in (b"1", b"2", b"3")]
    await handler(functions["record_result"])(batch)
    assert handled.events == [b"1", b"2", b"3"]


async def test_http_passes_through_to_the_app(functions: dict[str, Any]) -> None:
    async def call(method: str, path: str, body: bytes = b"", **headers: str) -> func.HttpResponse:
        request = func.HttpRequest(
            method, f"https://app.example.com{path}", headers=headers, body=body
        )
        response: func.HttpResponse = await handler(functions["api"])(request, None)
        return response

    # Two first requests at once start the app once.
    live, ready = await asyncio.gather(
        call("GET", "/api/health/live"), call("GET", "/api/health/ready")
    )
    assert (live.status_code, json.loads(live.get_body())) == (200, {"status": "alive"})
    assert ready.status_code in (200, 503)
    unknown = await call("GET", "/api/nothing")
    assert unknown.status_code == 404
    # The app goes on running between two calls.
    assert (await call("GET", "/api/health/ready")).status_code == 200
    assert unknown.headers["content-type"] == "application/problem+json"
    refused = await call("POST", "/api/documents?name=a.pdf", b"words", **PDF_TYPE)
    assert refused.status_code == 422
    assert json.loads(refused.get_body())["detail"] == "The content is not application/pdf."
    assert (await call("GET", "/api/rejected")).status_code == 403


def test_missing_setting_is_one_line(environment: dict[str, str]) -> None:
    del environment["SERVICE_BUS_NAMESPACE"]
    done = subprocess.run(
        [sys.executable, "-c", "import function_app"],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "SERVICE_BUS_NAMESPACE: required"


def test_importing_the_app_imports_no_sdk(environment: dict[str, str]) -> None:
    code = "import sys, function_app; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"aiohttp", "azure.core", "azure.identity", "azure.servicebus", "fastapi", "openai"}
    assert not heavy & set(done.stdout.split())


def seconds(text: str) -> float:
    hours, minutes, rest = map(int, re.fullmatch(r"(\d+):(\d+):(\d+)", text).groups())  # type: ignore[union-attr]
    return timedelta(hours=hours, minutes=minutes, seconds=rest).total_seconds()


def test_a_lock_outlives_what_is_done_under_it() -> None:
    host = json.loads((FOLDER / "host.json").read_text())
    renewed = seconds(host["extensions"]["serviceBus"]["maxAutoLockRenewalDuration"])
    longest = PipelineSettings.model_fields["processing_seconds"].default + MAX_REDELIVERY_SECONDS
    assert longest < renewed < seconds(host["functionTimeout"])
