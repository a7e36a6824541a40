"""Event Grid, played by a look into the container `incoming` every now and then."""

import asyncio
import json
from time import monotonic
from urllib.parse import quote
from uuid import uuid4

from azure.data.tables.aio import TableClient
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import ContainerClient

from document_pipeline.model import INCOMING_CONTAINER, DocumentVersion, Message
from document_pipeline.ports import DocumentQueue

SECONDS_BETWEEN_LOOKS = 0.25


class BlobEvents:
    """Sends a message for each version of a blob; after a crash perhaps for a second time."""

    def __init__(
        self, container: ContainerClient, announced: TableClient, queue: DocumentQueue
    ) -> None:
        self._container = container
        self._announced = announced
        self._queue = queue

    async def send(self) -> None:
        """Watch the container until cancelled."""
        seen = {entity["RowKey"] async for entity in self._announced.list_entities()}
        while True:
            began = monotonic()
            async for blob in self._container.list_blobs():
                document = DocumentVersion(blob.name, blob.etag.strip('"'))
                if document.id not in seen:
                    await self._queue.send(_message(self._container.account_name, document, blob))
                    # Written after the message: what is lost in between is sent again.
                    await self._announced.upsert_entity(
                        {"PartitionKey": INCOMING_CONTAINER, "RowKey": document.id}
                    )
                    seen.add(document.id)
            # A look into a full container takes long: most of the time goes to the documents.
            await asyncio.sleep(max(SECONDS_BETWEEN_LOOKS, 4 * (monotonic() - began)))


def _message(account: str | None, document: DocumentVersion, blob: BlobProperties) -> Message:
    identifier = str(uuid4())
    event = {
        "specversion": "1.0",
        "type": "Microsoft.Storage.BlobCreated",
        "id": identifier,
        "source": "/subscriptions/local/resourceGroups/local"
        f"/providers/Microsoft.Storage/storageAccounts/{account}",
        "subject": f"/blobServices/default/containers/{INCOMING_CONTAINER}/blobs/{document.name}",
        "time": blob.last_modified.isoformat(),
        "data": {
            "api": "PutBlob",
            "blobType": "BlockBlob",
            "contentLength": blob.size,
            "contentType": blob.content_settings.content_type,
            "eTag": document.etag,
            "url": f"http://127.0.0.1/{INCOMING_CONTAINER}/{quote(document.name)}",
        },
    }
    return Message(id=identifier, body=json.dumps(event))
