"""The vision operation: an upload is passed on while it arrives, within its limits."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse

PATH = "/api/vision/analyze"
HEADERS = {"Content-Type": "image/png"}
LIMIT = 2 * 1024 * 1024
RESULT = {"caption": None, "tags": [], "text": ["Hello"]}


def test_result_passes_through(gateway: httpx2.Client, service: Any) -> None:
    service.answer = JSONResponse(RESULT)
    headers = HEADERS | {"X-Correlation-Id": "from-the-caller"}
    response = gateway.post(PATH, content=b"x" * 5000, headers=headers)
    assert (response.status_code, response.json()) == (200, RESULT)
    assert service.paths == ["/analyze"]
    assert service.received == 5000
    assert service.headers["content-type"] == "image/png"
    assert service.headers["content-length"] == "5000"
    assert service.headers["x-correlation-id"] == "from-the-caller"


def test_upload_streams(gateway: httpx2.Client, service: Any) -> None:
    service.answer = JSONResponse(RESULT)
    seen = []

    def chunks() -> Iterator[bytes]:
        yield b"x" * 20_000
        until = time.monotonic() + 5
        while not service.received and time.monotonic() < until:
            time.sleep(0.005)
        seen.append(service.received)
        yield b"x"

    response = gateway.post(PATH, content=chunks(), headers=HEADERS)
    assert response.status_code == 200
    assert seen == [20_000]
    assert service.received == 20_001


def test_announced_size_is_refused_at_once(gateway: httpx2.Client, service: Any) -> None:
    response = gateway.post(PATH, content=bytes(LIMIT + 1), headers=HEADERS)
    assert response.status_code == 413
    assert response.headers["Content-Type"] == "application/problem+json"
    assert service.paths == []


def test_size_is_bounded_while_it_arrives(gateway: httpx2.Client, service: Any) -> None:
    service.answer = JSONResponse(RESULT)
    chunks = (bytes(LIMIT // 8) for _ in range(9))
    response = gateway.post(PATH, content=chunks, headers=HEADERS)
    assert response.status_code == 413
    assert service.left.wait(5)


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/json", ""])
def test_other_types_are_refused(gateway: httpx2.Client, service: Any, content_type: str) -> None:
    response = gateway.post(PATH, content=b"x", headers={"Content-Type": content_type})
    assert response.status_code == 415
    assert response.headers["Content-Type"] == "application/problem+json"
    assert service.paths == []


def test_hanging_service_is_a_problem_at_the_deadline(gateway: httpx2.Client, service: Any) -> None:
    service.hang = True
    response = gateway.post(PATH, content=b"x", headers=HEADERS)
    assert response.status_code == 504
    assert service.left.wait(5)


def test_leaving_ends_the_call(gateway: httpx2.Client, service: Any) -> None:
    service.hang = True
    with pytest.raises(httpx2.ReadTimeout):
        gateway.post(PATH, content=b"x", headers=HEADERS, timeout=0.5)
    assert service.left.wait(2)


def test_failing_service_is_a_bad_gateway(gateway: httpx2.Client, service: Any) -> None:
    service.answer = JSONResponse({"trace": "secret"}, 500)
    response = gateway.post(PATH, content=b"x", headers=HEADERS)
    assert response.status_code == 502
    assert "secret" not in response.text
