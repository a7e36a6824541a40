"""The text service and the real SDK against the stand-in."""

import time
import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest
from starlette.testclient import TestClient

from ai_runtime.contracts.text import OFFICE_TYPES
from ai_standin.testing import StandIn
from text_service.main import TextServiceSettings, create_app

PDF = b"%PDF-1.7\n1 0 obj << /Type /Pages >>\n<< /Type /Page >>\n<< /Type /Page >>\n"
DOCX, XLSX, PPTX = OFFICE_TYPES


def office(folder: str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/content.xml", "<x/>")
    return file.getvalue()


# Less than the 60 s for which a slow stand-in holds an answer, and time enough on a busy machine.
SOON = 20


def running(standin: StandIn, *, timeout_seconds: float = SOON) -> TestClient:
    settings = TextServiceSettings.model_validate(
        {
            "azure_document_intelligence_endpoint": standin.url,
            "azure_document_intelligence_timeout_seconds": timeout_seconds,
            "azure_document_intelligence_polling_seconds": 0.02,
        }
    )
    return TestClient(create_app(settings), headers={"Content-Type": "application/pdf"})


@pytest.fixture
def client(standin: StandIn) -> Iterator[TestClient]:
    with running(standin) as client:
        yield client


@pytest.fixture
def impatient(standin: StandIn) -> Iterator[TestClient]:
    with running(standin, timeout_seconds=1.5) as client:
        yield client


def test_document_is_read(client: TestClient, standin: StandIn) -> None:
    response = client.post("/extract", content=PDF)
    assert response.status_code == 200
    document = response.json()
    assert document["pages"] == 2
    assert document["text"].startswith("Stand-in reading of a PDF document")
    (table,) = document["tables"]
    assert (table["page"], table["row_count"], table["column_count"]) == (1, 3, 2)
    assert table["cells"][0] == {"row": 0, "column": 0, "text": "Item", "is_header": True}
    assert table["cells"][-1] == {"row": 2, "column": 1, "text": "7", "is_header": False}
    assert document["key_value_pairs"][0] == {
        "key": "Number",
        "value": "2026-0042",
        "confidence": 0.93,
    }
    assert standin.control.calls["documents.result"] == 2


@pytest.mark.parametrize(
    ("content_type", "content", "with_pairs"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n", True),
        ("image/jpeg", b"\xff\xd8\xff\xe0", True),
        ("image/tiff", b"MM\x00*", True),
        ("image/bmp", b"BM", True),
        (DOCX, office("word"), False),
        (XLSX, office("xl"), False),
        (PPTX, office("ppt"), False),
    ],
)
def test_every_format(
    client: TestClient, content_type: str, content: bytes, with_pairs: bool
) -> None:
    response = client.post("/extract", content=content, headers={"Content-Type": content_type})
    assert response.status_code == 200, response.text
    # The add-on is refused for Office files, so it is not asked for.
    assert bool(response.json()["key_value_pairs"]) is with_pairs


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("text/plain", b"words", 415),
        ("application/msword", b"\xd0\xcf\x11\xe0", 415),
        ("application/pdf", b"", 422),
        ("application/pdf", b"words", 422),
        (DOCX, office("xl"), 422),
        (DOCX, b"PK\x03\x04 cut", 422),
        (XLSX, b"words", 422),
        ("application/pdf", PDF + bytes(20 * 1024 * 1024), 413),
    ],
)
def test_bad_upload_is_refused_without_an_upstream_call(
    client: TestClient, standin: StandIn, content_type: str, content: bytes, status: int
) -> None:
    response = client.post("/extract", content=content, headers={"Content-Type": content_type})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert standin.control.calls["documents.analyze"] == 0


def test_largest_upload_is_accepted(client: TestClient) -> None:
    document = PDF.ljust(20 * 1024 * 1024, b"\n")
    assert client.post("/extract", content=document).status_code == 200


@pytest.mark.parametrize(
    ("mode", "options", "status", "calls"),
    [
        ("throttle", {"retry_after": 300}, 429, 1),
        ("error", {}, 502, 3),
        ("slow", {}, 504, 1),
    ],
)
def test_failures(
    impatient: TestClient,
    standin: StandIn,
    mode: str,
    options: dict[str, float],
    status: int,
    calls: int,
) -> None:
    standin.fail("documents", mode, **options)
    started = time.monotonic()
    response = impatient.post("/extract", content=PDF)
    assert time.monotonic() - started < SOON
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert "127.0.0.1" not in response.text
    assert response.headers.get("retry-after") == ("300" if mode == "throttle" else None)
    assert standin.control.calls["documents.analyze"] == calls


def test_one_lost_poll_is_not_noticed(client: TestClient, standin: StandIn) -> None:
    # The response that starts an analysis has no body to cut; the first poll has.
    standin.fail("documents", "cut", times=2)
    assert client.post("/extract", content=PDF).status_code == 200
    assert standin.control.calls["documents.analyze"] == 1
    assert standin.control.calls["documents.result"] == 2


def test_lost_polls_end_in_time_without_a_second_analysis(
    impatient: TestClient, standin: StandIn
) -> None:
    standin.fail("documents", "cut")
    started = time.monotonic()
    assert impatient.post("/extract", content=PDF).status_code == 502
    assert time.monotonic() - started < SOON
    assert standin.control.calls["documents.analyze"] == 1


def test_one_failure_is_not_noticed(client: TestClient, standin: StandIn) -> None:
    standin.fail("documents", "error", times=1)
    assert client.post("/extract", content=PDF).status_code == 200
    assert standin.control.calls["documents.analyze"] == 2


@pytest.mark.parametrize(
    ("mode", "state", "status"),
    [(None, "healthy", 200), ("throttle", "degraded", 200), ("error", "unhealthy", 503)],
)
def test_health(
    client: TestClient, standin: StandIn, mode: str | None, state: str, status: int
) -> None:
    if mode is not None:
        standin.fail("documents", mode)
    response = client.get("/health")
    assert response.status_code == status
    assert response.json()["dependencies"]["document-intelligence"]["status"] == state
    assert standin.control.calls["documents.info"] == 1


def test_openapi(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/extract"]["post"]
    assert set(operation["requestBody"]["content"]) >= {"application/pdf", DOCX}
    assert {"413", "415", "422", "429", "502", "503", "504"} <= set(operation["responses"])
