"""A document in `incoming` in, what Document Intelligence reads in it out."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from ai_runtime.clients.documents import DocumentsClient
from ai_runtime.contracts.text import DOCUMENT_TYPES, OFFICE_TYPES
from ai_runtime.resilience import UpstreamError
from document_pipeline.model import (
    MAX_DOCUMENT_BYTES,
    DocumentVersion,
    Reason,
    RejectedError,
    StoredAnalysis,
)
from document_pipeline.ports import BlobGoneError, BlobReplacedError, IncomingDocuments


class DocumentAnalyzer:
    """Downloads documents and has them analyzed."""

    def __init__(self, incoming: IncomingDocuments, client: DocumentsClient) -> None:
        self._incoming = incoming
        self._client = client

    async def analyze(self, document: DocumentVersion) -> StoredAnalysis:
        """Raises `RejectedError`, and `UpstreamError` where another attempt may succeed."""
        # On disk, so that memory stays flat whatever the size.
        with NamedTemporaryFile() as file:
            media_type = await self._download(document, file)
            try:
                analysis = await self._client.analyze(
                    Path(file.name), key_value_pairs=media_type not in OFFICE_TYPES
                )
            except UpstreamError as error:
                if error.status != 422:
                    raise
                raise RejectedError(Reason.UNREADABLE, error.detail) from error
        return StoredAnalysis(media_type=media_type, analysis=analysis)

    async def _download(self, document: DocumentVersion, file: IO[bytes]) -> str:
        """Write a document into `file` and return its media type."""
        try:
            properties = await self._incoming.properties(document.name)
            if properties.etag != document.etag:
                raise BlobReplacedError
            if properties.size == 0:
                raise RejectedError(Reason.EMPTY, "The file is empty.")
            if properties.size > MAX_DOCUMENT_BYTES:
                raise RejectedError(
                    Reason.TOO_LARGE, f"The file is larger than {MAX_DOCUMENT_BYTES} bytes."
                )
            await self._incoming.download(document, file)
        except BlobGoneError as error:
            raise RejectedError(Reason.BLOB_GONE, "The file was deleted.") from error
        except BlobReplacedError as error:
            raise RejectedError(
                Reason.BLOB_REPLACED, "The file was replaced; the new one has an event of its own."
            ) from error
        file.flush()
        if (media_type := sniff(file)) is None:
            raise RejectedError(
                Reason.UNSUPPORTED_TYPE, "The content is not a PDF, image or Office document."
            )
        return media_type


def sniff(file: IO[bytes]) -> str | None:
    """Return the media type that the content of a file shows, whatever its name says."""
    for media_type, is_type in DOCUMENT_TYPES.items():
        file.seek(0)
        if is_type(file):
            return media_type
    return None
