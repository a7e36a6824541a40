"""Ports in memory, for tests: they keep what real adapters promise, and can break at any call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO
from uuid import uuid4

from ai_runtime.health import Status
from document_pipeline.composition import CHECKS, Adapters
from document_pipeline.model import (
    DOCUMENTS_QUEUE,
    BlobCreated,
    BlobData,
    DocumentRecord,
    DocumentVersion,
    Message,
    OutcomeEvent,
    RejectedDocument,
    Rejection,
)
from document_pipeline.ports import (
    BlobGoneError,
    BlobProperties,
    BlobReplacedError,
    NotFoundError,
    Source,
    StoredRecord,
)

STORAGE_ACCOUNT = "stdocuments"
_ACCOUNTS = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts"
PDF = b"%PDF-1.7\n1 0 obj << /Type /Pages >>\n<< /Type /Page >>\n<< /Type /Page >>\n"


DEPLOYED = {
    "ENVIRONMENT_TYPE": "dev",
    "AZURE_CLIENT_ID": "1",
    "AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT": "https://documents.example.com",
    "AZURE_OPENAI_ENDPOINT": "https://openai.example.com",
    "AZURE_OPENAI_DEPLOYMENT": "model",
    "STORAGE_BLOB_ENDPOINT": "https://account.example.com",
    "STORAGE_TABLE_ENDPOINT": "https://account.example.com",
    "SERVICE_BUS_NAMESPACE": "bus.example.com",
    "EVENT_HUBS_NAMESPACE": "hubs.example.com",
}
"""The least of environment variables that the function app needs to start in Azure."""


class Crash(BaseException):
    """The process dies here: nothing may catch it."""


@dataclass
class Breaking:
    """Counts the calls of all ports and dies at one: before its effect (even) or after it (odd)."""

    at: int | None = None
    moments: int = 0

    def moment(self) -> None:
        self.moments += 1
        if self.at is not None and self.moments > self.at:
            raise Crash


@dataclass
class MemoryBlobs:
    """Both containers of blobs, each blob with its ETag."""

    breaking: Breaking
    incoming: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    results: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, content: bytes) -> DocumentVersion:
        """Write into `incoming` as any tool would, also over what is there."""
        etag = uuid4().hex
        self.incoming[name] = (etag, content)
        return DocumentVersion(name, etag)

    async def properties(self, name: str) -> BlobProperties:
        if name not in self.incoming:
            raise BlobGoneError
        etag, content = self.incoming[name]
        return BlobProperties(etag=etag, size=len(content))

    async def download(self, document: DocumentVersion, target: IO[bytes]) -> None:
        if (await self.properties(document.name)).etag != document.etag:
            raise BlobReplacedError
        target.write(self.incoming[document.name][1])

    async def upload(self, name: str, content: IO[bytes], media_type: str) -> DocumentVersion:
        del media_type
        return self.put(name, content.read())

    async def get(self, name: str) -> bytes | None:
        return self.results.get(name)

    async def put_if_absent(self, name: str, content: bytes) -> bool:
        self.breaking.moment()
        written = self.results.setdefault(name, content) is content
        self.breaking.moment()
        return written


@dataclass
class MemoryBroker:
    """Queue, rejections and event hub: what was sent to each."""

    breaking: Breaking
    sent: list[tuple[Message, float]] = field(default_factory=list)
    rejections: dict[int, Rejection] = field(default_factory=dict)
    events: list[OutcomeEvent] = field(default_factory=list)
    last_number: int = 0

    async def send(self, message: Message, *, delay_seconds: float = 0) -> None:
        self.breaking.moment()
        self.sent.append((message, delay_seconds))
        self.breaking.moment()

    async def reject(self, rejection: Rejection) -> None:
        self.breaking.moment()
        self.last_number += 1
        self.rejections[self.last_number] = rejection
        self.breaking.moment()

    async def publish(self, event: OutcomeEvent) -> None:
        self.breaking.moment()
        self.events.append(event)
        self.breaking.moment()

    async def peek(self, source: Source, *, after: int, limit: int) -> Sequence[RejectedDocument]:
        found = [
            RejectedDocument(number=number, source=source, rejection=rejection)
            for number, rejection in self.rejections.items()
            if number > after and source == "rejected"
        ]
        return found[:limit]

    async def get(self, source: Source, number: int) -> RejectedDocument:
        for found in await self.peek(source, after=number - 1, limit=1):
            if found.number == number:
                return found
        raise NotFoundError

    async def remove(self, source: Source, number: int) -> None:
        await self.get(source, number)
        del self.rejections[number]


@dataclass
class MemoryTable:
    """The table `documents`."""

    rows: dict[str, StoredRecord] = field(default_factory=dict)

    async def get(self, document_id: str) -> StoredRecord | None:
        return self.rows.get(document_id)

    async def insert(self, record: DocumentRecord) -> bool:
        stored = StoredRecord(record, uuid4().hex)
        return self.rows.setdefault(record.id, stored) is stored

    async def replace(self, record: DocumentRecord, version: str) -> bool:
        if self.rows[record.id].version != version:
            return False
        self.rows[record.id] = StoredRecord(record, uuid4().hex)
        return True


def blob_created(document: DocumentVersion, *, account: str = STORAGE_ACCOUNT) -> Message:
    """Return the message that Event Grid sends about a blob."""
    event = BlobCreated(
        specversion="1.0",
        type="Microsoft.Storage.BlobCreated",
        id=uuid4().hex,
        source=f"{_ACCOUNTS}/{account}",
        subject=f"/blobServices/default/containers/incoming/blobs/{document.name}",
        data=BlobData(eTag=document.etag),
    )
    return Message(id=f"{DOCUMENTS_QUEUE}-{uuid4().hex}", body=event.model_dump_json(by_alias=True))


def memory_adapters(
    blobs: MemoryBlobs | None = None,
    broker: MemoryBroker | None = None,
    table: MemoryTable | None = None,
) -> Adapters:
    """Return ports in memory, healthy, for a whole pipeline."""

    async def healthy() -> Status:
        return "healthy"

    blobs = blobs or MemoryBlobs(Breaking())
    broker = broker or MemoryBroker(Breaking())
    return Adapters(
        incoming=blobs,
        results=blobs,
        table=table or MemoryTable(),
        queue=broker,
        rejections=broker,
        rejected=broker,
        outcomes=broker,
        checks=dict.fromkeys(CHECKS, healthy),
        connections=(),
    )
