"""Chat, end to end: gateway, chat service, official SDK, stand-in."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from harness import System, assert_problem, assert_tells_nothing

CONVERSATION = {"messages": [{"role": "user", "content": "Tell me about tides"}]}
# Of the stand-in's events, the first four come before the text.
TWO_WORDS = 6


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def ask(system: System) -> tuple[httpx2.Response, list[tuple[str, dict[str, Any]]]]:
    response = system.gateway.post("/api/chat", json=CONVERSATION)
    return response, list(events_of(iter(response.text.splitlines())))


@pytest.fixture(autouse=True)
def working(system: System) -> Iterator[None]:
    """Leave a service behind that works and knows it."""
    yield
    system.heal()
    assert ask(system)[1][-1][0] == "done"


def test_answer_ends_with_its_usage(system: System) -> None:
    response, events = ask(system)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    *deltas, (last, done) = events
    assert {name for name, _ in deltas} == {"delta"}
    assert "".join(data["text"] for _, data in deltas).endswith("you wrote: Tell me about tides")
    assert last == "done"
    assert set(done) == {"usage", "model", "finish_reason"}
    assert done["finish_reason"] == "stop"
    assert set(done["usage"]) == {
        "input_tokens",
        "cached_input_tokens",
        "output_tokens",
        "reasoning_tokens",
    }
    assert done["usage"]["output_tokens"] > done["usage"]["reasoning_tokens"]


def test_first_words_arrive_before_the_last_are_made(system: System) -> None:
    with (
        system.failing("openai", "slow", after_events=TWO_WORDS),
        system.gateway.stream("POST", "/api/chat", json=CONVERSATION) as response,
    ):
        events = events_of(response.iter_lines())
        # The stand-in holds its third word until it is healed, which comes after this.
        assert [next(events)[0] for _ in range(2)] == ["delta", "delta"]
        system.heal()
        assert [name for name, _ in events][-1] == "done"


def test_throttling_reaches_the_caller(system: System) -> None:
    with system.failing("openai", "throttle", retry_after=7):
        response, _ = ask(system)
    assert_problem(response, 429)
    assert response.headers["Retry-After"] == "7"


def test_short_throttling_is_sat_out(system: System) -> None:
    before = system.calls()["openai.responses"]
    with system.failing("openai", "throttle", times=1, retry_after=0):
        response, events = ask(system)
    assert response.status_code == 200
    assert events[-1][0] == "done"
    assert system.calls()["openai.responses"] == before + 2


def test_failing_model_is_a_bad_gateway(system: System) -> None:
    with system.failing("openai", "error"):
        response, _ = ask(system)
    assert_problem(response, 502)


def test_hanging_model_times_out(system: System) -> None:
    started = time.monotonic()
    with system.failing("openai", "slow"):
        response, _ = ask(system)
    assert_problem(response, 504)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(("mode", "status"), [("cut", 502), ("slow", 504)])
def test_broken_stream_ends_with_an_error_event(system: System, mode: str, status: int) -> None:
    with system.failing("openai", mode, after_events=TWO_WORDS):
        response, events = ask(system)
    assert response.status_code == 200
    assert [name for name, _ in events] == ["delta", "delta", "error"]
    assert events[-1][1]["status"] == status
    assert events[-1][1]["correlation_id"] == response.headers["X-Correlation-Id"]
    assert_tells_nothing(response.text)


def test_leaving_ends_the_call_of_the_model(system: System) -> None:
    before = system.aborted()["openai.responses"]
    with system.failing("openai", "slow", after_events=TWO_WORDS):
        with system.gateway.stream("POST", "/api/chat", json=CONVERSATION) as response:
            assert next(response.iter_lines()) == "event: delta"
        until = time.monotonic() + 0.8
        while system.aborted()["openai.responses"] == before and time.monotonic() < until:
            time.sleep(0.02)
        assert system.aborted()["openai.responses"] == before + 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[1]", 422),
        (json.dumps({"messages": []}), 422),
        (json.dumps(CONVERSATION | {"temperature": 1}), 422),
        (json.dumps({"messages": [{"role": "system", "content": "x"}]}), 422),
        (json.dumps({"messages": [{"role": "user", "content": "x" * 16_001}]}), 422),
        (json.dumps({"messages": [{"role": "user", "content": "x" * 9000}] * 20}), 422),
        (json.dumps({"messages": [{"role": "user", "content": "x"}] * 51}), 422),
        ('{"messages": "' + "x" * (1024 * 1024) + '"}', 413),
    ],
)
def test_bad_request_calls_nothing(system: System, body: str, status: int) -> None:
    with system.nothing_called():
        response = system.gateway.post(
            "/api/chat", content=body, headers={"Content-Type": "application/json"}
        )
    problem = assert_problem(response, status)
    if status == 422:
        assert problem["errors"][0]["pointer"].startswith("#")


def test_other_content_types_call_nothing(system: System) -> None:
    with system.nothing_called():
        response = system.gateway.post(
            "/api/chat", content=json.dumps(CONVERSATION), headers={"Content-Type": "text/plain"}
        )
    assert_problem(response, 415)
