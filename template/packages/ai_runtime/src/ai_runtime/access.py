"""Who may call an app: a valid token, and a rule on whom it speaks for."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Self

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ai_runtime.context import path_of
from ai_runtime.problems import Problem
from ai_runtime.settings import PublicSettings, Settings
from ai_runtime.telemetry import get_logger
from ai_runtime.tokens import USER_SCOPE, Caller, TokenValidator

OPEN_PATHS = frozenset({"/health", "/health/live", "/health/ready"})
"""Probes and availability tests carry no token, and learn nothing but states."""

_logger = get_logger("access")


class Access:
    """Lets in whoever has a valid token and satisfies a rule.

    Everybody is let in while API_CLIENT_ID is not set, which settings refuse in `prod`.
    """

    def __init__(self, settings: Settings, allows: Callable[[Caller], bool]) -> None:
        self._validator = TokenValidator(settings) if settings.authenticates else None
        self._open_because = "" if settings.authenticates else "API_CLIENT_ID is not set"
        self._allows = allows

    @classmethod
    def of_users(cls, settings: PublicSettings, roles: AbstractSet[str]) -> Self:
        """Let in signed-in people, and callers that have one of `roles`; everybody, if
        USER_AUTHENTICATION is `none`."""
        access = cls(
            settings,
            lambda caller: USER_SCOPE in caller.scopes or not roles.isdisjoint(caller.roles),
        )
        if settings.user_authentication == "none":
            access._validator = None
            access._open_because = "USER_AUTHENTICATION is none"
        return access

    def load(self) -> None:
        if self._validator is None:
            _logger.warning("open to everybody: %s", self._open_because)
        else:
            self._validator.load()

    async def close(self) -> None:
        """Nothing is held open."""

    async def check(self, authorization: str | None) -> Caller | None:
        """Return the caller that the `Authorization` header proves, None where everybody is let in.

        Raises a 401 problem without a valid token, a 403 problem when the rule does not hold, and a
        503 problem while tokens cannot be checked.
        """
        if self._validator is None:
            return None
        caller = await self._validator.validate(authorization)
        if not self._allows(caller):
            _logger.warning("refused: %s may not call this", caller.object_id)
            raise Problem(403, "This caller may not do that.", kind="forbidden")
        return caller


class AccessMiddleware:
    """Ask `access` before anything but a health endpoint, also before saying that a path does not
    exist."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http" and path_of(scope) not in OPEN_PATHS:
            given = Headers(scope=scope).getlist("Authorization")
            # Of two headers, each hop might believe another one.
            await self.access.check(given[0] if len(given) == 1 else ", ".join(given))
        await self.app(scope, receive, send)
