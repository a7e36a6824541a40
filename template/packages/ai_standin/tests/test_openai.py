"""The official SDK talks to the stand-in's Responses API as to the real one."""

import time
from typing import Literal

import openai
import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from ai_standin.testing import UNUSED, StandIn


@pytest.fixture
def client(standin: StandIn) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{standin.url}/openai/v1/", api_key=UNUSED, max_retries=0, timeout=5
    )


def test_answer_repeats_the_last_message(client: openai.OpenAI) -> None:
    response = client.responses.create(
        model="gpt-5.4-mini",
        instructions="Be brief.",
        input=[
            {"role": "user", "content": "First"},
            {"role": "assistant", "content": "Yes?"},
            {"role": "user", "content": "Hello there"},
        ],
    )
    assert response.status == "completed"
    assert response.output_text.endswith("In turn 2 you wrote: Hello there")
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.usage.output_tokens > response.usage.output_tokens_details.reasoning_tokens


def test_stream_has_the_events_of_the_api_in_order(client: openai.OpenAI) -> None:
    with client.responses.stream(model="gpt-5.4-mini", input="Hello there") as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    assert [kind for kind in kinds if kind != "response.output_text.delta"] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == final.output_text
    assert len(deltas) > 5
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.usage is not None


def test_malformed_answer_is_not_the_schema(client: openai.OpenAI, standin: StandIn) -> None:
    class Line(BaseModel):
        text: str

    standin.fail("openai", "malformed")
    with pytest.raises(ValidationError):
        client.responses.parse(model="m", input="x", text_format=Line)


def test_structured_output_fills_the_schema(client: openai.OpenAI) -> None:
    class Line(BaseModel):
        model_config = ConfigDict(extra="forbid")

        kind: Literal["credit", "debit"]
        amount: float

    class Statement(BaseModel):
        model_config = ConfigDict(extra="forbid")

        title: str
        lines: list[Line]

    response = client.responses.parse(model="m", input="Read this", text_format=Statement)
    assert response.output_parsed == Statement(
        title="stand-in", lines=[Line(kind="credit", amount=0)]
    )
    # Cut at the limit it is no JSON any more.
    cut = client.responses.create(
        model="m",
        input="Read this",
        max_output_tokens=1,
        text={
            "format": {
                "type": "json_schema",
                "name": "statement",
                "schema": Statement.model_json_schema(),
            }
        },
    )
    assert cut.status == "incomplete"
    with pytest.raises(ValidationError):
        Statement.model_validate_json(cut.output_text)


def test_same_request_gets_the_same_answer(client: openai.OpenAI) -> None:
    answers = {client.responses.create(model="m", input="Again").output_text for _ in range(3)}
    assert len(answers) == 1


def test_long_conversation_counts_cached_tokens(client: openai.OpenAI) -> None:
    response = client.responses.create(model="m", instructions="x" * 8000, input="Hello")
    assert response.usage is not None
    assert response.usage.input_tokens_details.cached_tokens == 1920


def test_output_limit_makes_the_answer_incomplete(client: openai.OpenAI) -> None:
    response = client.responses.create(
        model="m", input="Hello", max_output_tokens=16, reasoning={"effort": "minimal"}
    )
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


def test_refuses_what_reasoning_models_refuse(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.responses.create(model="m", input="Hello", temperature=0.5)


def test_throttle_then_answer(standin: StandIn, client: openai.OpenAI) -> None:
    standin.fail("openai", "throttle", times=1)
    with pytest.raises(openai.RateLimitError) as caught:
        client.responses.create(model="m", input="Hello")
    assert caught.value.response.headers["Retry-After"] == "2"
    assert client.responses.create(model="m", input="Hello").output_text
    assert standin.control.calls["openai.responses"] == 2


def test_cut_breaks_the_stream_after_some_words(standin: StandIn, client: openai.OpenAI) -> None:
    standin.fail("openai", "cut")
    kinds: list[str] = []
    with client.responses.create(model="m", input="Hello", stream=True) as stream:
        try:
            for event in stream:
                kinds.append(event.type)
        except openai.APIConnectionError as error:
            kinds.append(type(error).__name__)
    assert kinds[4:] == ["response.output_text.delta"] * 2 + ["APIConnectionError"]
    assert standin.control.aborted["openai.responses"] == 0


def test_leaving_a_stream_counts_as_aborted(standin: StandIn, client: openai.OpenAI) -> None:
    standin.fail("openai", "slow", after_events=6)
    with client.responses.create(model="m", input="Hello", stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break
    until = time.monotonic() + 5
    while not standin.control.aborted["openai.responses"] and time.monotonic() < until:
        time.sleep(0.01)
    assert standin.control.aborted["openai.responses"] == 1


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["stand-in"]
