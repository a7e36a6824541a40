"""Start and memory of services against a bare FastAPI app; latency that the gateway adds."""

import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.benchmarks.measure import report
from tests.rendering import render

UV = Path(sys.executable).parent / "uv"
BARE = """
from fastapi import FastAPI
app = FastAPI()
@app.get("/health/live")
async def live():
    return {}
"""
QUESTION = {"messages": [{"role": "user", "content": "How long does a word take?"}]}
ROUNDS = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str, within: float = 30) -> None:
    """Ask until the address answers 200; a dense poll, since the wait is what is measured."""
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(url, timeout=5),
        ):
            return
        time.sleep(0.005)
    raise TimeoutError(url)


@contextlib.contextmanager
def process(
    command: list[str], cwd: Path, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs as long as the block."""
    started = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(variables or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=20)


def resident_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def uvicorn(python: Path, app: str, port: int) -> list[str]:
    return [str(python), "-m", "uvicorn", *app.split(), "--port", str(port), "--no-access-log"]


def start(python: Path, app: str, cwd: Path, variables: Mapping[str, str]) -> tuple[float, float]:
    """Seconds to the first `/health/live`, and MiB resident then."""
    port = free_port()
    began = time.perf_counter()
    with process(uvicorn(python, app, port), cwd, variables) as running:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        return time.perf_counter() - began, resident_mebibytes(running.pid)


def first_event(connection: http.client.HTTPConnection, path: str) -> float:
    """Seconds from posting a question to the end of the first event of its answer."""
    began = time.perf_counter()
    connection.request("POST", path, json.dumps(QUESTION), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    while answer.readline().strip():
        pass
    took = time.perf_counter() - began
    answer.read()
    return took


def run() -> None:
    with tempfile.TemporaryDirectory() as name:
        repository = render(Path(name) / "repository")
        # As in the images: with bytecode.
        sync = [str(UV), "sync", "--quiet", "--all-packages", "--compile-bytecode"]
        subprocess.run(sync, cwd=repository, check=True)
        python = repository / ".venv/bin/python"
        (Path(name) / "bare.py").write_text(BARE)

        standin = free_port()
        address = f"http://127.0.0.1:{standin}/"
        workloads = {
            "api_gateway": {},
            "chat_service": {
                "AZURE_OPENAI_ENDPOINT": address,
                "AZURE_OPENAI_DEPLOYMENT": "gpt-5.4-mini",
            },
            "vision_service": {"AZURE_VISION_ENDPOINT": address},
            "text_service": {"AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT": address},
        }
        for service in ("chat", "vision", "text"):
            workloads["api_gateway"][f"{service.upper()}_SERVICE_URL"] = "http://127.0.0.1:9/"

        bare = statistics.median(start(python, "bare:app", Path(name), {})[0] for _ in range(5))
        for package, variables in workloads.items():
            results = [
                start(python, f"--factory {package}.main:create_app", repository, variables)
                for _ in range(5)
            ]
            took = statistics.median(result[0] for result in results)
            resident = statistics.median(result[1] for result in results)
            report(
                f"{package} start",
                f"{took:.2f} s = {took / bare:.2f} × a bare FastAPI app",
                "≤ 0.5 s",
                took <= 0.5,
            )
            report(f"{package} memory", f"{resident:.0f} MiB", "≤ 80 MiB", resident <= 80)

        chat, gateway = free_port(), free_port()
        workloads["api_gateway"]["CHAT_SERVICE_URL"] = f"http://127.0.0.1:{chat}/"
        with (
            process([str(python), "-m", "ai_standin", "--port", str(standin)], repository),
            process(
                uvicorn(python, "--factory chat_service.main:create_app", chat),
                repository,
                workloads["chat_service"],
            ),
            process(
                uvicorn(python, "--factory api_gateway.main:create_app", gateway),
                repository,
                workloads["api_gateway"],
            ),
        ):
            for port in (chat, gateway):
                wait_for(f"http://127.0.0.1:{port}/health/ready")
            # Connections are kept, as the platform's ingress keeps them.
            direct_times, gateway_times = [], []
            alone = http.client.HTTPConnection("127.0.0.1", chat, timeout=20)
            behind = http.client.HTTPConnection("127.0.0.1", gateway, timeout=20)
            for _ in range(ROUNDS):
                direct_times.append(first_event(alone, "/chat"))
                gateway_times.append(first_event(behind, "/api/chat"))
        direct, through = statistics.median(direct_times[5:]), statistics.median(gateway_times[5:])
        added = (through - direct) * 1000
        report(
            "gateway's added latency to the first event",
            f"{added:.1f} ms ({through / direct:.2f} × the chat service alone)",
            "≤ 3 ms",
            added <= 3,
        )
