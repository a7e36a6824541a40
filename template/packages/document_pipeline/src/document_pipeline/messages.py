"""A message as brokers carry it: an id, a body, and properties of strings."""

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from document_pipeline.model import Message, Step

ORIGINAL_ID = "original-message-id"
HISTORY = "history"

_history = TypeAdapter(tuple[Step, ...])


def properties_of(message: Message) -> dict[str, str]:
    """Return the properties that travel beside the body."""
    properties = {HISTORY: _history.dump_json(message.history).decode()}
    if message.original_id is not None:
        properties[ORIGINAL_ID] = message.original_id
    return properties


def message_of(identifier: str, body: bytes, properties: Mapping[str, object]) -> Message:
    """Read a message. A stranger's may hold anything: what is no history of ours is none."""
    original_id = properties.get(ORIGINAL_ID)
    try:
        history = _history.validate_json(str(properties.get(HISTORY, "[]")))
    except ValidationError:
        history = ()
    return Message(
        id=identifier,
        body=body.decode(errors="replace"),
        original_id=original_id if isinstance(original_id, str) else None,
        history=history,
    )
