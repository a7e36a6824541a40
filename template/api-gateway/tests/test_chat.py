"""The chat operation: events pass through as they come, and always end with a last one."""

import json
import time
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse, Response

CONVERSATION = {"messages": [{"role": "user", "content": "Hello"}]}
FIRST, SECOND = (f'event: delta\ndata: {{"text":"{word}"}}\n\n'.encode() for word in ("a", "b"))
DONE = b'event: done\ndata: {"model":"m"}\n\n'


def problem_of(stream: bytes) -> dict[str, Any]:
    """Return the problem in the stream's last event."""
    last = stream.removesuffix(b"\n\n").rpartition(b"\n\n")[2]
    assert last.startswith(b"event: error\ndata: ")
    problem: dict[str, Any] = json.loads(last.removeprefix(b"event: error\ndata: "))
    return problem


def test_events_arrive_before_the_next_is_made(gateway: httpx2.Client, service: Any) -> None:
    service.answer = [FIRST, SECOND, DONE]
    with gateway.stream("POST", "/api/chat", json=CONVERSATION) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        chunks = response.iter_raw()
        assert next(chunks) == FIRST
        service.go_on.set()
        assert b"".join(chunks) == SECOND + DONE
    assert service.paths == ["/chat"]


def test_correlation_id_is_passed_on(gateway: httpx2.Client, service: Any) -> None:
    service.answer = [DONE]
    headers = {"X-Correlation-Id": "from-the-caller", "Authorization": "Bearer x", "Cookie": "a=b"}
    response = gateway.post("/api/chat", json=CONVERSATION, headers=headers)
    assert response.headers["X-Correlation-Id"] == "from-the-caller"
    assert service.headers["x-correlation-id"] == "from-the-caller"
    assert not {"authorization", "cookie", "origin"} & set(service.headers)


def test_split_events_are_put_together(gateway: httpx2.Client, service: Any) -> None:
    service.go_on.set()
    whole = FIRST + SECOND + DONE
    service.answer = [whole[i : i + 7] for i in range(0, len(whole), 7)]
    assert gateway.post("/api/chat", json=CONVERSATION).content == whole


def test_cut_stream_ends_with_an_error_event(gateway: httpx2.Client, service: Any) -> None:
    service.go_on.set()
    service.answer = [FIRST, b'event: delta\ndata: {"te', b""]
    response = gateway.post("/api/chat", json=CONVERSATION)
    assert response.content.startswith(FIRST + b"event: error\n")
    assert problem_of(response.content)["status"] == 502


def test_stream_without_an_end_gets_one(gateway: httpx2.Client, service: Any) -> None:
    service.answer = [FIRST]
    assert problem_of(gateway.post("/api/chat", json=CONVERSATION).content)["status"] == 502


def test_hanging_stream_ends_at_the_deadline(gateway: httpx2.Client, service: Any) -> None:
    service.answer = [FIRST, DONE]
    started = time.monotonic()
    response = gateway.post("/api/chat", json=CONVERSATION)
    assert time.monotonic() - started < 9
    assert problem_of(response.content)["status"] == 504
    assert service.left.wait(5)


def test_hanging_service_is_a_problem_at_the_deadline(gateway: httpx2.Client, service: Any) -> None:
    service.hang = True
    response = gateway.post("/api/chat", json=CONVERSATION)
    assert response.status_code == 504
    assert response.headers["Content-Type"] == "application/problem+json"
    assert service.left.wait(5)


def test_leaving_ends_the_call(gateway: httpx2.Client, service: Any) -> None:
    service.answer = [FIRST, DONE]
    with gateway.stream("POST", "/api/chat", json=CONVERSATION) as response:
        assert next(response.iter_raw()) == FIRST
    assert service.left.wait(5)


def test_problem_of_the_service_reaches_the_caller(gateway: httpx2.Client, service: Any) -> None:
    service.answer = Response(
        json.dumps(
            {
                "type": "urn:problem:upstream-throttled",
                "title": "Too Many Requests",
                "status": 429,
                "detail": "Busy.",
                "internal": "secret",
            }
        ),
        429,
        {"Retry-After": "7", "Server": "internal"},
        "application/problem+json",
    )
    response = gateway.post("/api/chat", json=CONVERSATION)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "7"
    problem = response.json()
    assert (problem["type"], problem["detail"]) == ("urn:problem:upstream-throttled", "Busy.")
    assert "secret" not in response.text


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"trace": "secret"}, 500),
        JSONResponse({"trace": "secret"}),
        Response("secret", 404),
        Response(status_code=302, headers={"Location": "http://127.0.0.1:9/"}),
        Response("secret", 502, media_type="application/problem+json"),
    ],
)
def test_anything_else_is_a_bad_gateway(
    gateway: httpx2.Client, service: Any, answer: Response
) -> None:
    service.answer = answer
    response = gateway.post("/api/chat", json=CONVERSATION)
    assert response.status_code == 502
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 422),
        (b"[]", 422),
        (b'{"messages":[]}', 422),
        (b'{"messages":[{"role":"user","content":"x"}],"more":1}', 422),
        (b'{"messages":[{"role":"system","content":"x"}]}', 422),
        (b'{"messages":[{"role":"assistant","content":"x"}]}', 422),
        (b'{"messages":[{"role":"user","content":""}]}', 422),
        (b'{"messages":[{"role":"user","content":"' + b"x" * 16_001 + b'"}]}', 422),
        (b'{"messages":[{"role":"user","content":"\xff"}]}', 400),
        (b" " * (1024 * 1024 + 1), 413),
    ],
)
def test_bad_body_never_reaches_the_service(
    gateway: httpx2.Client, service: Any, body: bytes, status: int
) -> None:
    response = gateway.post("/api/chat", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert service.paths == []


def test_unannounced_size_is_bounded_too(gateway: httpx2.Client, service: Any) -> None:
    response = gateway.post(
        "/api/chat",
        content=(b" " * 65_536 for _ in range(17)),
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 413
    assert service.paths == []


def test_only_json(gateway: httpx2.Client, service: Any) -> None:
    response = gateway.post(
        "/api/chat", content=json.dumps(CONVERSATION), headers={"Content-Type": "text/plain"}
    )
    assert response.status_code == 415
    assert service.paths == []


def test_values_are_not_repeated(gateway: httpx2.Client) -> None:
    response = gateway.post("/api/chat", json={"messages": [{"role": "user", "secret": "private"}]})
    assert response.status_code == 422
    pointers = {error["pointer"] for error in response.json()["errors"]}
    assert pointers == {"#/messages/0/content", "#/messages/0/secret"}
    assert "private" not in response.text
