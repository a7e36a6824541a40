"""The health contract: which state follows from which, how fast, and how often it is asked."""

import asyncio
import time

import pytest
from starlette.testclient import TestClient

from ai_runtime.access import Access
from ai_runtime.app import create_app
from ai_runtime.health import Check, Health, Status
from ai_runtime.settings import Settings

EVERYBODY = Access(Settings(), lambda _: True)


def says(status: Status) -> Check:
    async def check() -> Status:
        return status

    return check


async def fails() -> Status:
    raise ConnectionError("name.example.com:443 refused")


async def hangs() -> Status:
    await asyncio.sleep(60)
    return "healthy"


@pytest.mark.parametrize(
    ("checks", "overall"),
    [
        ({}, "healthy"),
        ({"a": says("healthy")}, "healthy"),
        ({"a": says("healthy"), "b": fails}, "degraded"),
        ({"a": says("degraded")}, "degraded"),
        ({"a": says("degraded"), "b": fails}, "degraded"),
        ({"a": fails, "b": says("unhealthy")}, "unhealthy"),
    ],
)
async def test_overall_state(checks: dict[str, Check], overall: Status) -> None:
    assert (await Health(checks).report()).status == overall


async def test_checks_run_side_by_side_within_the_deadline() -> None:
    health = Health({"a": hangs, "b": hangs, "c": says("healthy")}, timeout_seconds=0.5)
    started = time.monotonic()
    report = await health.report()
    assert time.monotonic() - started < 0.95
    assert {name: item.status for name, item in report.dependencies.items()} == {
        "a": "unhealthy",
        "b": "unhealthy",
        "c": "healthy",
    }


async def test_callers_share_a_check_and_its_answer_is_remembered() -> None:
    calls = 0

    async def counted() -> Status:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.01)
        return "healthy"

    health = Health({"a": counted}, cache_seconds=0.05)
    leaving = asyncio.create_task(health.report())
    await asyncio.sleep(0)
    leaving.cancel()
    reports = await asyncio.gather(*(health.report() for _ in range(10)))
    assert {report.status for report in reports} == {"healthy"}
    assert calls == 1
    await asyncio.sleep(0.06)
    await health.report()
    assert calls == 2


def test_over_http_without_a_leak() -> None:
    app = create_app(Settings(), title="Test", access=EVERYBODY, checks={"database": fails})
    with TestClient(app) as client:
        response = client.get("/health")
    body = response.json()
    assert response.status_code == 503
    latency = body["dependencies"]["database"].pop("latency_ms")
    assert isinstance(latency, int)
    assert body == {"status": "unhealthy", "dependencies": {"database": {"status": "unhealthy"}}}
    assert "example" not in response.text
    assert "server" not in response.headers
