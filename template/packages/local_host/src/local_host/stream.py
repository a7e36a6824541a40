"""Event Hubs, played by an append blob: a log in order, with a checkpoint for its reader."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

from document_pipeline.model import RECORD_CONSUMER_GROUP, OutcomeEvent

BATCH_BYTES = 256 * 1024
IDLE_SECONDS = 0.1


class LocalOutcomeStream:
    """The event hub `ai-results` with one partition: a line for each event."""

    def __init__(self, container: ContainerClient) -> None:
        self._log = container.get_blob_client("partition-0")
        self._checkpoint = container.get_blob_client(f"{RECORD_CONSUMER_GROUP}/checkpoint")

    async def create(self) -> None:
        try:
            await self._log.create_append_blob(if_none_match="*")
        except ResourceExistsError:
            return

    async def publish(self, event: OutcomeEvent) -> None:
        await self._log.append_block(event.model_dump_json().encode() + b"\n")

    async def read(self, handler: Callable[[Sequence[bytes]], Awaitable[None]]) -> None:
        """Call `handler` for batches of events (JSON), in order, until cancelled.

        A batch whose handling raised, or was cut short by a crash, comes again.
        """
        offset = await self._stored_offset()
        while True:
            batch = await self._lines(offset)
            if not batch:
                await asyncio.sleep(IDLE_SECONDS)
                continue
            await handler(batch.splitlines())
            offset += len(batch)
            await self._checkpoint.upload_blob(str(offset).encode(), overwrite=True)

    async def _stored_offset(self) -> int:
        try:
            return int(await (await self._checkpoint.download_blob()).readall())
        except ResourceNotFoundError:
            return 0

    async def _lines(self, offset: int) -> bytes:
        """Return whole lines from `offset` on; nothing at the end of the log."""
        if (await self._log.get_blob_properties()).size == offset:
            return b""
        read = await (await self._log.download_blob(offset=offset, length=BATCH_BYTES)).readall()
        return read[: read.rfind(b"\n") + 1]
