"""What the end-to-end tests see of the running system."""

import importlib.util
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parents[2]


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class System:
    """The running system: what its callers see, and what steers the AI stand-in."""

    gateway: httpx2.Client
    standin: httpx2.Client

    def calls(self) -> dict[str, int]:
        """Count the calls that the AI services got, by operation."""
        calls: dict[str, int] = self.standin.get("/standin/calls").json()["calls"]
        return calls

    def aborted(self) -> dict[str, int]:
        """Count the calls that their caller gave up, by operation."""
        aborted: dict[str, int] = self.standin.get("/standin/calls").json()["aborted"]
        return aborted

    @contextmanager
    def failing(self, service: str, mode: str, **options: float) -> Iterator[None]:
        """Let an AI service fail inside the block."""
        order = {"service": service, "mode": mode, **options}
        assert self.standin.put("/standin/failure", json=order).status_code == 200
        try:
            yield
        finally:
            self.heal()

    def heal(self) -> None:
        assert self.standin.delete("/standin/failure").status_code == 204

    @contextmanager
    def nothing_called(self) -> Iterator[None]:
        """Check that no AI service is called inside the block."""
        before = self.calls()
        yield
        assert self.calls() == before


def assert_problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    """Check that a response is a problem that tells nothing of the inside, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["correlation_id"] == response.headers["X-Correlation-Id"]
    assert_tells_nothing(response.text)
    return problem


def assert_tells_nothing(text: str) -> None:
    """Check that a text names no host, no code and no credential."""
    for word in ("127.0.0.1", "localhost", "http:", "Traceback", ".py", "Bearer", "uvicorn"):
        assert word not in text
