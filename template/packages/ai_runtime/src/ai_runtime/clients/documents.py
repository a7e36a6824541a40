"""Azure AI Document Intelligence: text, tables and key-value pairs of a document."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, Field

from ai_runtime.clients.base import ServiceClient
from ai_runtime.health import Status
from ai_runtime.resilience import Upstream, UpstreamError
from ai_runtime.settings import Endpoint, Settings
from ai_runtime.telemetry import unobserved

if TYPE_CHECKING:
    from azure.ai.documentintelligence.aio import (
        AsyncAnalyzeDocumentLROPoller,
        DocumentIntelligenceClient,
    )
    from azure.ai.documentintelligence.models import AnalyzeResult, DocumentTable
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.exceptions import HttpResponseError

MODEL = "prebuilt-layout"

_REFUSALS = {
    "InvalidContent": "The document is corrupt or protected by a password.",
    "InvalidContentDimensions": "The document's pages are too small or too large.",
    "InvalidContentLength": "The document is too large for the AI service.",
    "UnsupportedContent": "The document holds content that the AI service does not support.",
}


class DocumentsSettings(Settings):
    """What the client reads from the environment."""

    azure_document_intelligence_endpoint: Endpoint
    azure_document_intelligence_timeout_seconds: float = Field(default=90, gt=0)
    """Longest wait for an analysis to start, and then for its result."""
    azure_document_intelligence_polling_seconds: float = Field(default=1, gt=0)
    """Between two polls, unless the service names another time."""


class Cell(BaseModel):
    """A cell of a table; rows and columns count from 0."""

    row: int
    column: int
    text: str
    is_header: bool


class Table(BaseModel):
    """A table; its page counts from 1."""

    page: int
    row_count: int
    column_count: int
    cells: list[Cell]


class KeyValuePair(BaseModel):
    """A label and what stands beside it; the value is empty where a form was not filled in."""

    key: str
    value: str
    confidence: float = Field(ge=0, le=1)


class DocumentAnalysis(BaseModel):
    """What a document says."""

    text: str
    pages: int
    tables: list[Table]
    key_value_pairs: list[KeyValuePair]


class DocumentsClient(ServiceClient[DocumentsSettings, "DocumentIntelligenceClient"]):
    """Analyzes documents."""

    def __init__(self, settings: DocumentsSettings) -> None:
        timeout = settings.azure_document_intelligence_timeout_seconds
        super().__init__(settings, Upstream("document-intelligence", timeout_seconds=timeout))

    async def check(self) -> Status:
        """Ask for the account's limits, which costs nothing."""
        sdk = await self._loaded()

        from azure.core.rest import HttpRequest

        from ai_runtime.clients import _azure

        request = HttpRequest("GET", "/info?api-version=2024-11-30")
        with unobserved():
            return _azure.status_of(await sdk.send_request(request))

    async def analyze(self, document: Path, *, key_value_pairs: bool) -> DocumentAnalysis:
        """Analyze a document, which is streamed from its file; raises `UpstreamError`.

        Key-value pairs are an add-on that the service has for PDF and images, not for Office files.
        """
        # Only the start is tried again: a second analysis would be paid for a second time.
        poller = await self._upstream.call(lambda: self._begin(document, key_value_pairs))
        result = await self._upstream.call(lambda: self._finish(poller), attempts=1)
        return DocumentAnalysis(
            text=result.content,
            pages=len(result.pages),
            tables=[_table(table) for table in result.tables or []],
            key_value_pairs=[
                KeyValuePair(
                    key=pair.key.content,
                    value=pair.value.content if pair.value else "",
                    confidence=pair.confidence,
                )
                for pair in result.key_value_pairs or []
            ],
        )

    async def _begin(
        self, document: Path, key_value_pairs: bool
    ) -> "AsyncAnalyzeDocumentLROPoller[AnalyzeResult]":
        sdk = await self._loaded()

        from azure.ai.documentintelligence.models import DocumentAnalysisFeature

        # The SDK closes what it has sent, so each attempt opens the document anew.
        with document.open("rb") as file, _translated():
            return await sdk.begin_analyze_document(
                MODEL,
                file,
                features=[DocumentAnalysisFeature.KEY_VALUE_PAIRS] if key_value_pairs else None,
                polling_interval=self._settings.azure_document_intelligence_polling_seconds,
            )

    async def _finish(
        self, poller: "AsyncAnalyzeDocumentLROPoller[AnalyzeResult]"
    ) -> "AnalyzeResult":
        with _translated():
            return await poller.result()

    def _connect(self, credential: "AsyncTokenCredential") -> "DocumentIntelligenceClient":
        from azure.ai.documentintelligence.aio import DocumentIntelligenceClient

        from ai_runtime.clients import _azure
        from ai_runtime.clients._polling import PollRetry

        timeout = self._settings.azure_document_intelligence_timeout_seconds
        return DocumentIntelligenceClient(
            self._settings.azure_document_intelligence_endpoint.rstrip("/"),
            credential,
            retry_policy=PollRetry(),
            **_azure.client_options(self._settings, timeout_seconds=timeout),
        )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's exceptions into ours, with what the service has against a document."""
    from azure.core.exceptions import HttpResponseError

    from ai_runtime.clients import _azure

    with _azure.translated():
        try:
            yield
        except HttpResponseError as error:
            # An analysis that fails after its start comes with a successful status.
            if error.status_code not in (200, 400):
                raise
            code = _code(error)
            if error.status_code == 200 and code not in _REFUSALS:
                raise UpstreamError("unavailable") from error
            raise UpstreamError("refused", detail=_REFUSALS.get(code, "")) from error


def _code(error: "HttpResponseError") -> str:
    """Return the innermost code of an error."""
    if error.error is None:
        return ""
    code, inner = str(error.error.code), cast("object", error.error.innererror)
    while isinstance(inner, Mapping):
        code, inner = str(inner.get("code", code)), inner.get("innererror")
    return code


def _table(table: "DocumentTable") -> Table:
    return Table(
        page=table.bounding_regions[0].page_number if table.bounding_regions else 1,
        row_count=table.row_count,
        column_count=table.column_count,
        cells=[
            Cell(
                row=cell.row_index,
                column=cell.column_index,
                text=cell.content,
                is_header=cell.kind in ("columnHeader", "rowHeader"),
            )
            for cell in table.cells
        ],
    )
