"""Service Bus, played by a queue of Azurite: what is received and not deleted comes again."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from time import time_ns

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableEntity
from azure.data.tables.aio import TableClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient
from pydantic import ValidationError

from ai_runtime.telemetry import get_logger
from document_pipeline.model import (
    BlobCreated,
    Delivery,
    Message,
    Reason,
    RejectedDocument,
    Rejection,
)
from document_pipeline.ports import NotFoundError, Source

MAX_DELIVERIES = 10
MAX_RECEIVED = 32
IDLE_SECONDS = 0.1

_logger = get_logger("broker")


class LocalDocumentQueue:
    """The queue `documents`: sends, and delivers at least once until the handler returns."""

    def __init__(
        self, queue: QueueClient, rejected: "LocalRejectedDocuments", *, lock_seconds: int = 30
    ) -> None:
        self._queue = queue
        self._rejected = rejected
        self._lock_seconds = lock_seconds

    async def send(self, message: Message, *, delay_seconds: float = 0) -> None:
        await self._queue.send_message(
            message.model_dump_json(), visibility_timeout=math.ceil(delay_seconds)
        )

    async def deliver(
        self, handler: Callable[[Delivery], Awaitable[None]], *, concurrency: int
    ) -> None:
        """Call `handler` for each message, some at a time, until cancelled."""
        async with asyncio.TaskGroup() as group:
            handling: set[asyncio.Task[None]] = set()
            while True:
                if len(handling) == concurrency:
                    await asyncio.wait(handling, return_when=asyncio.FIRST_COMPLETED)
                room = min(concurrency - len(handling), MAX_RECEIVED)
                received = [message async for message in self._receive(room)]
                for message in received:
                    task = group.create_task(self._handle(message, handler))
                    handling.add(task)
                    task.add_done_callback(handling.discard)
                if not received:
                    await asyncio.sleep(IDLE_SECONDS)

    def _receive(self, count: int) -> AsyncIterator[QueueMessage]:
        return self._queue.receive_messages(
            messages_per_page=count, max_messages=count, visibility_timeout=self._lock_seconds
        ).__aiter__()

    async def _handle(
        self, received: QueueMessage, handler: Callable[[Delivery], Awaitable[None]]
    ) -> None:
        message, count = _message(received), received.dequeue_count or 1
        lock = _Lock(self._queue, received, self._lock_seconds)
        try:
            async with lock.renewed():
                if count > MAX_DELIVERIES:
                    await self._rejected.dead_letter(message)
                else:
                    await handler(Delivery(message, count))
        except Exception:  # noqa: BLE001 - whatever it is, the message comes again
            await lock.give_back()
        else:
            await lock.complete()


class _Lock:
    """A message is invisible to others for a while, and for longer while its handler works."""

    def __init__(self, queue: QueueClient, received: QueueMessage, seconds: int) -> None:
        self._queue = queue
        self._received = received
        self._seconds = seconds

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        handled = asyncio.Event()
        renewing = asyncio.create_task(self._renew(handled))
        try:
            yield
        finally:
            # Not cancelled: the answer to a renewal in progress holds the receipt that counts.
            handled.set()
            await renewing

    async def _renew(self, handled: asyncio.Event) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds / 3):
                    await handled.wait()
                return
            await self._update(self._seconds)

    async def complete(self) -> None:
        try:
            await self._queue.delete_message(self._received)
        except HttpResponseError:
            _logger.warning("the lock was lost: the message comes again")

    async def give_back(self) -> None:
        await self._update(0)

    async def _update(self, seconds: int) -> None:
        try:
            self._received = await self._queue.update_message(
                self._received, visibility_timeout=seconds
            )
        except HttpResponseError:
            _logger.warning("the lock was lost: the message comes again")


def _message(received: QueueMessage) -> Message:
    try:
        return Message.model_validate_json(received.content)
    except ValidationError:
        # Nothing of ours wrote it: the pipeline says what is wrong with it.
        return Message(id=received.id, body=str(received.content))


class LocalRejectedDocuments:
    """The queue `documents-rejected` and the dead letters, in a table: a queue of Azurite knows
    neither sequence numbers nor duplicates."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def reject(self, rejection: Rejection) -> None:
        await self._insert("rejected", rejection)

    async def dead_letter(self, message: Message) -> None:
        """Keep a message whose deliveries are used up."""
        try:
            document = BlobCreated.model_validate_json(message.body).document
        except ValidationError:
            document = None
        rejection = Rejection(
            message=message,
            rejected_at=datetime.now(UTC),
            reason=Reason.DEAD_LETTER,
            detail=f"It was delivered {MAX_DELIVERIES} times without success.",
            document_id=document.id if document else None,
            name=document.name if document else None,
        )
        await self._insert("dead-letter", rejection)

    async def _insert(self, source: Source, rejection: Rejection) -> None:
        # Microseconds: a number that JSON readers in every language keep exactly.
        number = EntityProperty(time_ns() // 1000, EdmType.INT64)
        entity = {"PartitionKey": source, "RowKey": rejection.id, "number": number}
        with suppress(ResourceExistsError):
            await self._table.create_entity(entity | {"rejection": rejection.model_dump_json()})

    async def peek(self, source: Source, *, after: int, limit: int) -> Sequence[RejectedDocument]:
        found = [
            _rejected(entity)
            async for entity in self._table.query_entities(
                f"PartitionKey eq '{source}' and number gt {after}L"
            )
        ]
        return sorted(found, key=lambda document: document.number)[:limit]

    async def get(self, source: Source, number: int) -> RejectedDocument:
        return _rejected(await self._find(source, number))

    async def remove(self, source: Source, number: int) -> None:
        entity = await self._find(source, number)
        try:
            await self._table.delete_entity(entity)
        except ResourceNotFoundError as error:
            raise NotFoundError from error

    async def _find(self, source: Source, number: int) -> TableEntity:
        query = f"PartitionKey eq '{source}' and number eq {number}L"
        async for entity in self._table.query_entities(query):
            return entity
        raise NotFoundError


def _rejected(entity: TableEntity) -> RejectedDocument:
    return RejectedDocument(
        number=entity["number"].value,
        source=entity["PartitionKey"],
        rejection=Rejection.model_validate_json(entity["rejection"]),
    )
