"""Structured logs on standard output; traces, metrics and logs to Azure Monitor if configured."""

import json
import logging
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from starlette.types import Scope

from ai_runtime.context import correlation_id, path_of
from ai_runtime.settings import Settings

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

FLUSH_SECONDS = 5
"""For each of traces, metrics and logs, when the app shuts down."""

_EXPORTED_LOGGER = "workload"
_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "taskName",
    "color_message",
}


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module; its records also reach Azure Monitor."""
    return logging.getLogger(f"{_EXPORTED_LOGGER}.{name}")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identifier := correlation_id.get():
            entry["correlation_id"] = identifier
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            entry["trace_id"] = trace.format_trace_id(span.trace_id)
        entry |= {key: value for key, value in vars(record).items() if key not in _STANDARD_FIELDS}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Write each log record of the process as one JSON line to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    # SDKs log each request at INFO: spans say it better.
    root.setLevel(logging.WARNING)
    for name in (_EXPORTED_LOGGER, "access", "uvicorn"):
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        # Our own access log says more than uvicorn's, and only once.
        logger.propagate = name != "uvicorn.access"


def request_telemetry() -> "TelemetryConfig":
    """Options of FastAPI's own telemetry, which does nothing until a provider is configured."""
    return {
        "auto_configure": False,
        # One span for each request: a span for each dependency and part of a stream is noise.
        "operation_spans": False,
        # Its records would carry exceptions a second time.
        "logs": False,
        "exclude": _is_health_probe,
    }


def _is_health_probe(scope: Scope) -> bool:
    return path_of(scope).startswith("/health")


class Telemetry:
    """Connection to Azure Monitor. Without a connection string nothing is imported or sent."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._configured = False

    def load(self) -> None:
        """Configure the exporters; slow (imports), so it runs beside the start of the app.

        Without telemetry the app still serves: what is wrong is in the log on standard output.
        """
        connection_string = self._settings.applicationinsights_connection_string
        if not connection_string:
            return
        try:
            self._configure(connection_string)
        except Exception:  # noqa: BLE001 - whatever it is, it is no reason to be down
            get_logger("telemetry").exception("nothing is sent to Azure Monitor")
        else:
            self._configured = True

    def _configure(self, connection_string: str) -> None:
        # Resource detection would ask the metadata service of a virtual machine, which is not here.
        os.environ.setdefault("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "otel")

        from azure.monitor.opentelemetry import configure_azure_monitor
        from opentelemetry.sdk.resources import Resource

        from ai_runtime.identity import exporter_credential

        # FastAPI brings its own instrumentation; the others are of packages that are not used here.
        off = ("django", "fastapi", "flask", "httpx", "psycopg2", "requests", "urllib", "urllib3")
        configure_azure_monitor(
            connection_string=connection_string,
            credential=exporter_credential(self._settings),
            logger_name=_EXPORTED_LOGGER,
            resource=Resource.create({"service.name": self._settings.otel_service_name}),
            # Service-level objectives are counted from requests: all of them.
            sampling_ratio=1.0,
            instrumentation_options={name: {"enabled": False} for name in off},
        )

    async def close(self) -> None:
        """Send what is still buffered; called when the app shuts down."""
        if self._configured:
            import asyncio

            await asyncio.to_thread(_flush)


def unobserved() -> AbstractContextManager[None]:
    """Make calls without a span: health checks are not traffic."""
    if "opentelemetry.instrumentation.utils" not in sys.modules:
        return nullcontext()
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    return suppress_instrumentation()


def _flush() -> None:
    from opentelemetry import metrics
    from opentelemetry._logs import get_logger_provider

    for provider in (
        trace.get_tracer_provider(),
        metrics.get_meter_provider(),
        get_logger_provider(),
    ):
        flush = getattr(provider, "force_flush", None)
        if flush is not None:
            flush(timeout_millis=FLUSH_SECONDS * 1000)
