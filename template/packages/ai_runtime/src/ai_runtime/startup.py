"""The start of an app: its resources load in a thread while it already answers probes."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from ai_runtime.problems import Problem
from ai_runtime.telemetry import get_logger

_logger = get_logger("startup")


class Resource(Protocol):
    """Something that lives as long as the app, such as a client with its connections."""

    def load(self) -> None:
        """Do the slow part of the start (imports); called in a thread, and again if it failed."""

    async def close(self) -> None:
        """Release connections when the app shuts down."""


class Startup:
    """Loads resources one after the other and closes them in reverse order.

    `ready` means that everything is loaded, `failed` that the last attempt ended with an error.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.ready = False
        self.failed = False
        self._resources = resources
        self._loading: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Load in the background."""
        self._loading = asyncio.create_task(self._load())
        return self._loading

    async def wait(self) -> None:
        """Return once everything is loaded; raises a 503 problem if it cannot be loaded.

        A request after a failure tries again, so that a passing failure needs no restart.
        """
        loading = self._loading
        if loading is None or (self.failed and loading.done()):
            loading = self.start()
        # A caller that goes away must not stop the start.
        await asyncio.shield(loading)
        if not self.ready:
            raise Problem(503, "This instance could not start.", kind="start-failed", retry_after=5)

    async def stop(self) -> None:
        """Close the resources, loaded or not."""
        self.ready = False
        if self._loading is not None:
            self._loading.cancel()
        for resource in reversed(self._resources):
            await resource.close()

    async def _load(self) -> None:
        try:
            for resource in self._resources:
                await asyncio.to_thread(resource.load)
        except Exception:
            self.failed = True
            _logger.exception("start failed")
        else:
            self.failed = False
            self.ready = True
