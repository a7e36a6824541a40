"""An AI service as the stand-in sees it, and how its operations fail on demand."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from ai_standin.control import Control, Failure

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One method and path of an AI service."""

    name: str
    method: str
    path: str
    handle: Handler
    malformed: Handler | None = None
    """Answers with what the caller did not ask for; none where that cannot happen."""


@dataclass(frozen=True)
class Service:
    """The operations of one AI service and the shape of its error bodies."""

    name: str
    operations: tuple[Operation, ...]
    error: Callable[[int, str, str], JSONResponse]

    def can_fail(self, mode: str) -> bool:
        """Tell whether `mode` is a failure of this service."""
        return mode != "malformed" or any(operation.malformed for operation in self.operations)

    def routes(self, control: Control) -> list[Route]:
        return [
            Route(
                operation.path,
                _Endpoint(self, operation, control),
                methods=[operation.method],
                name=f"{self.name}.{operation.name}",
            )
            for operation in self.operations
        ]


class _CutError(Exception):
    """Breaks the connection at this point."""


class _GoneError(Exception):
    """The client hung up while it was kept waiting."""


class _Endpoint:
    """Count a call, then answer it or fail as the control says.

    Failures act on the ASGI messages, so the code that answers knows nothing of them.
    """

    def __init__(self, service: Service, operation: Operation, control: Control) -> None:
        self._service = service
        self._operation = operation
        self._control = control
        self._name = f"{service.name}.{operation.name}"
        control.calls[self._name] = control.aborted[self._name] = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._control.calls[self._name] += 1
        failure = self._control.take(self._service.name)
        # The failure may be over before it shows: a stream is held only after some events.
        release = self._control.release
        response = await self._respond(Request(scope, receive), failure)
        finished = False

        async def observed_send(message: Message) -> None:
            nonlocal finished
            await send(message)
            finished = message["type"] == "http.response.body" and not message.get("more_body")

        try:
            await response(scope, receive, _failing(failure, release, receive, observed_send))
        except _CutError:
            finished = True
        except _GoneError:
            pass
        finally:
            if not finished:
                self._control.aborted[self._name] += 1

    async def _respond(self, request: Request, failure: Failure | None) -> Response:
        if failure and failure.mode == "throttle":
            response = self._service.error(429, "429", "The rate limit is exceeded.")
            response.headers["Retry-After"] = str(failure.retry_after)
            return response
        if failure and failure.mode == "error":
            return self._service.error(500, "InternalServerError", "The service failed.")
        self._control.answered[self._name, sha256(await request.body()).hexdigest()] += 1
        if failure and failure.mode == "malformed" and self._operation.malformed:
            return await self._operation.malformed(request)
        return await self._operation.handle(request)


def _failing(failure: Failure | None, release: asyncio.Event, receive: Receive, send: Send) -> Send:
    """Return a `send` that is slow or cuts the connection, as the failure says."""
    if failure is None or failure.mode not in ("slow", "cut"):
        return send
    default = 6 if failure.mode == "cut" else 0
    passes = default if failure.after_events is None else failure.after_events
    sent = 0

    async def slow(message: Message) -> None:
        nonlocal sent
        if sent == passes:
            await _hold(failure.seconds, release, receive)
        sent += message["type"] == "http.response.body" or passes == 0
        await send(message)

    async def cut(message: Message) -> None:
        nonlocal sent
        if message["type"] == "http.response.body":
            body: bytes = message.get("body", b"")
            if not message.get("more_body") and body:
                await send({**message, "body": body[: len(body) // 2], "more_body": True})
                raise _CutError
            if sent == passes:
                raise _CutError
            sent += 1
        await send(message)

    return slow if failure.mode == "slow" else cut


async def _hold(seconds: float, release: asyncio.Event, receive: Receive) -> None:
    """Wait for `seconds`, for the release, or for the client to leave."""

    async def disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.ensure_future(disconnected())
    released = asyncio.ensure_future(release.wait())
    try:
        await asyncio.wait({gone, released}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            raise _GoneError
    finally:
        gone.cancel()
        released.cancel()


def json_object(value: Any) -> dict[str, Any]:
    """Return `value` when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}
