"""A conversation in, server-sent events out."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from starlette.requests import Request

from ai_runtime.clients.openai import ChatMessage
from ai_runtime.media_types import media_type_of

MAX_TOTAL_CHARACTERS = 100_000


class Message(ChatMessage):
    """One turn of the conversation."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: Annotated[str, StringConstraints(min_length=1, max_length=16_000)]


class ChatRequest(BaseModel):
    """A conversation whose last word is the user's."""

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[Message], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _is_answerable(self) -> Self:
        if self.messages[-1].role != "user":
            raise ValueError("The last message must be the user's")
        if sum(len(message.content) for message in self.messages) > MAX_TOTAL_CHARACTERS:
            raise ValueError(
                f"All messages together must have at most {MAX_TOTAL_CHARACTERS} characters"
            )
        return self


def json_only(request: Request) -> None:
    """Refuse what a page of another origin can send without asking first."""
    media_type_of(request, ["application/json"])


STREAM_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "Server-sent events: `delta` with `text` each, then one `done` with `usage`, `model` "
            "and `finish_reason` (`stop`, `length` or `content_filter`), or one `error` with "
            "problem details."
        ),
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
