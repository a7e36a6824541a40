"""What the pipeline needs from the outside. Adapters stand behind these protocols.

Whatever an adapter raises and its docstring here does not name is a transient failure: the message
in hand is given back and delivered again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Literal, Protocol

from document_pipeline.model import (
    DocumentRecord,
    DocumentVersion,
    Message,
    OutcomeEvent,
    RejectedDocument,
    Rejection,
)


class BlobGoneError(Exception):
    """The blob does not exist (any more)."""


class BlobReplacedError(Exception):
    """The blob exists, but in another version."""


class NotFoundError(Exception):
    """No rejected document has this number (any more), or another operator holds it."""


@dataclass(frozen=True, slots=True)
class BlobProperties:
    """What is known of a blob without reading it."""

    etag: str
    """Without quotation marks."""
    size: int
    """In bytes."""


class IncomingDocuments(Protocol):
    """The container `incoming`."""

    async def properties(self, name: str) -> BlobProperties:
        """Raises `BlobGoneError`."""

    async def download(self, document: DocumentVersion, target: IO[bytes]) -> None:
        """Write this version of the blob into `target`, in blocks.

        Raises `BlobGoneError`, and `BlobReplacedError` when the blob is another version now.
        """

    async def upload(self, name: str, content: IO[bytes], media_type: str) -> DocumentVersion:
        """Write a new blob, in blocks; an existing one is never overwritten."""


class Results(Protocol):
    """The container `results`."""

    async def get(self, name: str) -> bytes | None:
        """Return the content of a blob; none where there is no such blob."""

    async def put_if_absent(self, name: str, content: bytes) -> bool:
        """Write a blob of JSON unless it exists; false if it did. Atomic, also among processes."""


class DocumentQueue(Protocol):
    """The queue `documents`, as a sender."""

    async def send(self, message: Message, *, delay_seconds: float = 0) -> None:
        """Enqueue a message that is delivered after the delay."""


class RejectedQueue(Protocol):
    """The queue `documents-rejected`, as a sender."""

    async def reject(self, rejection: Rejection) -> None:
        """Enqueue a rejection; its `id` is the message id."""


Source = Literal["rejected", "dead-letter"]


class RejectedDocuments(Protocol):
    """What an operator sees: `documents-rejected` and the dead letters of `documents`."""

    async def peek(self, source: Source, *, after: int, limit: int) -> Sequence[RejectedDocument]:
        """Return documents with a number above `after`, lowest first, without taking them."""

    async def get(self, source: Source, number: int) -> RejectedDocument:
        """Return one without taking it; raises `NotFoundError`."""

    async def remove(self, source: Source, number: int) -> None:
        """Take one out for good; raises `NotFoundError`."""


class OutcomeStream(Protocol):
    """The event hub `ai-results`, as a sender."""

    async def publish(self, event: OutcomeEvent) -> None:
        """Send one event; events of one document stay in order (partition key: `subject`)."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A row and its version."""

    record: DocumentRecord
    version: str


class DocumentTable(Protocol):
    """The table `documents`."""

    async def get(self, document_id: str) -> StoredRecord | None: ...

    async def insert(self, record: DocumentRecord) -> bool:
        """Write a new row; false if the document has one already."""

    async def replace(self, record: DocumentRecord, version: str) -> bool:
        """Write over a row of this version; false if it is another one now."""
