"""One message is taken out of a queue that only gives them in order.

Service Bus does not run here: what stands in its place locks, settles and counts as it does.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient

from document_pipeline.adapters import service_bus
from document_pipeline.adapters.service_bus import RejectedMessages
from document_pipeline.ports import NotFoundError


class Queue:
    """Messages by sequence number, of which some are locked by others."""

    def __init__(self, *numbers: int, locked: Sequence[int] = ()) -> None:
        self.available = [number for number in numbers if number not in locked]
        self.held: list[int] = []
        self.completed: list[int] = []
        self.opened: list[tuple[str, object]] = []

    def get_queue_receiver(self, name: str, sub_queue: object = None) -> Self:
        self.opened.append((name, sub_queue))
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        assert not self.held, "a message stays locked"

    async def receive_messages(self, count: int, *, max_wait_time: float) -> list[Any]:
        assert max_wait_time > 0
        batch, self.available = self.available[:count], self.available[count:]
        self.held += batch
        return [SimpleNamespace(sequence_number=number) for number in batch]

    async def complete_message(self, message: ServiceBusReceivedMessage) -> None:
        self.held.remove(cast("int", message.sequence_number))
        self.completed.append(cast("int", message.sequence_number))

    async def abandon_message(self, message: ServiceBusReceivedMessage) -> None:
        self.held.remove(cast("int", message.sequence_number))
        self.available.append(cast("int", message.sequence_number))

    def messages(self) -> RejectedMessages:
        return RejectedMessages(cast("ServiceBusClient", self))


@pytest.mark.parametrize("number", [1, 150, 450])
async def test_only_the_one_is_taken(number: int) -> None:
    queue = Queue(*range(1, 451))
    await queue.messages().remove("rejected", number)
    assert queue.completed == [number]
    assert sorted(queue.available) == [other for other in range(1, 451) if other != number]
    assert queue.opened == [("documents-rejected", None)]


async def test_dead_letters_are_those_of_the_documents() -> None:
    queue = Queue(7)
    await queue.messages().remove("dead-letter", 7)
    ((name, sub_queue),) = queue.opened
    assert (name, str(sub_queue)) == ("documents", "ServiceBusSubQueue.DEAD_LETTER")


@pytest.mark.parametrize("queue", [Queue(), Queue(1, 2), Queue(1, 9), Queue(1, 5, 9, locked=[5])])
async def test_what_is_not_there_takes_nothing(queue: Queue) -> None:
    before = sorted(queue.available)
    with pytest.raises(NotFoundError):
        await queue.messages().remove("rejected", 5)
    assert not queue.completed
    assert sorted(queue.available) == before


async def test_search_has_an_end() -> None:
    queue = Queue(*range(1, service_bus.MAX_PASSED_OVER + 102))
    with pytest.raises(NotFoundError):
        await queue.messages().remove("rejected", service_bus.MAX_PASSED_OVER + 101)
    assert not queue.held
