"""What really goes to Azure Monitor: requests and token counts, and not what people say."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import httpx2

from ai_standin.testing import StandIn


class _Ingestion(BaseHTTPRequestHandler):
    """Stands for the ingestion endpoint of Application Insights."""

    items: list[Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        items = json.loads(body)
        if self.path.endswith("/track"):
            self.items.extend(items)
        answer = {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


def test_exported_telemetry(standin: StandIn) -> None:
    _Ingestion.items = []
    ingestion = ThreadingHTTPServer(("127.0.0.1", 0), _Ingestion)
    threading.Thread(target=ingestion.serve_forever, daemon=True).start()
    ingest = f"http://127.0.0.1:{ingestion.server_port}/"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": (
            f"InstrumentationKey={UUID(int=1)};IngestionEndpoint={ingest};LiveEndpoint={ingest}"
        ),
        # The exporter's reports about itself would leave this machine.
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        "AZURE_OPENAI_ENDPOINT": standin.url,
        "AZURE_OPENAI_DEPLOYMENT": "gpt-5.4-mini",
        "OTEL_SERVICE_NAME": "chat-service",
    }
    command = "-m uvicorn --factory chat_service.main:create_app --port"
    service = subprocess.Popen(  # noqa: S603 - our own service
        [sys.executable, *command.split(), str(port)],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            _wait_until_ready(client)
            words = {"messages": [{"role": "user", "content": "private words"}]}
            client.post("/chat", json=words, headers={"X-Correlation-Id": "telemetry-1"})
            client.post("/chat", json={"messages": "private words"})
            client.get("/health")
        service.terminate()
        # Once it has shut down, the server ends by the signal that it was sent.
        assert service.wait(15) == -signal.SIGTERM
    finally:
        service.kill()
        service.wait()
        ingestion.shutdown()
        ingestion.server_close()

    items = _Ingestion.items
    assert "private" not in json.dumps(items)
    requests = [item["data"]["baseData"] for item in items if _kind(item) == "RequestData"]
    assert [(r["name"], r["responseCode"], r["success"]) for r in requests] == [
        ("POST /chat", "200", True),
        ("POST /chat", "422", False),
    ]
    assert requests[0]["properties"]["app.correlation_id"] == "telemetry-1"
    assert {item["tags"]["ai.cloud.role"] for item in items} == {"chat-service"}
    calls = [item["data"]["baseData"] for item in items if _kind(item) == "RemoteDependencyData"]
    assert "chat gpt-5.4-mini" in {call["name"] for call in calls}
    # A health check is no traffic.
    assert not [call for call in calls if "models" in call.get("data", "")]
    metrics = [item["data"]["baseData"]["metrics"][0]["name"] for item in items if _metric(item)]
    assert any("token" in name for name in metrics)


def _kind(item: dict[str, Any]) -> str:
    return str(item["data"]["baseType"])


def _metric(item: dict[str, Any]) -> bool:
    return _kind(item) == "MetricData"


def _wait_until_ready(client: httpx2.Client) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx2.ConnectError:
            pass
        time.sleep(0.05)
    raise AssertionError("the service did not become ready")
