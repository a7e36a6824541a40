"""Endings of a stream that the stand-in does not have, as the API sends them."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ai_runtime.clients.openai import (
    ChatMessage,
    Completion,
    OpenAIClient,
    OpenAISettings,
    TextDelta,
)
from ai_runtime.resilience import UpstreamError
from ai_standin.testing import serving

AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "sequence_number": 1}
WORD = {"type": "response.output_text.delta", "delta": "Well", "logprobs": [], **AT}
REFUSAL = {"type": "response.refusal.delta", "delta": "I will not.", **AT}


def ending(kind: str, **fields: Any) -> dict[str, Any]:
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "status": kind,
        "model": "gpt-5.4-mini",
        "output": [],
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
    }
    return {"type": f"response.{kind}", "response": response | fields, "sequence_number": 2}


Answer = Callable[[], Response]


def streamed(*events: dict[str, Any] | str) -> Answer:
    async def body() -> AsyncIterator[str]:
        for event in events:
            data = event if isinstance(event, str) else json.dumps(event)
            yield f"data: {data}\n\n"

    return lambda: StreamingResponse(body(), media_type="text/event-stream")


def refused(status: int, code: str) -> Answer:
    error = {"code": code, "message": "details of the deployment", "type": "x", "param": None}
    return lambda: JSONResponse({"error": error}, status)


async def ask(answer: Answer) -> list[TextDelta | Completion | UpstreamError]:
    received: list[Any] = []

    async def respond(request: Request) -> Response:
        received.append(await request.json())
        return answer()

    routes = [Route("/openai/v1/responses", respond, methods=["POST"])]
    pieces: list[TextDelta | Completion | UpstreamError] = []
    with serving(Starlette(routes=routes)) as url:
        settings = OpenAISettings.model_validate(
            {"azure_openai_endpoint": url, "azure_openai_deployment": "gpt-5.4-mini"}
        )
        client = OpenAIClient(settings)
        try:
            async for piece in client.stream(
                instructions="Be brief.",
                messages=[ChatMessage(role="user", content="Hello")],
                max_output_tokens=100,
                reasoning_effort="low",
            ):
                pieces.append(piece)
        except UpstreamError as error:
            pieces.append(error)
        finally:
            await client.close()
    assert received[0]["store"] is False
    assert "temperature" not in received[0]
    return pieces


@pytest.mark.parametrize(
    ("last", "finish_reason"),
    [
        (ending("completed"), "stop"),
        (ending("incomplete", incomplete_details={"reason": "max_output_tokens"}), "length"),
        (ending("incomplete", incomplete_details={"reason": "content_filter"}), "content_filter"),
    ],
)
async def test_finish_reasons(last: dict[str, Any], finish_reason: str) -> None:
    *_, completion = await ask(streamed(WORD, last))
    assert isinstance(completion, Completion)
    assert completion.finish_reason == finish_reason
    assert completion.usage.output_tokens == 0


async def test_refusal_is_an_answer() -> None:
    first, last = await ask(streamed(REFUSAL, ending("completed")))
    assert first == TextDelta(text="I will not.")
    assert isinstance(last, Completion)


async def test_answer_without_a_word() -> None:
    (only,) = await ask(streamed(ending("completed")))
    assert isinstance(only, Completion)


ERROR = {"type": "error", "message": "details", "param": None, "sequence_number": 3}


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((WORD,), 502),
        ((WORD, '{"type": "respon'), 502),
        ((WORD, ending("failed", error={"code": "server_error", "message": "details"})), 502),
        ((WORD, ending("failed", error={"code": "rate_limit_exceeded", "message": "x"})), 429),
        ((WORD, ERROR | {"code": "server_error"}), 502),
        ((WORD, ERROR | {"code": "content_filter"}), 422),
    ],
)
async def test_failures_inside_a_stream(
    events: tuple[dict[str, Any] | str, ...], status: int
) -> None:
    first, last = await ask(streamed(*events))
    assert first == TextDelta(text="Well")
    assert isinstance(last, UpstreamError)
    assert last.status == status
    assert "details" not in last.detail


@pytest.mark.parametrize(
    ("status", "code", "answered"),
    [
        (400, "content_filter", 422),
        (400, "context_length_exceeded", 422),
        (400, "unsupported_parameter", 502),
        (401, "invalid_token", 502),
        (404, "DeploymentNotFound", 502),
    ],
)
async def test_refusals_of_the_call(status: int, code: str, answered: int) -> None:
    (error,) = await ask(refused(status, code))
    assert isinstance(error, UpstreamError)
    assert error.status == answered
    assert "details" not in error.detail
