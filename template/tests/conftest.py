"""The whole system on free ports, as `scripts/run_local.py` starts it: no Azure, real processes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import ModuleType

import httpx2
import pytest

from harness import ROOT, System, is_open, load_script

START_SECONDS = 60

# The same code with less patience, so that the tests of slow services are fast.
IMPATIENT = {
    "AZURE_OPENAI_TIMEOUT_SECONDS": "1",
    "AZURE_VISION_TIMEOUT_SECONDS": "1",
    "AZURE_DOCUMENT_INTELLIGENCE_TIMEOUT_SECONDS": "1",
    "AZURE_DOCUMENT_INTELLIGENCE_POLLING_SECONDS": "0.05",
    "HEALTH_CACHE_SECONDS": "0",
}


@pytest.fixture(scope="session")
def run_local() -> ModuleType:
    return load_script("run_local")


@pytest.fixture(scope="session")
def free_offset(run_local: ModuleType) -> int:
    """A number to add to the usual ports, so that nobody listens there."""
    while True:
        offset = random.randrange(10_000, 40_000)  # noqa: S311 - no secret
        if not any(is_open(part.port) for part in run_local.parts(offset)):
            return offset


@pytest.fixture(scope="session")
def system(
    run_local: ModuleType, free_offset: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    log = tmp_path_factory.mktemp("system") / "log"
    script = str(ROOT / "scripts" / "run_local.py")
    arguments = ["--no-web", "--port-offset", str(free_offset), "--word-delay", "0.005"]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, script, *arguments],
            env=os.environ | IMPATIENT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    parts = run_local.parts(free_offset)
    ports = {part.name: part.port for part in parts}
    try:
        until = time.monotonic() + START_SECONDS
        while "runs at" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        with (
            httpx2.Client(base_url=f"http://127.0.0.1:{ports['api-gateway']}", timeout=15) as api,
            httpx2.Client(base_url=f"http://127.0.0.1:{ports['ai-standin']}") as standin,
        ):
            yield System(api, standin)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert not [name for name, port in ports.items() if is_open(port)]
    said = log.read_text()
    assert "Traceback" not in said, said
    assert "unhandled error" not in said, said
