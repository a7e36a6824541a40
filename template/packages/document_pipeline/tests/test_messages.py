"""What a message carries survives a broker."""

from datetime import UTC, datetime

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage
from azure.servicebus._pyamqp._decode import decode_payload
from azure.servicebus._pyamqp._encode import encode_payload
from azure.servicebus._transport._pyamqp_transport import PyamqpTransport

from document_pipeline.adapters import event_hubs, service_bus
from document_pipeline.messages import message_of, properties_of
from document_pipeline.model import (
    DocumentVersion,
    Message,
    Outcome,
    OutcomeEvent,
    Reason,
    Rejection,
    State,
    Step,
)
from document_pipeline.ports import Source
from document_pipeline.testing import blob_created

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
NUMBER = 7
DOCUMENT = DocumentVersion("folder/Übersicht 1.pdf", "0x8DE")
STEP = Step(at=NOON, action="deferred", detail="busy")


def received(message: ServiceBusMessage) -> ServiceBusReceivedMessage:
    """Return a message as the SDK hands it out: through its codec, without a broker in between."""
    sent = PyamqpTransport.to_outgoing_amqp_message(message.raw_amqp_message)
    read = decode_payload(memoryview(bytes(encode_payload(bytearray(), sent))))
    read = read._replace(message_annotations={b"x-opt-sequence-number": NUMBER})
    return ServiceBusReceivedMessage(read, receiver=None)


def test_history_comes_back() -> None:
    copy = blob_created(DOCUMENT).followed_by(STEP, DOCUMENT.id)
    again = copy.followed_by(STEP, DOCUMENT.id)
    for message in (blob_created(DOCUMENT), copy, again):
        read = message_of(message.id, message.body.encode(), properties_of(message))
        assert read == message
    assert (copy.id, again.id) == (f"{DOCUMENT.id}.1", f"{DOCUMENT.id}.2")
    assert again.original_id == copy.original_id


@pytest.mark.parametrize("history", ["", "[", "{}", 7, None, '[{"at": "x"}]'])
def test_a_strangers_property_is_no_history(history: object) -> None:
    read = message_of("1", b"\xff", {"history": history, "original-message-id": 7})
    assert read == Message(id="1", body="�")


def test_deferred_copy_on_service_bus() -> None:
    message = blob_created(DOCUMENT).followed_by(STEP, DOCUMENT.id)
    sent = service_bus.outgoing(message, delay_seconds=60)
    assert sent.message_id == f"{DOCUMENT.id}.1"
    assert sent.scheduled_enqueue_time_utc is not None
    wait = sent.scheduled_enqueue_time_utc - datetime.now(UTC)
    assert 50 < wait.total_seconds() <= 60
    assert service_bus.outgoing(message, delay_seconds=0).scheduled_enqueue_time_utc is None


def test_rejection_on_service_bus() -> None:
    rejection = Rejection(
        message=blob_created(DOCUMENT),
        rejected_at=NOON,
        reason=Reason.EMPTY,
        detail="The file is empty.",
        document_id=DOCUMENT.id,
        name=DOCUMENT.name,
    )
    sent = service_bus.rejection_message(rejection)
    assert sent.message_id == f"{DOCUMENT.id}.rejected.0"
    found = service_bus.rejected_document("rejected", received(sent))
    assert (found.number, found.rejection) == (NUMBER, rejection)


def test_dead_letter_is_a_rejection_that_can_be_replayed() -> None:
    message = blob_created(DOCUMENT).followed_by(STEP, DOCUMENT.id)
    dead = received(service_bus.outgoing(message, delay_seconds=0))
    found = service_bus.rejected_document("dead-letter", dead)
    assert found.rejection.message == message
    assert found.rejection.reason == Reason.DEAD_LETTER
    assert (found.rejection.document_id, found.rejection.name) == (DOCUMENT.id, DOCUMENT.name)


@pytest.mark.parametrize("source", ["rejected", "dead-letter"])
def test_message_that_is_nothing_hides_no_other(source: Source) -> None:
    found = service_bus.rejected_document(source, received(ServiceBusMessage(b"\xff{")))
    assert found.rejection.document_id is None


def test_event_on_event_hubs() -> None:
    outcome = Outcome(document_id=DOCUMENT.id, name=DOCUMENT.name, state=State.SUCCEEDED)
    event = OutcomeEvent(
        id=DOCUMENT.id,
        type="document.succeeded.v1",
        subject=DOCUMENT.id,
        time=NOON,
        data=outcome,
    )
    sent = event_hubs.outgoing(event)
    assert sent.message_id == DOCUMENT.id
    assert OutcomeEvent.model_validate_json(sent.body_as_str()) == event
