"""The app factory: what every service of this repository has in common over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from ai_runtime import problems
from ai_runtime.access import Access, AccessMiddleware
from ai_runtime.health import Check, Health
from ai_runtime.middleware import CorrelationMiddleware, GuardMiddleware, RootPathMiddleware
from ai_runtime.settings import Settings
from ai_runtime.telemetry import Telemetry, configure_logging, get_logger, request_telemetry

_logger = get_logger("app")


class Resource(Protocol):
    """Something that lives as long as the app, such as a client with its connections."""

    def load(self) -> None:
        """Do the slow part of the start (imports); called once, in a thread, while `/health/live`
        already answers. `/health/ready` says no until it has returned."""

    async def close(self) -> None:
        """Release connections when the app shuts down."""


def create_app(
    settings: Settings,
    *,
    title: str,
    access: Access,
    description: str = "",
    routers: Sequence[APIRouter] = (),
    resources: Sequence[Resource] = (),
    checks: Mapping[str, Check] | None = None,
    middleware: Sequence[Middleware] = (),
    body_limits: Mapping[str, int] | None = None,
    root_path: str = "",
) -> FastAPI:
    """Build an app with health endpoints, problem details, limits, telemetry and a lifespan.

    `access` decides who may call anything else than the health endpoints. `checks` are the
    dependencies of `/health` by name. `middleware` runs inside the correlation id and outside the
    limits, so that headers it adds (CORS) are on problem responses too. `body_limits` are the bytes
    that a path accepts where `max_body_bytes` is not right for it. `root_path` is the prefix under
    which the host serves the app; paths are without it.
    """
    configure_logging(settings.log_level)
    health = Health(checks or {}, cache_seconds=settings.health_cache_seconds)
    to_load: Sequence[Resource] = (Telemetry(settings), access, *resources)
    loading: asyncio.Task[None] | None = None

    async def loaded() -> None:
        if loading is not None and not loading.done():
            await asyncio.shield(loading)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        nonlocal loading
        loading = asyncio.create_task(_load(to_load, health))
        try:
            yield
        finally:
            health.ready = False
            loading.cancel()
            for resource in reversed(to_load):
                await resource.close()

    app = FastAPI(
        title=title,
        description=description,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=request_telemetry(),
        middleware=[
            *([Middleware(RootPathMiddleware, root_path=root_path)] if root_path else []),
            Middleware(CorrelationMiddleware, https=not settings.is_local),
            *middleware,
            Middleware(
                GuardMiddleware,
                timeout_seconds=settings.request_timeout_seconds,
                max_body_bytes=settings.max_body_bytes,
                body_limits=body_limits or {},
                loaded=loaded,
            ),
            Middleware(AccessMiddleware, access=access),
        ],
        exception_handlers={
            problems.Problem: problems.on_problem,
            HTTPException: problems.on_http_error,
            RequestValidationError: problems.on_invalid_request,
        },
    )
    app.include_router(health.router())
    for router in routers:
        app.include_router(router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


async def _load(resources: Sequence[Resource], health: Health) -> None:
    try:
        for resource in resources:
            await asyncio.to_thread(resource.load)
    except Exception:
        # The instance stays not ready, and the platform replaces it.
        _logger.exception("start failed")
    else:
        health.ready = True


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        components = schema.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            components.pop(name, None)
        details = problems.ProblemDetails.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        components |= details.pop("$defs", {}) | {"ProblemDetails": details}
        app.openapi_schema = schema
    return app.openapi_schema
