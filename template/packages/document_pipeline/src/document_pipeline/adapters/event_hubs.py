"""The event hub of outcomes."""

import asyncio

from azure.core.credentials_async import AsyncTokenCredential
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from ai_runtime.health import Status
from document_pipeline.model import RESULTS_EVENT_HUB, OutcomeEvent


class EventHub:
    """The connection to `ai-results`; lives as long as its host."""

    def __init__(self, namespace: str, credential: AsyncTokenCredential) -> None:
        self._producer = EventHubProducerClient(namespace, RESULTS_EVENT_HUB, credential)
        # The SDK's producer is not made for many tasks at once.
        self._turn = asyncio.Lock()

    async def publish(self, event: OutcomeEvent) -> None:
        async with self._turn:
            # One partition for a document, so that its events stay in order.
            batch = await self._producer.create_batch(partition_key=event.subject)
            batch.add(outgoing(event))
            await self._producer.send_batch(batch)

    async def check(self) -> Status:
        """Ask how large a batch may be: the first time that opens the link."""
        async with self._turn:
            await self._producer.create_batch()
        return "healthy"

    async def close(self) -> None:
        await self._producer.close()


def outgoing(event: OutcomeEvent) -> EventData:
    """Return an event as Event Hubs carries it."""
    data = EventData(event.model_dump_json())
    data.content_type = "application/cloudevents+json"
    data.message_id = event.id
    return data
