"""The storage account that Azurite serves on this machine."""

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ResourceExistsError
from azure.data.tables.aio import TableClient, TableServiceClient
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from document_pipeline.model import (
    DOCUMENTS_QUEUE,
    DOCUMENTS_TABLE,
    INCOMING_CONTAINER,
    RESULTS_CONTAINER,
    RESULTS_EVENT_HUB,
)
from local_host.settings import LocalSettings

REJECTED_TABLE = "rejected"
ANNOUNCED_TABLE = "announced"


class LocalAccount:
    """Connections to the account, with everything in it that Bicep makes in Azure."""

    def __init__(self, settings: LocalSettings) -> None:
        self.credential = AzureNamedKeyCredential(
            settings.storage_account, settings.storage_key.get_secret_value()
        )
        self._blobs = BlobServiceClient(settings.storage_blob_endpoint, self.credential)
        self._queues = QueueServiceClient(settings.storage_queue_endpoint, self.credential)
        self._tables = TableServiceClient(
            settings.storage_table_endpoint.rstrip("/"), credential=self.credential
        )
        self.incoming: ContainerClient = self._blobs.get_container_client(INCOMING_CONTAINER)
        self.results: ContainerClient = self._blobs.get_container_client(RESULTS_CONTAINER)
        self.outcomes: ContainerClient = self._blobs.get_container_client(RESULTS_EVENT_HUB)
        self.queue: QueueClient = self._queues.get_queue_client(DOCUMENTS_QUEUE)
        self.documents: TableClient = self._tables.get_table_client(DOCUMENTS_TABLE)
        self.rejected: TableClient = self._tables.get_table_client(REJECTED_TABLE)
        self.announced: TableClient = self._tables.get_table_client(ANNOUNCED_TABLE)

    async def create(self) -> None:
        """Make containers, the queue and tables that do not exist yet."""
        for make in (
            self.incoming.create_container,
            self.results.create_container,
            self.outcomes.create_container,
            self.queue.create_queue,
            self.documents.create_table,
            self.rejected.create_table,
            self.announced.create_table,
        ):
            try:
                await make()
            except ResourceExistsError:
                continue

    async def close(self) -> None:
        await self._blobs.close()
        await self._queues.close()
        await self._tables.close()
