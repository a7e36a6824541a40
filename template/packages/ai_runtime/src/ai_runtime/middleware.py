"""ASGI middleware. Plain ASGI: nothing here buffers a stream or starts a task."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from uuid import uuid4

from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ai_runtime.context import CORRELATION_HEADER, correlation_id, deadline, path_of
from ai_runtime.health import PROBES
from ai_runtime.problems import Problem, problem_of
from ai_runtime.startup import Startup

STREAM_GRACE_SECONDS = 5.0
"""A stream ends itself at the deadline with an error event; if it cannot, it is cut this later."""

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_access = logging.getLogger("access")


class CorrelationMiddleware:
    """Give each request a correlation id, each response its headers, and the log a line."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = dict(_SECURITY_HEADERS)
        if https:
            self.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        given = Headers(scope=scope).get(CORRELATION_HEADER, "")
        identifier = given if _CORRELATION_ID.fullmatch(given) else uuid4().hex
        token = correlation_id.set(identifier)
        trace.get_current_span().set_attribute("app.correlation_id", identifier)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[CORRELATION_HEADER] = identifier
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            if not path_of(scope).startswith("/health"):
                _access.info(
                    "%s %s %s",
                    scope["method"],
                    scope["path"],
                    status or "aborted",
                    extra={"duration_ms": round((time.perf_counter() - started) * 1000, 1)},
                )
            correlation_id.reset(token)


class GuardMiddleware:
    """Bound a request in time and size, and turn what nobody handled into a problem.

    A request that comes while the app still loads waits: two threads that import the same packages
    at once can see half of them.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        timeout_seconds: float,
        max_body_bytes: int,
        body_limits: Mapping[str, int],
        startup: Startup,
    ) -> None:
        self.app = app
        self.timeout_seconds = timeout_seconds
        self.max_body_bytes = max_body_bytes
        self.body_limits = body_limits
        self.startup = startup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        at = asyncio.get_running_loop().time() + self.timeout_seconds
        token = deadline.set(at)
        timeout = asyncio.timeout_at(at)
        limit = self.body_limits.get(path_of(scope), self.max_body_bytes)
        started = False
        received = 0

        async def bounded_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # While it reads a body, FastAPI turns every other exception into a 400.
                raise HTTPException(413, _too_large(limit).detail)
            return message

        async def watched_send(message: Message) -> None:
            nonlocal started
            if not started and message["type"] == "http.response.start":
                started = True
                timeout.reschedule(at + STREAM_GRACE_SECONDS)
            await send(message)

        try:
            async with timeout:
                declared = Headers(scope=scope).get("content-length", "")
                if declared.isdecimal() and int(declared) > limit:
                    raise _too_large(limit)
                if path_of(scope) not in PROBES:
                    await self.startup.wait()
                await self.app(scope, bounded_receive, watched_send)
        except Exception as error:
            if started:
                raise
            await problem_of(error).response()(scope, receive, send)
        finally:
            deadline.reset(token)


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The body is larger than {limit} bytes.")
