"""The official SDK submits to the stand-in, polls it and reads the result."""

from io import BytesIO

import pytest
from azure.ai.documentintelligence import DocumentIntelligenceClient
from azure.ai.documentintelligence.models import AnalyzeDocumentRequest, DocumentAnalysisFeature
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from ai_standin.testing import UNUSED, StandIn

PDF = b"%PDF-1.7\n1 0 obj << /Type /Pages >>\n<< /Type /Page >>\n<< /Type /Page >>\n"


@pytest.fixture
def client(standin: StandIn) -> DocumentIntelligenceClient:
    return DocumentIntelligenceClient(
        standin.url, AzureKeyCredential(UNUSED), polling_interval=0.01, retry_total=0
    )


def test_layout_with_pairs(standin: StandIn, client: DocumentIntelligenceClient) -> None:
    poller = client.begin_analyze_document(
        "prebuilt-layout",
        BytesIO(PDF),
        content_type="application/octet-stream",
        features=[DocumentAnalysisFeature.KEY_VALUE_PAIRS],
    )
    result = poller.result()
    assert len(result.pages) == 2
    assert result.tables is not None
    assert result.key_value_pairs is not None
    table = result.tables[0]
    assert (table.row_count, table.column_count, len(table.cells)) == (3, 2, 6)
    assert table.cells[0].kind == "columnHeader"
    pair = result.key_value_pairs[0]
    assert pair.value is not None
    assert (pair.key.content, pair.value.content) == ("Number", "2026-0042")
    for cell in table.cells:
        span = cell.spans[0]
        assert result.content[span.offset : span.offset + span.length] == cell.content
    assert standin.control.calls["documents.result"] == 2


def test_pairs_only_when_asked(client: DocumentIntelligenceClient) -> None:
    request = AnalyzeDocumentRequest(bytes_source=PDF)
    result = client.begin_analyze_document("prebuilt-layout", request).result()
    assert result.key_value_pairs is None


def test_what_is_no_document_is_refused(client: DocumentIntelligenceClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        client.begin_analyze_document("prebuilt-layout", BytesIO(b"no document"))
    assert caught.value.status_code == 400


def test_corrupt_document_is_refused_at_once(client: DocumentIntelligenceClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        client.begin_analyze_document("prebuilt-layout", BytesIO(b"%PDF-1.7 cut"))
    assert caught.value.status_code == 400
    assert caught.value.error is not None
    assert caught.value.error.innererror is not None
    assert caught.value.error.innererror["code"] == "InvalidContent"


def test_encrypted_document_is_refused_when_it_is_read(
    client: DocumentIntelligenceClient,
) -> None:
    poller = client.begin_analyze_document("prebuilt-layout", BytesIO(PDF + b"<< /Encrypt >>"))
    with pytest.raises(HttpResponseError) as caught:
        poller.result()
    assert caught.value.status_code == 200
    assert caught.value.error is not None
    assert caught.value.error.code == "InvalidRequest"


def test_unknown_model(client: DocumentIntelligenceClient) -> None:
    with pytest.raises(ResourceNotFoundError):
        client.begin_analyze_document("my-model", BytesIO(PDF))


@pytest.mark.parametrize(("mode", "status"), [("throttle", 429), ("error", 500)])
def test_failures(
    standin: StandIn, client: DocumentIntelligenceClient, mode: str, status: int
) -> None:
    standin.fail("documents", mode)
    with pytest.raises(HttpResponseError) as caught:
        client.begin_analyze_document("prebuilt-layout", BytesIO(PDF))
    assert caught.value.status_code == status


def test_failure_while_polling(standin: StandIn, client: DocumentIntelligenceClient) -> None:
    poller = client.begin_analyze_document("prebuilt-layout", BytesIO(PDF), polling_interval=0.2)
    standin.fail("documents", "error")
    with pytest.raises(HttpResponseError) as caught:
        poller.result()
    assert caught.value.status_code == 500
