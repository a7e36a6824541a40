"""Calls to other services: bounded in time, retried when it helps, stopped when it does not.

The circuit breaker is our own: those published are either unmaintained or made for threads, and no
retry library bounds a server's `Retry-After` by the deadline of the request in hand.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Literal, Self, TypeVar

from ai_runtime.context import deadline, remaining_seconds
from ai_runtime.problems import Problem

T = TypeVar("T")
Kind = Literal["throttled", "unavailable", "timeout", "denied", "refused"]

MAX_WAIT_SECONDS = 5.0
"""A person is waiting: a longer `Retry-After` is passed on instead of being sat out."""

_STATUS: dict[Kind, tuple[int, str]] = {
    "throttled": (429, "The AI service is busy. Try again in a moment."),
    "unavailable": (502, "The AI service failed."),
    "timeout": (504, "The AI service did not answer in time."),
    "denied": (502, "The AI service did not accept the call."),
    "refused": (422, "The AI service cannot process this content."),
}
_logger = logging.getLogger("workload.resilience")


class UpstreamError(Problem):
    """A call to another service failed; as a problem it tells the caller no more than it should."""

    def __init__(self, kind: Kind, *, retry_after: float | None = None, detail: str = "") -> None:
        status, text = _STATUS[kind]
        super().__init__(status, detail or text, kind=f"upstream-{kind}", retry_after=retry_after)
        self.retryable = kind in ("throttled", "unavailable")
        self.counts = kind in ("unavailable", "timeout")

    @classmethod
    def from_status(cls, status: int, headers: Mapping[str, str]) -> Self:
        """Classify the status of a failed response."""
        if status == 429:
            return cls("throttled", retry_after=retry_after_seconds(headers))
        if status == 408 or status >= 500:
            return cls("unavailable", retry_after=retry_after_seconds(headers))
        return cls("refused" if status in (400, 413, 415, 422) else "denied")


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read `retry-after-ms` or `Retry-After` (seconds or a date)."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        if not (value := headers.get("Retry-After") or headers.get("retry-after")):
            return None
        if value.strip().isdecimal():
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def backoff_seconds(attempt: int) -> float:
    """Wait before retry number `attempt` (from 1): doubling, with jitter so that callers spread."""
    return random.uniform(0.25, 0.5) * 2.0 ** (attempt - 1)  # noqa: S311 - jitter is no secret


class CircuitBreaker:
    """Stops calling a service that keeps failing, and lets one call through to try it again."""

    def __init__(
        self,
        *,
        failures: int = 5,
        recovery_seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._recovery_seconds = recovery_seconds
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit

    def check(self) -> None:
        """Raise a 503 problem while the circuit is open."""
        if not self.is_open:
            return
        now = self._clock()
        if now < self._retry_at:
            raise Problem(
                503,
                "The AI service keeps failing and is left alone for a moment.",
                kind="circuit-open",
                retry_after=self._retry_at - now,
            )
        # This caller is the trial; should it never report back, another may try after the pause.
        self._retry_at = now + self._recovery_seconds

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        self._retry_at = self._clock() + self._recovery_seconds


class Upstream:
    """Runs calls to one service. A call raises `UpstreamError` to say how it failed."""

    def __init__(
        self,
        name: str,
        *,
        timeout_seconds: float,
        attempts: int = 3,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self.name = name
        self.timeout_seconds = timeout_seconds
        self._attempts = attempts
        self.breaker = breaker or CircuitBreaker()

    async def call(
        self, operation: Callable[[], Awaitable[T]], *, attempts: int | None = None
    ) -> T:
        """Run `operation`, each attempt within the timeout and all within the deadline."""
        self.breaker.check()
        for attempt in range(1, (attempts or self._attempts) + 1):
            try:
                result = await self._attempt(operation)
            except UpstreamError as error:
                self.failed(error)
                wait = backoff_seconds(attempt) if error.retry_after is None else error.retry_after
                last = attempt == (attempts or self._attempts) or self.breaker.is_open
                if last or not error.retryable or wait > min(MAX_WAIT_SECONDS, remaining_seconds()):
                    raise
                await asyncio.sleep(wait)
            else:
                self.breaker.succeeded()
                return result
        raise AssertionError("unreachable: the last attempt returns or raises")

    def failed(self, error: UpstreamError) -> None:
        """Note a failure, also one that comes after `call` has returned (a cut stream)."""
        _logger.warning("%s: %s", self.name, error.kind, extra={"retry_after": error.retry_after})
        if error.counts:
            self.breaker.failed()

    async def _attempt(self, operation: Callable[[], Awaitable[T]]) -> T:
        at = asyncio.get_running_loop().time() + min(self.timeout_seconds, remaining_seconds())
        # What the operation itself retries must fit into this attempt.
        token = deadline.set(at)
        try:
            async with asyncio.timeout_at(at):
                return await operation()
        except TimeoutError as error:
            raise UpstreamError("timeout") from error
        finally:
            deadline.reset(token)
