"""Containers of blob storage: documents that come in, and results."""

from typing import IO

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobServiceClient, ContainerClient, ExponentialRetry

from ai_runtime.health import Status
from ai_runtime.telemetry import unobserved
from document_pipeline.model import INCOMING_CONTAINER, RESULTS_CONTAINER, DocumentVersion
from document_pipeline.ports import BlobGoneError, BlobProperties, BlobReplacedError

BLOCK_BYTES = 4 * 1024 * 1024
"""A document passes in blocks of this size, so memory does not grow with it."""


class BlobStorage:
    """Connections to the blobs of one account; lives as long as its host."""

    def __init__(
        self, endpoint: str, credential: AsyncTokenCredential | AzureNamedKeyCredential
    ) -> None:
        self._service = BlobServiceClient(
            endpoint,
            credential,
            max_block_size=BLOCK_BYTES,
            max_single_put_size=BLOCK_BYTES,
            max_single_get_size=BLOCK_BYTES,
            max_chunk_get_size=BLOCK_BYTES,
            connection_timeout=5,
            read_timeout=60,
            # The SDK's own first pause is 15 s: a message's lock may be over by then.
            retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=3),
        )
        self.incoming = IncomingContainer(self._service.get_container_client(INCOMING_CONTAINER))
        self.results = ResultsContainer(self._service.get_container_client(RESULTS_CONTAINER))

    async def check(self) -> Status:
        """Ask for the container of results, which also needs the permission to read it."""
        with unobserved():
            await self._service.get_container_client(RESULTS_CONTAINER).get_container_properties()
        return "healthy"

    async def close(self) -> None:
        await self._service.close()


class IncomingContainer:
    """The container `incoming`."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    async def properties(self, name: str) -> BlobProperties:
        try:
            found = await self._container.get_blob_client(name).get_blob_properties()
        except ResourceNotFoundError as error:
            raise BlobGoneError from error
        return BlobProperties(etag=found.etag.strip('"'), size=found.size)

    async def download(self, document: DocumentVersion, target: IO[bytes]) -> None:
        try:
            blob = await self._container.get_blob_client(document.name).download_blob(
                etag=f'"{document.etag}"', match_condition=MatchConditions.IfNotModified
            )
            async for block in blob.chunks():
                target.write(block)
        except ResourceNotFoundError as error:
            raise BlobGoneError from error
        except ResourceModifiedError as error:
            # Which is also what a server may say of a blob that is gone.
            await self.properties(document.name)
            raise BlobReplacedError from error

    async def upload(self, name: str, content: IO[bytes], media_type: str) -> DocumentVersion:
        written = await self._container.get_blob_client(name).upload_blob(
            content,
            overwrite=False,
            content_settings=ContentSettings(content_type=media_type),
        )
        return DocumentVersion(name, written["etag"].strip('"'))


class ResultsContainer:
    """The container `results`."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    async def get(self, name: str) -> bytes | None:
        try:
            blob = await self._container.get_blob_client(name).download_blob()
            return await blob.readall()
        except ResourceNotFoundError:
            return None

    async def put_if_absent(self, name: str, content: bytes) -> bool:
        settings = ContentSettings(content_type="application/json")
        blob = self._container.get_blob_client(name)
        try:
            await blob.upload_blob(content, overwrite=False, content_settings=settings)
        except ResourceExistsError:
            return False
        return True
