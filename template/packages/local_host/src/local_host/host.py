"""What Azure does around the pipeline, in one process on this machine."""

import asyncio

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ai_runtime.health import Status
from document_pipeline.adapters.blobs import BlobStorage
from document_pipeline.adapters.tables import TableStorage
from document_pipeline.api import ROOT_PATH, create_app
from document_pipeline.composition import Adapters, Pipeline
from local_host.account import LocalAccount
from local_host.broker import LocalDocumentQueue, LocalRejectedDocuments
from local_host.events import BlobEvents
from local_host.folder import send_files
from local_host.page import Page
from local_host.settings import LocalSettings
from local_host.stream import LocalOutcomeStream


class LocalHost:
    """Triggers the pipeline on what happens in the account, and serves its API and a page."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._account = LocalAccount(settings)
        self._rejected = LocalRejectedDocuments(self._account.rejected)
        self._queue = LocalDocumentQueue(
            self._account.queue, self._rejected, lock_seconds=settings.lock_seconds
        )
        self._outcomes = LocalOutcomeStream(self._account.outcomes)
        self._pipeline = Pipeline(settings, self._connect)

    async def run(self, port: int) -> None:
        """Run until a signal ends it."""
        await self._account.create()
        await self._outcomes.create()
        page = Page(self._account.documents, self._account.incoming, self._account.results)
        app = _beside(page.app(), create_app(self._settings, self._pipeline))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=port,
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        async with asyncio.TaskGroup() as group:
            triggers = [
                group.create_task(self._send_events()),
                group.create_task(self._process_documents()),
                group.create_task(self._record_outcomes()),
                group.create_task(self._send_files()),
            ]
            await server.serve()
            for trigger in triggers:
                trigger.cancel()
        await self._account.close()

    async def _send_events(self) -> None:
        await BlobEvents(self._account.incoming, self._account.announced, self._queue).send()

    async def _process_documents(self) -> None:
        parts = await self._pipeline.parts()
        await self._queue.deliver(parts.processor.handle, concurrency=self._settings.concurrency)

    async def _record_outcomes(self) -> None:
        parts = await self._pipeline.parts()
        await self._outcomes.read(parts.recorder.handle)

    async def _send_files(self) -> None:
        if self._settings.incoming_folder is not None:
            await send_files(self._settings.incoming_folder, self._account.incoming)

    def _connect(self) -> Adapters:
        settings, credential = self._settings, self._account.credential
        blobs = BlobStorage(settings.storage_blob_endpoint, credential)
        table = TableStorage(settings.storage_table_endpoint, credential)
        return Adapters(
            incoming=blobs.incoming,
            results=blobs.results,
            table=table,
            queue=self._queue,
            rejections=self._rejected,
            rejected=self._rejected,
            outcomes=self._outcomes,
            checks={
                "blobs": blobs.check,
                "table": table.check,
                "queues": self._check_queue,
                "events": blobs.check,
            },
            connections=(blobs, table),
        )

    async def _check_queue(self) -> Status:
        await self._account.queue.get_queue_properties()
        return "healthy"


def _beside(page: ASGIApp, api: ASGIApp) -> ASGIApp:
    """Serve the API below its path, and the page elsewhere."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not scope["path"].startswith(f"{ROOT_PATH}/")
        is_page = is_page and scope["path"] != ROOT_PATH
        await (page if is_page else api)(scope, receive, send)

    return app
