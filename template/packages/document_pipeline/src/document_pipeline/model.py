"""What passes through the pipeline: messages, documents, results, events."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ai_runtime.clients.documents import DocumentAnalysis
from ai_runtime.clients.openai import Usage

INCOMING_CONTAINER = "incoming"
RESULTS_CONTAINER = "results"
DOCUMENTS_TABLE = "documents"
DOCUMENTS_QUEUE = "documents"
REJECTED_QUEUE = "documents-rejected"
RESULTS_EVENT_HUB = "ai-results"
RECORD_CONSUMER_GROUP = "record-result"

MAX_DOCUMENT_BYTES = 50 * 1024 * 1024

_SUBJECT = re.compile(r"/blobServices/default/containers/([^/]+)/blobs/(.+)", re.DOTALL)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class State(StrEnum):
    """Where a document is; `succeeded` is final, a rejected document may be replayed."""

    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a message or its document was rejected."""

    UNKNOWN_MESSAGE = "unknown-message"
    UNSUPPORTED_VERSION = "unsupported-version"
    UNKNOWN_PRODUCER = "unknown-producer"
    BLOB_GONE = "blob-gone"
    BLOB_REPLACED = "blob-replaced"
    EMPTY = "empty"
    TOO_LARGE = "too-large"
    UNSUPPORTED_TYPE = "unsupported-type"
    UNREADABLE = "unreadable"
    """Document Intelligence refused it: encrypted, corrupt, too many pages."""
    NO_TEXT = "no-text"
    REFUSED_BY_MODEL = "refused-by-model"
    INVALID_ANSWER = "invalid-answer"
    ANSWER_TOO_LONG = "answer-too-long"
    """Cut off at the tokens that the prompt allows."""
    WAITED_TOO_LONG = "waited-too-long"
    """Throttled, or an AI service was away, more often or for longer than the bounds."""
    DEAD_LETTER = "dead-letter"
    """Nobody foresaw it: its deliveries were used up."""


class RejectedError(Exception):
    """The document cannot be processed, however often it is tried."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """One version of a blob in `incoming`: what is processed, once."""

    name: str
    etag: str
    """Without quotation marks."""

    @property
    def id(self) -> str:
        """32 hexadecimal digits, the same for every event about this version of the blob."""
        return sha256(f"{self.etag}/{self.name}".encode()).hexdigest()[:32]


class BlobData(_Model):
    """The part of an event's data that is used."""

    etag: str = Field(alias="eTag", min_length=1)


class BlobCreated(_Model):
    """A CloudEvent 1.0 of Event Grid: a blob was written into `incoming`."""

    specversion: Literal["1.0"]
    type: Literal["Microsoft.Storage.BlobCreated"]
    id: str = Field(min_length=1)
    source: str
    """Resource id of the storage account."""
    subject: str = Field(pattern=_SUBJECT.pattern)
    """`/blobServices/default/containers/CONTAINER/blobs/NAME`"""
    data: BlobData

    @property
    def container(self) -> str:
        return self.subject.split("/", 6)[4]

    @property
    def document(self) -> DocumentVersion:
        return DocumentVersion(self.subject.split("/", 6)[6], self.data.etag.strip('"'))


class Step(_Model):
    """Something that happened to a message; its history travels with it."""

    at: datetime
    action: Literal["deferred", "rejected", "replayed"]
    detail: str = ""


class Message(_Model):
    """A message of the queue `documents`.

    A deferred or replayed copy has an id of its own, because a broker that detects duplicates would
    drop a second message with the old one.
    """

    id: str
    body: str
    """JSON of a `BlobCreated`, as it came."""
    original_id: str | None = None
    """Id of the message that came first; none if that is this one."""
    history: tuple[Step, ...] = ()

    @property
    def first_id(self) -> str:
        return self.original_id or self.id

    @property
    def replays(self) -> int:
        return sum(step.action == "replayed" for step in self.history)

    @property
    def deferrals(self) -> tuple[Step, ...]:
        """Deferrals since the message came first or was replayed."""
        deferrals: list[Step] = []
        for step in self.history:
            match step.action:
                case "deferred":
                    deferrals.append(step)
                case "replayed":
                    deferrals.clear()
        return tuple(deferrals)

    def followed_by(self, step: Step, document_id: str) -> "Message":
        """Return the copy that follows from `step`; the same step gives the same id."""
        return Message(
            id=f"{document_id}.{len(self.history) + 1}",
            body=self.body,
            original_id=self.first_id,
            history=(*self.history, step),
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in hand. It is given back when its handling raises, and gone when it returns."""

    message: Message
    count: int
    """Deliveries of this message so far, this one included."""


class Fact(_Model):
    """Something that the document states."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: str


class Insights(_Model):
    """The model's answer. Also its JSON schema, so no constraint that structured outputs lack."""

    model_config = ConfigDict(extra="forbid")

    title: str
    language: str
    """BCP 47 tag, such as `sv`."""
    category: Literal["contract", "form", "invoice", "letter", "receipt", "report", "other"]
    summary: str
    facts: list[Fact]


class StoredAnalysis(_Model):
    """What `results` keeps of a document between its two paid calls."""

    media_type: str
    analysis: DocumentAnalysis


class PromptVersion(_Model):
    """Which prompt an answer came from."""

    name: str
    version: str


class Result(_Model):
    """What the pipeline found out about one document; JSON in `results`, written once."""

    document_id: str
    name: str
    """Of the blob in `incoming`."""
    media_type: str
    completed_at: datetime
    analysis: DocumentAnalysis
    insights: Insights
    prompt: PromptVersion
    model: str
    usage: Usage


def analysis_name(document_id: str) -> str:
    """Name of the blob in `results` that keeps an analysis, so that it is paid for once."""
    return f"{document_id}/analysis.json"


def result_name(document_id: str) -> str:
    """Name of the blob in `results` that holds the result."""
    return f"{document_id}/result.json"


class Outcome(_Model):
    """What became of a document."""

    document_id: str
    name: str
    state: Literal[State.SUCCEEDED, State.REJECTED]
    replays: int = 0
    result: str | None = None
    """Name of the blob in `results` if it succeeded."""
    reason: Reason | None = None
    detail: str = ""
    pages: int = 0
    usage: Usage = Usage()


class OutcomeEvent(_Model):
    """A CloudEvent 1.0 on `ai-results`. It may come more than once, always with the same id."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    """The document's id if it succeeded, else `ID.rejected.REPLAYS`."""
    source: Literal["/document-pipeline"] = "/document-pipeline"
    type: Literal["document.succeeded.v1", "document.rejected.v1"]
    subject: str
    """The document's id."""
    time: datetime
    data: Outcome


class Rejection(_Model):
    """A message of the queue `documents-rejected`."""

    message: Message
    """The message that was rejected, with its history; a replay sends a copy of it."""
    rejected_at: datetime
    reason: Reason
    detail: str
    document_id: str | None = None
    name: str | None = None
    """Both are unknown where the message could not be read."""

    @property
    def id(self) -> str:
        """Message id: the same however often one rejection is sent."""
        subject = self.document_id or sha256(self.message.first_id.encode()).hexdigest()[:32]
        return f"{subject}.rejected.{self.message.replays}"


class RejectedDocument(_Model):
    """A rejection as an operator sees it."""

    number: int
    """Its sequence number in the queue: what operations name it by."""
    source: Literal["rejected", "dead-letter"]
    rejection: Rejection


class DocumentRecord(_Model):
    """A row of the table `documents`."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    name: str
    state: State
    updated_at: datetime
    replays: int = 0
    result: str | None = None
    reason: Reason | None = None
    detail: str = ""
    pages: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
