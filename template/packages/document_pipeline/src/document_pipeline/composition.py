"""The parts of the pipeline put together; a host adds only what triggers them."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ai_runtime.clients.documents import DocumentsClient
from ai_runtime.clients.openai import OpenAIClient
from ai_runtime.health import Check, Status
from ai_runtime.identity import workload_credential
from ai_runtime.prompts import Prompt
from document_pipeline.intake import Intake
from document_pipeline.ports import (
    DocumentQueue,
    DocumentTable,
    IncomingDocuments,
    OutcomeStream,
    RejectedDocuments,
    RejectedQueue,
    Results,
)
from document_pipeline.process import DocumentProcessor, ProcessingPorts
from document_pipeline.record import OutcomeRecorder
from document_pipeline.rejected import RejectedOperations
from document_pipeline.settings import AzureSettings, PipelineSettings


class Closable(Protocol):
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Adapters:
    """What stands behind the ports of one host."""

    incoming: IncomingDocuments
    results: Results
    table: DocumentTable
    queue: DocumentQueue
    rejections: RejectedQueue
    rejected: RejectedDocuments
    outcomes: OutcomeStream
    checks: Mapping[str, Check]
    """Of the adapters, for `/health`, by the names that `CHECKS` lists."""
    connections: tuple[Closable, ...]


CHECKS = ("blobs", "table", "queues", "events")


@dataclass(frozen=True, slots=True)
class Parts:
    """The pipeline, ready."""

    adapters: Adapters
    processor: DocumentProcessor
    recorder: OutcomeRecorder
    intake: Intake
    rejected: RejectedOperations


class Pipeline:
    """Owns the parts and their connections; a resource of the app that lives as long as it.

    `connect` imports the SDKs of its adapters, which is slow; it runs in a thread.
    """

    def __init__(self, settings: PipelineSettings, connect: Callable[[], Adapters]) -> None:
        self._settings = settings
        self._connect = connect
        self._prompt = Prompt.load(settings.prompt_path)
        self._documents = DocumentsClient(settings)
        self._openai = OpenAIClient(settings)
        self._parts: Parts | None = None
        self._loading = threading.Lock()

    def load(self) -> None:
        with self._loading:
            if self._parts is None:
                self._documents.load()
                self._openai.load()
                self._parts = self._assemble(self._connect())

    async def parts(self) -> Parts:
        """Return the parts, loaded if they are not yet."""
        if self._parts is None:
            await asyncio.to_thread(self.load)
        if self._parts is None:
            raise RuntimeError("the pipeline is not loaded")
        return self._parts

    def checks(self) -> dict[str, Check]:
        """Return the dependencies of `/health` by name."""

        def of_adapter(name: str) -> Check:
            async def check() -> Status:
                return await (await self.parts()).adapters.checks[name]()

            return check

        return {
            "document-intelligence": self._documents.check,
            "openai": self._openai.check,
            **{name: of_adapter(name) for name in CHECKS},
        }

    async def close(self) -> None:
        await self._documents.close()
        await self._openai.close()
        if self._parts is not None:
            for connection in self._parts.adapters.connections:
                await connection.close()

    def _assemble(self, adapters: Adapters) -> Parts:
        ports = ProcessingPorts(
            incoming=adapters.incoming,
            results=adapters.results,
            queue=adapters.queue,
            rejected=adapters.rejections,
            outcomes=adapters.outcomes,
        )
        return Parts(
            adapters=adapters,
            processor=DocumentProcessor(
                self._settings,
                ports,
                storage_account=self._settings.storage_account,
                documents=self._documents,
                openai=self._openai,
                prompt=self._prompt,
            ),
            recorder=OutcomeRecorder(adapters.table),
            intake=Intake(adapters.incoming, adapters.table),
            rejected=RejectedOperations(adapters.rejected, adapters.queue, adapters.table),
        )


def connect_azure(settings: AzureSettings) -> Adapters:
    """Connect to storage, Service Bus and Event Hubs with the workload's identity."""
    from document_pipeline.adapters.blobs import BlobStorage
    from document_pipeline.adapters.event_hubs import EventHub
    from document_pipeline.adapters.service_bus import ServiceBus
    from document_pipeline.adapters.tables import TableStorage

    credential = workload_credential(settings)
    blobs = BlobStorage(settings.storage_blob_endpoint, credential)
    table = TableStorage(settings.storage_table_endpoint, credential)
    bus = ServiceBus(settings.service_bus_namespace, credential)
    hub = EventHub(settings.event_hubs_namespace, credential)
    return Adapters(
        incoming=blobs.incoming,
        results=blobs.results,
        table=table,
        queue=bus.documents,
        rejections=bus.rejections,
        rejected=bus.rejected,
        outcomes=hub,
        checks={
            "blobs": blobs.check,
            "table": table.check,
            "queues": bus.check,
            "events": hub.check,
        },
        connections=(blobs, table, bus, hub, credential),
    )
