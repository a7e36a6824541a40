"""Documents, end to end: gateway, text service, official SDK with its polling, stand-in."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from harness import System, assert_problem

PATH = "/api/text/extract"
CONTENT = b"%PDF-1.7\n<< /Type /Page >>\n<< /Type /Page >>\n"
HEADERS = {"Content-Type": "application/pdf"}
TOO_MUCH = 20 * 1024 * 1024 + 1


def send(system: System) -> httpx2.Response:
    return system.gateway.post(PATH, content=CONTENT, headers=HEADERS)


@pytest.fixture(autouse=True)
def working(system: System) -> Iterator[None]:
    """Leave a service behind that works and knows it."""
    yield
    system.heal()
    assert send(system).status_code == 200


def test_document_is_read(system: System) -> None:
    result = send(system).json()
    assert set(result) == {"text", "pages", "tables", "key_value_pairs"}
    assert result["pages"] == 2
    assert "PDF document" in result["text"]
    (table,) = result["tables"]
    assert (table["page"], table["row_count"], table["column_count"]) == (1, 3, 2)
    assert table["cells"][0] == {"row": 0, "column": 0, "text": "Item", "is_header": True}
    assert result["key_value_pairs"][0]["key"] == "Number"


def test_throttling_reaches_the_caller(system: System) -> None:
    with system.failing("documents", "throttle", retry_after=7):
        response = send(system)
    assert_problem(response, 429)
    assert response.headers["Retry-After"] == "7"


def test_short_throttling_is_sat_out(system: System) -> None:
    before = system.calls()["documents.analyze"]
    with system.failing("documents", "throttle", times=1, retry_after=0):
        assert send(system).status_code == 200
    assert system.calls()["documents.analyze"] == before + 2


@pytest.mark.parametrize("mode", ["error", "cut"])
def test_failing_service_is_a_bad_gateway(system: System, mode: str) -> None:
    with system.failing("documents", mode):
        response = send(system)
    assert_problem(response, 502)


def test_hanging_service_times_out(system: System) -> None:
    started = time.monotonic()
    with system.failing("documents", "slow"):
        response = send(system)
    assert_problem(response, 504)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", "application/pdf", 422),
        (b"not what it says", "application/pdf", 422),
        (CONTENT, "image/jpeg", 422),
        (CONTENT, "text/html", 415),
        (CONTENT, "", 415),
        # Nothing is fetched for a caller: an address, wherever it points, is no file.
        (b'{"url": "http://169.254.169.254/metadata/instance"}', "application/json", 415),
        (CONTENT + bytes(TOO_MUCH), "application/pdf", 413),
    ],
)
def test_bad_upload_calls_nothing(
    system: System, content: bytes, content_type: str, status: int
) -> None:
    with system.nothing_called():
        response = system.gateway.post(
            PATH, content=content, headers={"Content-Type": content_type}
        )
    assert_problem(response, status)


def test_unannounced_size_calls_nothing(system: System) -> None:
    chunk = bytes(64 * 1024)
    with system.nothing_called():
        response = system.gateway.post(
            PATH, content=(chunk for _ in range(TOO_MUCH // len(chunk) + 1)), headers=HEADERS
        )
    assert_problem(response, 413)
