"""`scripts/run_local.py`: the other tests run in what it starts; here is how it ends."""

import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import ROOT, is_open

SERVE = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port={port}, bind='127.0.0.1')"
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.fixture
def parts(run_local: ModuleType, tmp_path: Path) -> list[Any]:
    """Two small web servers under the names of real parts; the second one is a child's child."""
    found = []
    for name, options in (("ai-standin", []), ("api-gateway", [PARENT])):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        commands = [*options, SERVE.format(port=port)]
        command = [sys.executable, "-c", *commands]
        found.append(run_local.Part(name, port, command, "/", {}, tmp_path))
    return found


async def ready(capfd: pytest.CaptureFixture[str]) -> None:
    said = ""
    while "runs at" not in said:
        await asyncio.sleep(0.05)
        said += capfd.readouterr().out


async def test_stops_everything(
    run_local: ModuleType, parts: list[Any], capfd: pytest.CaptureFixture[str]
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run_local.run(parts, stop))
    await ready(capfd)
    assert all(is_open(part.port) for part in parts)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert not any(is_open(part.port) for part in parts)


async def test_one_end_is_the_end_of_all(run_local: ModuleType, parts: list[Any]) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(1); raise SystemExit(3)"]
    parts.append(run_local.Part("short-lived", parts[0].port, command, "/"))
    with pytest.raises(run_local.Failure, match=r"short-lived ended with exit code 3\."):
        await asyncio.wait_for(run_local.run(parts, asyncio.Event()), 20)
    assert not any(is_open(part.port) for part in parts)


async def test_stubborn_process_is_killed(
    run_local: ModuleType,
    parts: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run_local, "STOP_SECONDS", 0.5)
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    parts[0].command[2] = ignore + parts[0].command[2]
    stop = asyncio.Event()
    running = asyncio.create_task(run_local.run(parts, stop))
    await ready(capfd)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert not any(is_open(part.port) for part in parts)


def test_taken_port_is_one_line(run_local: ModuleType, free_offset: int) -> None:
    offset = free_offset + 1000
    gateway = run_local.parts(offset)[-1]
    with socket.create_server(("127.0.0.1", gateway.port)):
        result = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "scripts/run_local.py", "--no-web", "--port-offset", str(offset)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(rf"Port {gateway.port} \(api-gateway\) is taken: .+\n", result.stderr)


def test_without_node_the_apis_run_alone(
    run_local: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run_local._find_npm() is None
    assert capsys.readouterr().out == "Node.js is not installed: the APIs run without the page.\n"


def test_page_knows_the_gateway(run_local: ModuleType) -> None:
    gateway = run_local.parts(100)[-1]
    web = run_local.web_part("npm", gateway, 100)
    assert gateway.environment["ALLOWED_ORIGINS"] == web.url
    assert web.environment["API_BASE_URL"] == gateway.url
