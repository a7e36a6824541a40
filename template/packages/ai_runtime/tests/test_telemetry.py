"""Spans of requests, without noise and without what people say; logs as JSON."""

import json
import logging
import sys
from uuid import UUID

import pytest
from fastapi import APIRouter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from ai_runtime import telemetry
from ai_runtime.access import Access
from ai_runtime.app import create_app
from ai_runtime.settings import Settings
from ai_runtime.telemetry import Telemetry, configure_logging, get_logger

EVERYBODY = Access(Settings(), lambda _: True)

router = APIRouter()


@router.post("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(iter([b"a", b"b", b"c"]))


def test_one_span_for_a_streamed_request_and_none_for_a_probe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    options = telemetry.request_telemetry() | {"tracer_provider": provider}
    monkeypatch.setattr("ai_runtime.app.request_telemetry", lambda: options)
    with TestClient(
        create_app(Settings(), title="Test", access=EVERYBODY, routers=[router])
    ) as client:
        client.get("/health/ready")
        client.post("/stream", content=b"words", headers={"X-Correlation-Id": "span-0001"})
    (span,) = exporter.get_finished_spans()
    assert span.name == "POST /stream"
    assert span.attributes is not None
    assert span.attributes["app.correlation_id"] == "span-0001"
    assert span.attributes["http.response.status_code"] == 200
    assert "words" not in span.to_json()


def test_nothing_is_imported_without_a_connection_string() -> None:
    loaded = set(sys.modules)
    Telemetry(Settings()).load()
    assert not {name for name in set(sys.modules) - loaded if "azure.monitor" in name}


async def test_azure_monitor_is_configured_with_the_identity_and_all_traces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, object] = {}
    monkeypatch.setattr("azure.monitor.opentelemetry.configure_azure_monitor", given.update)
    settings = Settings(
        environment_type="dev",
        azure_client_id="11111111-2222-3333-4444-555555555555",
        applicationinsights_connection_string=f"InstrumentationKey={UUID(int=0)}",
        otel_service_name="a-service",
    )
    connection = Telemetry(settings)
    connection.load()
    assert type(given["credential"]).__name__ == "ManagedIdentityCredential"
    assert given["logger_name"] == "workload"
    assert given["sampling_ratio"] == 1.0
    await connection.close()


def test_logs_are_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    get_logger("test").info("said %s", "twice\nover", extra={"tokens": 3})
    logging.getLogger("some.sdk").info("request sent")
    (line,) = capsys.readouterr().out.splitlines()
    entry = json.loads(line)
    assert entry["message"] == "said twice\nover"
    assert (entry["logger"], entry["level"], entry["tokens"]) == ("workload.test", "INFO", 3)
