"""The triggers of the document pipeline: each hands over what came; the package does the work."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, List  # noqa: UP035 - see record_result

import azure.functions as func

from document_pipeline.composition import Parts, Pipeline, connect_azure
from document_pipeline.messages import message_of
from document_pipeline.model import (
    DOCUMENTS_QUEUE,
    RECORD_CONSUMER_GROUP,
    RESULTS_EVENT_HUB,
    Delivery,
)
from document_pipeline.settings import AzureSettings

if TYPE_CHECKING:
    from fastapi import FastAPI


class Settings(AzureSettings):
    """Environment of the function app."""

    prompt_path: Path = Path(__file__).parent / "prompts" / "documents" / "insights.yaml"


class Workload:
    """The pipeline and its HTTP app, which start with the first event of whatever trigger.

    The library's AsgiFunctionApp starts only for HTTP, and twice for two first requests.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pipeline = Pipeline(settings, lambda: connect_azure(settings))
        self._starting = asyncio.Lock()
        self._api: func.AsgiMiddleware | None = None
        self._lifespan: AbstractAsyncContextManager[Any] | None = None

    async def api(self) -> func.AsgiMiddleware:
        """Return the HTTP app, running: it owns telemetry, for every trigger."""
        async with self._starting:
            if self._api is None:
                api = await asyncio.to_thread(self._create_api)
                # Kept for the life of the process: a lifespan that nobody refers to ends.
                self._lifespan = api.router.lifespan_context(api)
                await self._lifespan.__aenter__()
                self._api = func.AsgiMiddleware(api)  # type: ignore[no-untyped-call]
        return self._api

    async def parts(self) -> Parts:
        """Return the parts of the pipeline, connected."""
        await self.api()
        return await self._pipeline.parts()

    def _create_api(self) -> "FastAPI":
        from document_pipeline.api import create_app

        return create_app(self._settings, self._pipeline)


workload = Workload(Settings.load())
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("process_document")
@app.service_bus_queue_trigger("message", connection="ServiceBus", queue_name=DOCUMENTS_QUEUE)
async def process_document(message: func.ServiceBusMessage) -> None:
    """Take a document's message; an exception gives it back to the queue."""
    properties = message.application_properties or {}
    received = message_of(message.message_id, message.get_body(), properties)
    parts = await workload.parts()
    await parts.processor.handle(Delivery(received, message.delivery_count or 1))


@app.function_name("record_result")
# Without a policy the checkpoint moves past a batch that failed; with it the batch is retried until
# it succeeds.
@app.retry(
    strategy="exponential_backoff",
    max_retry_count="-1",
    minimum_interval="00:00:02",
    maximum_interval="00:05:00",
)
@app.event_hub_message_trigger(
    "events",
    connection="EventHubs",
    event_hub_name=RESULTS_EVENT_HUB,
    consumer_group=RECORD_CONSUMER_GROUP,
    cardinality=func.Cardinality.MANY,
)
# The host's worker takes `list[…]` for a wrong annotation and does not start the function.
async def record_result(events: List[func.EventHubEvent]) -> None:  # noqa: UP006
    """Record a batch of outcomes."""
    parts = await workload.parts()
    await parts.recorder.handle(event.get_body() for event in events)


@app.function_name("api")
@app.route("{*path}", methods=["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
async def api(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Serve the HTTP API. Tokens are checked by the app: keys of the host would be secrets."""
    response: func.HttpResponse = await (await workload.api()).handle_async(req, context)
    return response
