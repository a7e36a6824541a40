"""The triggers of the document pipeline: each hands over what came; the package does the work."""

import asyncio
from pathlib import Path

import azure.functions as func

from document_pipeline.api import create_app
from document_pipeline.composition import Parts, Pipeline, connect_azure
from document_pipeline.messages import message_of
from document_pipeline.model import (
    DOCUMENTS_QUEUE,
    RECORD_CONSUMER_GROUP,
    RESULTS_EVENT_HUB,
    Delivery,
)
from document_pipeline.settings import AzureSettings


class Settings(AzureSettings):
    """Environment of the function app."""

    prompt_path: Path = Path(__file__).parent / "prompts" / "documents" / "insights.yaml"


settings = Settings.load()
pipeline = Pipeline(settings, lambda: connect_azure(settings))
# The library's own AsgiFunctionApp starts the app only for HTTP, and twice for two first requests.
http_app = func.AsgiMiddleware(create_app(settings, pipeline))
starting = asyncio.Lock()
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


async def started() -> Parts:
    """Start the app (telemetry, connections) with the first event of whatever trigger."""
    async with starting:
        if http_app.lifespan_receive_queue is None and not await http_app.notify_startup():
            raise RuntimeError("the app did not start")
    return await pipeline.parts()


@app.function_name("process_document")
@app.service_bus_queue_trigger("message", connection="ServiceBus", queue_name=DOCUMENTS_QUEUE)
async def process_document(message: func.ServiceBusMessage) -> None:
    """Take a document's message; an exception gives it back to the queue."""
    properties = message.application_properties or {}
    received = message_of(message.message_id, message.get_body(), properties)
    # The host counts deliveries from 1 on.
    await (await started()).processor.handle(Delivery(received, message.delivery_count or 1))


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
async def record_result(events: list[func.EventHubEvent]) -> None:
    """Record a batch of outcomes."""
    await (await started()).recorder.handle(event.get_body() for event in events)


@app.function_name("api")
@app.route("{*path}", methods=["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
async def api(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Serve the HTTP API. Tokens are checked by the app: keys of the host would be secrets."""
    await started()
    return await http_app.handle_async(req, context)
