"""The chat service and the real SDK against the stand-in."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from ai_standin.testing import StandIn, serving
from chat_service.main import ChatSettings, create_app

QUESTION = {"messages": [{"role": "user", "content": "Hello there"}]}
# Less than the 60 s for which a slow stand-in holds an answer, and time enough on a busy machine.
SOON = 20


def settings(standin: StandIn, **changes: Any) -> ChatSettings:
    values: dict[str, Any] = {
        "azure_openai_endpoint": standin.url,
        "azure_openai_deployment": "gpt-5.4-mini",
        "azure_openai_timeout_seconds": SOON,
    }
    return ChatSettings.model_validate(values | changes)


def ready(client: httpx2.Client) -> httpx2.Client:
    while client.get("/health/ready").status_code != 200:
        time.sleep(0.01)
    return client


@pytest.fixture
def client(standin: StandIn) -> Iterator[httpx2.Client]:
    with TestClient(create_app(settings(standin))) as client:
        yield ready(client)


@pytest.fixture
def impatient(standin: StandIn) -> Iterator[httpx2.Client]:
    """A service that waits for no more than a second for the next event of the model."""
    with TestClient(create_app(settings(standin, azure_openai_timeout_seconds=1))) as client:
        yield ready(client)


@pytest.fixture
def remote(standin: StandIn) -> Iterator[httpx2.Client]:
    """A client with a real connection, which the other one has not."""
    with serving(create_app(settings(standin))) as url, httpx2.Client(base_url=url) as client:
        yield ready(client)


def events(response: httpx2.Response) -> list[tuple[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    parsed = []
    for block in response.text.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        parsed.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return parsed


def test_answer_streams_and_ends_with_its_usage(client: httpx2.Client) -> None:
    *deltas, (last, done) = events(client.post("/chat", json=QUESTION))
    assert {name for name, _ in deltas} == {"delta"}
    assert "".join(data["text"] for _, data in deltas).endswith("you wrote: Hello there")
    assert last == "done"
    assert done["finish_reason"] == "stop"
    assert done["model"] == "gpt-5.4-mini"
    assert set(done["usage"]) == {
        "input_tokens",
        "cached_input_tokens",
        "output_tokens",
        "reasoning_tokens",
    }
    # The prompt is sent too, so the input is longer than the question.
    assert done["usage"]["input_tokens"] > 100


def test_whole_conversation_is_sent(client: httpx2.Client) -> None:
    conversation = {
        "messages": [
            {"role": "user", "content": "One"},
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": "Two"},
        ]
    }
    answered = events(client.post("/chat", json=conversation))
    assert "In turn 2 you wrote: Two" in "".join(data.get("text", "") for _, data in answered)


def test_first_event_comes_before_the_last_is_made(remote: httpx2.Client) -> None:
    long = {"messages": [{"role": "user", "content": "word " * 140}]}
    arrived = []
    with remote.stream("POST", "/chat", json=long) as response:
        for _ in response.iter_raw():
            arrived.append(time.monotonic())
    assert len(arrived) > 20
    assert arrived[-1] - arrived[0] > 0.1


USER = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"messages": [' + b"[" * 10_000, 400),
        (b"\xff", 400),
        (json.dumps({"messages": []}), 422),
        (json.dumps({"messages": [USER], "temperature": 1}), 422),
        (json.dumps({"messages": [USER | {"name": "x"}]}), 422),
        (json.dumps({"messages": [{"role": "system", "content": "x"}]}), 422),
        (json.dumps({"messages": [{"role": "user", "content": ""}]}), 422),
        (json.dumps({"messages": [{"role": "user", "content": 1}]}), 422),
        (json.dumps({"messages": [{"role": "user", "content": "\ud800"}]}), 422),
        (json.dumps({"messages": [{"role": "user", "content": "x" * 16_001}]}), 422),
        (json.dumps({"messages": [USER, {"role": "assistant", "content": "x"}]}), 422),
        (json.dumps({"messages": [USER] * 51}), 422),
        (json.dumps({"messages": [USER | {"content": "x" * 16_000}] * 7}), 422),
        (json.dumps({"messages": [USER | {"content": "x" * 2_000_000}]}), 413),
    ],
)
def test_bad_body_is_refused_without_an_upstream_call(
    client: httpx2.Client, standin: StandIn, body: bytes | str, status: int
) -> None:
    response = client.post("/chat", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert standin.control.calls["openai.responses"] == 0


def test_other_content_types_are_refused(client: httpx2.Client, standin: StandIn) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        response = client.post(
            "/chat", content=json.dumps(QUESTION), headers={"Content-Type": content_type}
        )
        assert response.status_code == 415
    assert standin.control.calls["openai.responses"] == 0


@pytest.mark.parametrize(
    ("mode", "options", "status", "calls"),
    [
        ("throttle", {"retry_after": 300}, 429, 1),
        ("error", {}, 502, 3),
        ("cut", {"after_events": 1}, 502, 3),
        ("slow", {}, 504, 1),
        ("slow", {"after_events": 2}, 504, 1),
    ],
)
def test_failure_before_the_first_word_is_a_status(
    impatient: httpx2.Client,
    standin: StandIn,
    mode: str,
    options: dict[str, float],
    status: int,
    calls: int,
) -> None:
    standin.fail("openai", mode, **options)
    started = time.monotonic()
    response = impatient.post("/chat", json=QUESTION)
    assert time.monotonic() - started < SOON
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert "127.0.0.1" not in response.text
    assert standin.control.calls["openai.responses"] == calls
    assert response.headers.get("retry-after") == ("300" if mode == "throttle" else None)


@pytest.mark.parametrize(("mode", "status"), [("cut", 502), ("slow", 504)])
def test_failure_after_the_first_word_is_an_event(
    impatient: httpx2.Client, standin: StandIn, mode: str, status: int
) -> None:
    standin.fail("openai", mode, after_events=8)
    response = impatient.post("/chat", json=QUESTION)
    *deltas, (last, problem) = events(response)
    assert {name for name, _ in deltas} == {"delta"}
    assert last == "error"
    assert problem["status"] == status
    assert problem["correlation_id"] == response.headers["x-correlation-id"]
    assert standin.control.calls["openai.responses"] == 1


def test_deadline_ends_a_stream(standin: StandIn) -> None:
    with TestClient(create_app(settings(standin, request_timeout_seconds=1.5))) as client:
        ready(client)
        standin.fail("openai", "slow", after_events=8)
        started = time.monotonic()
        last, problem = events(client.post("/chat", json=QUESTION))[-1]
    assert (last, problem["status"]) == ("error", 504)
    assert time.monotonic() - started < SOON


def test_one_failure_is_not_noticed(client: httpx2.Client, standin: StandIn) -> None:
    standin.fail("openai", "error", times=1)
    assert events(client.post("/chat", json=QUESTION))[-1][0] == "done"
    assert standin.control.calls["openai.responses"] == 2


def test_circuit_opens(client: httpx2.Client, standin: StandIn) -> None:
    standin.fail("openai", "error")
    statuses = [client.post("/chat", json=QUESTION).status_code for _ in range(3)]
    assert statuses == [502, 502, 503]
    assert standin.control.calls["openai.responses"] == 5
    refused = client.post("/chat", json=QUESTION)
    assert 0 < int(refused.headers["retry-after"]) <= 15


def test_client_that_leaves_cancels_the_upstream_call(
    remote: httpx2.Client, standin: StandIn
) -> None:
    long = {"messages": [{"role": "user", "content": "word " * 140}]}
    with remote.stream("POST", "/chat", json=long) as response:
        next(response.iter_raw())
    until = time.monotonic() + SOON
    while not standin.control.aborted["openai.responses"] and time.monotonic() < until:
        time.sleep(0.005)
    assert standin.control.aborted["openai.responses"] == 1


def test_answer_cut_at_its_limit(standin: StandIn, tmp_path: Path) -> None:
    source = settings(standin).prompt_path.read_text(encoding="utf-8")
    path = tmp_path / "short.yaml"
    path.write_text(source.replace("max_output_tokens: 2048", "max_output_tokens: 70"))
    with TestClient(create_app(settings(standin, prompt_path=path))) as client:
        answered = events(client.post("/chat", json=QUESTION))
    assert answered[-1][1]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("mode", "state", "status"),
    [(None, "healthy", 200), ("throttle", "degraded", 200), ("error", "unhealthy", 503)],
)
def test_health(
    client: httpx2.Client, standin: StandIn, mode: str | None, state: str, status: int
) -> None:
    if mode is not None:
        standin.fail("openai", mode)
    for _ in range(3):
        response = client.get("/health")
        assert response.status_code == status
        assert response.json()["dependencies"]["openai"]["status"] == state
    assert "127.0.0.1" not in response.text
    assert standin.control.calls["openai.models"] == 1
    assert client.get("/health/ready").status_code == 200


def test_openapi(standin: StandIn) -> None:
    with TestClient(create_app(settings(standin))) as client:
        operation = client.get("/openapi.json").json()["paths"]["/chat"]["post"]
    assert list(operation["responses"]["200"]["content"]) == ["text/event-stream"]
    assert {"400", "413", "415", "422", "429", "502", "503", "504"} <= set(operation["responses"])
    assert operation["requestBody"]["content"]["application/json"]
