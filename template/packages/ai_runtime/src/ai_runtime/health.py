"""Health endpoints: the process, this instance, and what it depends on."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel
from starlette.responses import Response

from ai_runtime.startup import Startup

if TYPE_CHECKING:
    from fastapi import APIRouter

Status = Literal["healthy", "degraded", "unhealthy"]
Check = Callable[[], Awaitable[Status]]
"""Asks one dependency how it is; an exception or no answer in time means `unhealthy`."""

PROBES = frozenset({"/health/live", "/health/ready"})
"""Paths that answer at once, whatever else happens."""

_logger = logging.getLogger("workload.health")


class Liveness(BaseModel):
    status: Literal["alive", "failed"]


class Readiness(BaseModel):
    status: Literal["ready", "not-ready"]


class DependencyHealth(BaseModel):
    status: Status
    latency_ms: int


class HealthReport(BaseModel):
    status: Status
    dependencies: dict[str, DependencyHealth]


class Health:
    """Checks dependencies side by side, each within `timeout_seconds`, and remembers the answer
    for `cache_seconds`: probes never add up to load on a dependency."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        *,
        timeout_seconds: float = 2.0,
        cache_seconds: float = 5.0,
    ) -> None:
        self._checks = dict(checks)
        self._timeout_seconds = timeout_seconds
        self._cache_seconds = cache_seconds
        self._report: asyncio.Task[HealthReport] | None = None
        self._checked_at = 0.0

    async def report(self) -> HealthReport:
        """Return the state of all dependencies; callers at the same time share one check."""
        stale = time.monotonic() - self._checked_at > self._cache_seconds
        if self._report is None or (self._report.done() and stale):
            self._report = asyncio.create_task(self._check_all())
        # A caller that goes away must not cancel the check of the others.
        return await asyncio.shield(self._report)

    async def _check_all(self) -> HealthReport:
        results = await asyncio.gather(*map(self._check, self._checks.items()))
        self._checked_at = time.monotonic()
        states = {result.status for result in results}
        overall: Status = "degraded"
        if states <= {"healthy"}:
            overall = "healthy"
        elif states == {"unhealthy"}:
            overall = "unhealthy"
        return HealthReport(
            status=overall, dependencies=dict(zip(self._checks, results, strict=True))
        )

    async def _check(self, item: tuple[str, Check]) -> DependencyHealth:
        name, check = item
        started = time.perf_counter()
        status: Status = "unhealthy"
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status = await check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the dependency does not work
            _logger.warning("health check of %s failed: %s", name, type(error).__name__)
        return DependencyHealth(
            status=status, latency_ms=round((time.perf_counter() - started) * 1000)
        )


def health_router(startup: Startup, health: Health) -> "APIRouter":
    from fastapi import APIRouter

    router = APIRouter(prefix="/health", tags=["health"])

    @router.get(
        "/live",
        summary="The process works; the platform replaces it otherwise",
        responses={503: {"model": Liveness}},
    )
    async def live(response: Response) -> Liveness:
        if not startup.failed:
            return Liveness(status="alive")
        response.status_code = 503
        return Liveness(status="failed")

    @router.get(
        "/ready",
        summary="This instance can serve; asks no other service",
        responses={503: {"model": Readiness}},
    )
    async def ready(response: Response) -> Readiness:
        if startup.ready:
            return Readiness(status="ready")
        response.status_code = 503
        return Readiness(status="not-ready")

    @router.get(
        "",
        summary="Each dependency with its state",
        responses={503: {"model": HealthReport}},
    )
    async def report(response: Response) -> HealthReport:
        found = await health.report()
        if found.status == "unhealthy":
            response.status_code = 503
        return found

    return router
