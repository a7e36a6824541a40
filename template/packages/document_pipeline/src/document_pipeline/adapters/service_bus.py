"""Queues of Service Bus: documents to process, and documents that were rejected."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from azure.core.credentials_async import AsyncTokenCredential
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from pydantic import ValidationError

from ai_runtime.health import Status
from ai_runtime.telemetry import unobserved
from document_pipeline.messages import message_of, properties_of
from document_pipeline.model import (
    DOCUMENTS_QUEUE,
    REJECTED_QUEUE,
    BlobCreated,
    Message,
    Reason,
    RejectedDocument,
    Rejection,
)
from document_pipeline.ports import NotFoundError, Source

RECEIVE_SECONDS = 5.0
MAX_PASSED_OVER = 1000
"""Messages that are looked through for one: no queue of rejected documents should grow so long."""


class ServiceBus:
    """Connections to the queues of one namespace; lives as long as its host."""

    def __init__(self, namespace: str, credential: AsyncTokenCredential) -> None:
        self._client = ServiceBusClient(namespace, credential)
        self.documents = DocumentQueueSender(_Sender(self._client, DOCUMENTS_QUEUE))
        self.rejections = RejectionSender(_Sender(self._client, REJECTED_QUEUE))
        self.rejected = RejectedMessages(self._client)

    async def check(self) -> Status:
        """Look at the queue of rejected documents without taking anything."""
        with unobserved():
            await self.rejected.peek("rejected", after=0, limit=1)
        return "healthy"

    async def close(self) -> None:
        await self._client.close()


class _Sender:
    """One link that is kept. Its users take turns: the SDK's sender is not made for many tasks."""

    def __init__(self, client: ServiceBusClient, queue: str) -> None:
        self._client = client
        self._queue = queue
        self._sender: ServiceBusSender | None = None
        self._turn = asyncio.Lock()

    async def send(self, message: ServiceBusMessage) -> None:
        async with self._turn:
            if self._sender is None:
                self._sender = self._client.get_queue_sender(self._queue)
            await self._sender.send_messages(message)


class DocumentQueueSender:
    """The queue `documents`."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender

    async def send(self, message: Message, *, delay_seconds: float = 0) -> None:
        await self._sender.send(outgoing(message, delay_seconds=delay_seconds))


class RejectionSender:
    """The queue `documents-rejected`, as a sender."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender

    async def reject(self, rejection: Rejection) -> None:
        await self._sender.send(rejection_message(rejection))


class RejectedMessages:
    """The queue `documents-rejected` and the dead letters of `documents`, for operators."""

    def __init__(self, client: ServiceBusClient) -> None:
        self._client = client

    async def peek(self, source: Source, *, after: int, limit: int) -> Sequence[RejectedDocument]:
        async with self._receiver(source) as receiver:
            found = await receiver.peek_messages(limit, sequence_number=after + 1)
        return [rejected_document(source, message) for message in found]

    async def get(self, source: Source, number: int) -> RejectedDocument:
        for found in await self.peek(source, after=number - 1, limit=1):
            if found.number == number:
                return found
        raise NotFoundError

    async def remove(self, source: Source, number: int) -> None:
        # A queue gives its messages in order: what lies before the one is held, then given back.
        # That counts as a delivery, for which the queue's maximum delivery count is high.
        async with self._receiver(source) as receiver:
            held: list[ServiceBusReceivedMessage] = []
            try:
                while len(held) < MAX_PASSED_OVER:
                    batch = await receiver.receive_messages(100, max_wait_time=RECEIVE_SECONDS)
                    held += batch
                    for message in batch:
                        if message.sequence_number == number:
                            held.remove(message)
                            await receiver.complete_message(message)
                            return
                    if not batch or (batch[0].sequence_number or 0) > number:
                        break
                raise NotFoundError
            finally:
                for message in held:
                    await receiver.abandon_message(message)

    def _receiver(self, source: Source) -> ServiceBusReceiver:
        if source == "rejected":
            return self._client.get_queue_receiver(REJECTED_QUEUE)
        return self._client.get_queue_receiver(
            DOCUMENTS_QUEUE, sub_queue=ServiceBusSubQueue.DEAD_LETTER
        )


def outgoing(message: Message, *, delay_seconds: float) -> ServiceBusMessage:
    """Return a message as Service Bus carries it."""
    at = datetime.now(UTC) + timedelta(seconds=delay_seconds) if delay_seconds > 0 else None
    return ServiceBusMessage(
        message.body,
        message_id=message.id,
        content_type="application/cloudevents+json",
        application_properties=dict(properties_of(message).items()),
        scheduled_enqueue_time_utc=at,
    )


def rejection_message(rejection: Rejection) -> ServiceBusMessage:
    """Return a rejection as Service Bus carries it."""
    return ServiceBusMessage(
        rejection.model_dump_json(),
        message_id=rejection.id,
        content_type="application/json",
        # For people who look at the queue in the portal.
        application_properties={"reason": rejection.reason.value},
    )


def rejected_document(source: Source, message: ServiceBusReceivedMessage) -> RejectedDocument:
    """Return a message of either queue as an operator sees it."""
    body = b"".join(message.body)
    return RejectedDocument(
        number=message.sequence_number or 0,
        source=source,
        rejection=_stored(body) if source == "rejected" else dead_letter(message, body),
    )


def _stored(body: bytes) -> Rejection:
    try:
        return Rejection.model_validate_json(body)
    except ValidationError:
        # Not from the pipeline; it must not hide what lies behind it.
        return Rejection(
            message=message_of("", body, {}),
            rejected_at=datetime.fromtimestamp(0, UTC),
            reason=Reason.UNKNOWN_MESSAGE,
            detail="The message is not a rejection.",
        )


def dead_letter(message: ServiceBusReceivedMessage, body: bytes) -> Rejection:
    """Return a message whose deliveries were used up as a rejection."""
    properties = {
        _text(key): _text(value) for key, value in (message.application_properties or {}).items()
    }
    original = message_of(message.message_id or "", body, properties)
    try:
        document = BlobCreated.model_validate_json(original.body).document
    except ValidationError:
        document = None
    detail = (message.dead_letter_reason, message.dead_letter_error_description)
    return Rejection(
        message=original,
        rejected_at=message.enqueued_time_utc or datetime.fromtimestamp(0, UTC),
        reason=Reason.DEAD_LETTER,
        detail=": ".join(filter(None, detail)),
        document_id=document.id if document else None,
        name=document.name if document else None,
    )


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
