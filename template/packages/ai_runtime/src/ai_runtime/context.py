"""What belongs to the request in hand, visible to everything that serves it."""

import asyncio
from contextvars import ContextVar

from starlette.types import Scope

CORRELATION_HEADER = "X-Correlation-Id"

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""Identifier that ties together one user's request across services and logs."""

deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""When the request must be over, in seconds of the event loop's clock."""


def path_of(scope: Scope) -> str:
    """Path of a request without the prefix under which the host serves the app."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def remaining_seconds() -> float:
    """Seconds until the deadline of the request; infinite outside a request."""
    at = deadline.get()
    return float("inf") if at is None else max(0.0, at - asyncio.get_running_loop().time())
