"""Server-sent events that never end without saying how."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ai_runtime.context import deadline
from ai_runtime.problems import problem_of


def event(name: str, data: BaseModel) -> bytes:
    """Encode one event; JSON has no raw line break, so one data line is enough."""
    return f"event: {name}\ndata: {data.model_dump_json(exclude_none=True)}\n\n".encode()


class EventStream(Response):
    """Streams events as they come.

    The status goes out with the first event, so that a failure before it becomes a real status;
    one after it, the deadline included, becomes an `error` event. A client that goes away cancels
    the generator, and with it whatever the generator waits for.
    """

    media_type = "text/event-stream"
    charset = "utf-8"

    # FastAPI reads the default of `status_code` for its OpenAPI document.
    def __init__(self, events: AsyncGenerator[bytes, None], status_code: int = 200) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(status_code=status_code, headers=headers)
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streaming = asyncio.create_task(self._stream(send))
        leaving = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (streaming, leaving):
                task.cancel()
            await asyncio.gather(streaming, leaving, return_exceptions=True)
        if not streaming.cancelled():
            streaming.result()

    async def _stream(self, send: Send) -> None:
        started = False

        async def send_events() -> None:
            nonlocal started
            async for chunk in self._events:
                if not started:
                    started = True
                    await send(
                        {
                            "type": "http.response.start",
                            "status": self.status_code,
                            "headers": self.raw_headers,
                        }
                    )
                await send({"type": "http.response.body", "body": chunk, "more_body": True})

        ending = b""
        try:
            await _within_deadline(send_events)
        except Exception as error:
            problem = problem_of(error)
            if not started:
                raise problem from error
            ending = event("error", problem.details())
        finally:
            await self._events.aclose()
        await send({"type": "http.response.body", "body": ending, "more_body": False})


async def _within_deadline(operation: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout_at(deadline.get()):
        await operation()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
