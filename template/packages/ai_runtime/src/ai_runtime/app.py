"""The app factory: what every service of this repository has in common over HTTP."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from ai_runtime import problems
from ai_runtime.access import Access, AccessMiddleware
from ai_runtime.health import Check, Health, health_router
from ai_runtime.middleware import CorrelationMiddleware, GuardMiddleware
from ai_runtime.settings import Settings
from ai_runtime.startup import Resource, Startup
from ai_runtime.telemetry import Telemetry, configure_logging, request_telemetry


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
) -> FastAPI:
    """Build an app with health endpoints, problem details, limits, telemetry and a lifespan.

    `access` decides who may call anything else than the health endpoints. `checks` are the
    dependencies of `/health` by name. `middleware` runs inside the correlation id and outside the
    limits, so that headers it adds (CORS) are on problem responses too. `body_limits` are the bytes
    that a path accepts where `max_body_bytes` is not right for it.
    """
    configure_logging(settings.log_level)
    health = Health(checks or {}, cache_seconds=settings.health_cache_seconds)
    startup = Startup((Telemetry(settings), access, *resources))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        startup.start()
        try:
            yield
        finally:
            await startup.stop()

    app = FastAPI(
        title=title,
        description=description,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=request_telemetry(),
        middleware=[
            Middleware(CorrelationMiddleware, https=not settings.is_local),
            *middleware,
            Middleware(
                GuardMiddleware,
                timeout_seconds=settings.request_timeout_seconds,
                max_body_bytes=settings.max_body_bytes,
                body_limits=body_limits or {},
                startup=startup,
            ),
            Middleware(AccessMiddleware, access=access),
        ],
        exception_handlers={
            problems.Problem: problems.on_problem,
            HTTPException: problems.on_http_error,
            RequestValidationError: problems.on_invalid_request,
        },
    )
    app.include_router(health_router(startup, health))
    for router in routers:
        app.include_router(router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


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
