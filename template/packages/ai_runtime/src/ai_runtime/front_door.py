"""The API answers only what came through the Front Door of this environment."""

import hmac
from uuid import UUID

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from ai_runtime.context import path_of
from ai_runtime.health import PROBES
from ai_runtime.problems import Problem

HEADER = "X-Azure-FDID"
"""Front Door overwrites what a caller sends under this name."""


def only_through(front_door_id: UUID | None) -> list[Middleware]:
    """Return what an API behind this Front Door needs; nothing where none stands in front."""
    return [Middleware(FrontDoorMiddleware, front_door_id=front_door_id)] if front_door_id else []


class FrontDoorMiddleware:
    """Refuse what lacks the id of our Front Door: anyone can build a Front Door of their own.

    The probes of the platform pass, since they come from inside and tell nothing.
    """

    def __init__(self, app: ASGIApp, *, front_door_id: UUID) -> None:
        self.app = app
        self._expected = str(front_door_id).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and path_of(scope) not in PROBES and not self._is_ours(scope):
            refusal = Problem(403, "This address is not the public one.", kind="not-through-edge")
            await refusal.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        given = Headers(scope=scope).getlist(HEADER)
        # A second value could only be smuggled in.
        return len(given) == 1 and hmac.compare_digest(
            given[0].lower().encode("latin-1"), self._expected
        )
