"""Retries, deadlines and the circuit breaker, on a clock of the test's own where time matters."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ai_runtime.context import deadline
from ai_runtime.problems import Problem
from ai_runtime.resilience import CircuitBreaker, Kind, Upstream, UpstreamError, retry_after_seconds


@pytest.fixture
async def waits(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[float]]:
    """Collect what would be waited, instead of waiting."""
    collected: list[float] = []
    loop, wait = asyncio.get_running_loop(), asyncio.sleep

    async def sleep(seconds: float) -> None:
        # Servers of other tests have loops of their own.
        if asyncio.get_running_loop() is loop:
            collected.append(seconds)
        else:
            await wait(seconds)

    monkeypatch.setattr("ai_runtime.resilience.asyncio.sleep", sleep)
    yield collected
    monkeypatch.undo()


def scripted(*outcomes: str | UpstreamError) -> tuple[Callable[[], Awaitable[str]], list[int]]:
    calls: list[int] = []

    async def operation() -> str:
        outcome = outcomes[min(len(calls), len(outcomes) - 1)]
        calls.append(1)
        if isinstance(outcome, UpstreamError):
            raise outcome
        return outcome

    return operation, calls


async def test_retries_until_it_works(waits: list[float]) -> None:
    operation, calls = scripted(
        UpstreamError("unavailable"), UpstreamError("throttled", retry_after=2), "done"
    )
    assert await Upstream("test", timeout_seconds=1).call(operation) == "done"
    assert len(calls) == 3
    assert 0.25 <= waits[0] <= 0.5
    assert waits[1] == 2


@pytest.mark.parametrize("kind", ["denied", "refused", "timeout"])
async def test_does_not_repeat_what_will_not_work(kind: Kind, waits: list[float]) -> None:
    operation, calls = scripted(UpstreamError(kind))
    with pytest.raises(UpstreamError):
        await Upstream("test", timeout_seconds=1).call(operation)
    assert (len(calls), waits) == (1, [])


async def test_long_retry_after_is_passed_on(waits: list[float]) -> None:
    operation, calls = scripted(UpstreamError("throttled", retry_after=30))
    with pytest.raises(UpstreamError) as raised:
        await Upstream("test", timeout_seconds=1).call(operation)
    assert (raised.value.status, raised.value.retry_after) == (429, 30)
    assert (len(calls), waits) == (1, [])


async def test_no_retry_beyond_the_deadline(waits: list[float]) -> None:
    deadline.set(asyncio.get_running_loop().time() + 1)
    operation, calls = scripted(UpstreamError("throttled", retry_after=2))
    with pytest.raises(UpstreamError):
        await Upstream("test", timeout_seconds=1).call(operation)
    assert (len(calls), waits) == (1, [])


@pytest.mark.parametrize(("patience", "left"), [(0.02, 60), (60, 0.02)])
async def test_an_attempt_ends_at_its_timeout_or_at_the_deadline(
    patience: float, left: float
) -> None:
    deadline.set(asyncio.get_running_loop().time() + left)
    started = time.monotonic()
    with pytest.raises(UpstreamError) as raised:
        await Upstream("test", timeout_seconds=patience).call(lambda: asyncio.sleep(60))
    assert raised.value.status == 504
    assert time.monotonic() - started < 20


async def test_circuit_opens_and_one_trial_closes_it(waits: list[float]) -> None:
    now = 100.0
    breaker = CircuitBreaker(failures=3, recovery_seconds=10, clock=lambda: now)
    upstream = Upstream("test", timeout_seconds=1, breaker=breaker)
    failing, calls = scripted(UpstreamError("unavailable"))
    with pytest.raises(UpstreamError):
        await upstream.call(failing)
    with pytest.raises(Problem) as refused:
        await upstream.call(failing)
    assert (refused.value.status, refused.value.retry_after) == (503, 10)
    assert len(calls) == 3

    now += 11
    breaker.check()
    with pytest.raises(Problem):
        # The trial is out; everybody else still waits.
        breaker.check()
    now += 11
    working, _ = scripted("done")
    assert await upstream.call(working) == "done"
    assert not breaker.is_open


async def test_a_failed_trial_is_not_repeated(waits: list[float]) -> None:
    now = 100.0
    breaker = CircuitBreaker(failures=1, recovery_seconds=10, clock=lambda: now)
    breaker.failed()
    now += 11
    operation, calls = scripted(UpstreamError("unavailable"))
    with pytest.raises(UpstreamError):
        await Upstream("test", timeout_seconds=1, breaker=breaker).call(operation)
    assert len(calls) == 1
    assert breaker.is_open


async def test_what_is_not_the_services_fault_does_not_open_the_circuit() -> None:
    upstream = Upstream("test", timeout_seconds=1, breaker=CircuitBreaker(failures=1))
    kinds: tuple[Kind, ...] = ("throttled", "denied", "refused")
    for kind in kinds:
        operation, _ = scripted(UpstreamError(kind, retry_after=60))
        with pytest.raises(UpstreamError):
            await upstream.call(operation)
    assert not upstream.breaker.is_open


@pytest.mark.parametrize(
    ("answered", "statuses"),
    [(429, [429]), (502, [401, 403, 404, 408, 500, 503]), (422, [400, 413, 415, 422])],
)
def test_statuses(answered: int, statuses: list[int]) -> None:
    assert {UpstreamError.from_status(status, {}).status for status in statuses} == {answered}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "7"}, 7),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_retry_after_as_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after_seconds({"Retry-After": date}) == pytest.approx(30, abs=2)
