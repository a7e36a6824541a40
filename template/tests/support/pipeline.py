"""The pieces of the pipeline's local run, so that tests can kill the host and start it again."""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import httpx2
from azure.core.exceptions import ResourceNotFoundError

from document_pipeline.adapters.tables import record_of
from document_pipeline.model import (
    RECORD_CONSUMER_GROUP,
    DocumentRecord,
    DocumentVersion,
    Message,
    OutcomeEvent,
    State,
)
from local_host.account import LocalAccount
from local_host.broker import LocalDocumentQueue, LocalRejectedDocuments
from local_host.settings import LocalSettings
from local_processes import Part, is_ready

T = TypeVar("T")

# What hangs ends here; a busy machine needs a good part of it.
START_SECONDS = 120
WAIT_SECONDS = 120

# The same code with less patience, so that what waits for a time-out is fast.
IMPATIENT = {
    "AZURE_DOCUMENT_INTELLIGENCE_POLLING_SECONDS": "0.05",
    "AZURE_DOCUMENT_INTELLIGENCE_TIMEOUT_SECONDS": "5",
    "AZURE_OPENAI_TIMEOUT_SECONDS": "5",
    "DEFERRAL_SECONDS": "0.5",
    "HEALTH_CACHE_SECONDS": "0",
    "INCOMING_FOLDER": "",
    "LOCK_SECONDS": "3",
    "REDELIVERY_SECONDS": "0.1",
}


def pdf(content: str) -> bytes:
    """Return a document of one page; the stand-in reads nothing but its structure."""
    return b"%%PDF-1.7\n<< /Type /Page >>\n%% %b\n%%%%EOF" % content.encode()


@contextmanager
def running(part: Part, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a part until the block ends, or until it is killed in it."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own parts
            part.command,
            cwd=part.directory,
            env=os.environ | part.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + START_SECONDS
        while not is_ready(part):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Stack:
    """Everything around the host, running: the stand-in and storage."""

    parts: Mapping[str, Part]
    standin: httpx2.Client
    log: Path

    @contextmanager
    def host(
        self, ports: Mapping[str, int] | None = None, **environment: str
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the host; `ports` are those of proxies before the parts that it calls, by name."""
        part = self.parts["processor"]
        variables = dict(part.environment)
        for name, port in (ports or {}).items():
            usual = f"127.0.0.1:{self.parts[name].port}"
            for key, value in variables.items():
                variables[key] = value.replace(usual, f"127.0.0.1:{port}")
        part = replace(part, environment=variables | IMPATIENT | environment)
        with running(part, self.log) as process:
            yield process

    @property
    def url(self) -> str:
        """Where the host serves its API."""
        return f"http://127.0.0.1:{self.parts['processor'].port}"

    def account(self) -> "Account":
        return Account(self.parts["processor"].environment)

    def calls(self, operation: str) -> int:
        """Calls of an AI service so far."""
        calls: dict[str, int] = self.standin.get("/standin/calls").json()["calls"]
        return calls[operation]

    def paid(self) -> tuple[int, int]:
        """Paid calls so far: analyses, answers of the model."""
        return self.calls("documents.analyze"), self.calls("openai.responses")

    def paid_for_one_document(self) -> dict[str, tuple[int, int]]:
        """By paid operation: documents that it was paid for, and how often for one at most."""
        inputs = self.standin.get("/standin/calls").json()["inputs"]
        return {
            operation: (inputs[operation]["different"], inputs[operation]["most"])
            for operation in ("documents.analyze", "openai.responses")
        }

    @contextmanager
    def failing(self, service: str, mode: str, **options: float) -> Iterator[None]:
        """Let an AI service fail inside the block."""
        order = {"service": service, "mode": mode, **options}
        assert self.standin.put("/standin/failure", json=order).status_code == 200
        try:
            yield
        finally:
            assert self.standin.delete("/standin/failure").status_code == 204


class Account(LocalAccount):
    """Storage as tests look at it, beside the host."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        values = {key.lower(): value for key, value in environment.items()}
        super().__init__(LocalSettings.model_validate(values))
        self.rejections = LocalRejectedDocuments(self.rejected)

    async def put(self, name: str, content: bytes) -> DocumentVersion:
        """Write a blob into `incoming`."""
        written = await self.incoming.get_blob_client(name).upload_blob(content, overwrite=True)
        return DocumentVersion(name, str(written["etag"]).strip('"'))

    async def records(self) -> dict[str, DocumentRecord]:
        """Return the rows of the table `documents` by id."""
        records = [record_of(entity) async for entity in self.documents.list_entities()]
        return {record.id: record for record in records}

    async def settled(self, *documents: DocumentVersion) -> list[DocumentRecord]:
        """Wait until each document has succeeded or is rejected, and nothing is left to do."""

        async def found() -> list[DocumentRecord] | None:
            records = await self.records()
            rows = [records.get(document.id) for document in documents]
            done = [row for row in rows if row is not None and row.state != State.ACCEPTED]
            return done if len(done) == len(documents) else None

        settled = await eventually(found)
        await eventually(self.queue_is_empty)
        await eventually(self.stream_is_read)
        return settled

    async def queue_is_empty(self) -> bool:
        """Messages that are in work or wait for their time count too."""
        return (await self.queue.get_queue_properties()).approximate_message_count == 0

    async def stream_is_read(self) -> bool:
        """All events are recorded, and the checkpoint says so."""
        log = await self.outcomes.get_blob_client("partition-0").get_blob_properties()
        checkpoint = self.outcomes.get_blob_client(f"{RECORD_CONSUMER_GROUP}/checkpoint")
        try:
            offset = int(await (await checkpoint.download_blob()).readall())
        except ResourceNotFoundError:
            offset = 0
        return bool(log.size == offset)

    async def result_names(self) -> set[str]:
        return {blob.name async for blob in self.results.list_blobs()}

    async def events(self) -> list[OutcomeEvent]:
        """Return all events of the stream, in order."""
        log = await self.outcomes.get_blob_client("partition-0").download_blob()
        lines = (await log.readall()).splitlines()
        return [OutcomeEvent.model_validate_json(line) for line in lines]

    async def deliver(self, document: DocumentVersion, message_id: str) -> None:
        """Send a message about a document by hand, as a second delivery of its event."""
        body = event_about(document, self.incoming.account_name or "")
        await LocalDocumentQueue(self.queue, self.rejections).send(
            Message(id=message_id, body=body)
        )


async def eventually(
    look: Callable[[], Awaitable[T | None]], seconds: float = WAIT_SECONDS, *, every: float = 0.05
) -> T:
    """Return the first answer that is neither none nor false."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(every)


def event_about(document: DocumentVersion, account: str) -> str:
    """Return Event Grid's event about a document, with no more in it than is used."""
    return json.dumps(
        {
            "specversion": "1.0",
            "type": "Microsoft.Storage.BlobCreated",
            "id": "by-hand",
            "source": f"/subscriptions/local/providers/Microsoft.Storage/storageAccounts/{account}",
            "subject": f"/blobServices/default/containers/incoming/blobs/{document.name}",
            "data": {"eTag": document.etag},
        }
    )
