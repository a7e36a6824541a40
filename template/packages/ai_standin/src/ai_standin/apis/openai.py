"""Azure OpenAI, v1: the Responses API and the list of models.

The answer repeats the last message, word by word, or fills the JSON schema that was asked for; the
same request always gets the same answer.
"""

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from ai_standin.service import Operation, Service, json_object

ECHOED_WORDS = 150
# The API caches from this many tokens on, in steps of this size.
CACHE_MINIMUM, CACHE_STEP = 1024, 128


def _error(status: int, code: str, message: str, param: str | None = None) -> JSONResponse:
    kind = {400: "invalid_request_error", 429: "too_many_requests"}.get(status, "server_error")
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status)


def _tokens(text: str) -> int:
    """Estimate the tokens of `text`: about four characters each."""
    return -(-len(text) // 4)


def _messages(value: object) -> list[tuple[str, str]]:
    """Return role and text of each message of the request's `input`."""
    if isinstance(value, str):
        return [("user", value)]
    messages = []
    for item in value if isinstance(value, list) else []:
        content = json_object(item).get("content")
        parts = [content] if isinstance(content, str) else content
        texts = [
            part if isinstance(part, str) else str(json_object(part).get("text", ""))
            for part in (parts if isinstance(parts, list) else [])
        ]
        messages.append((str(json_object(item).get("role", "")), "".join(texts)))
    return messages


def _answer(messages: list[tuple[str, str]]) -> list[str]:
    """Return the words of the answer, each with the white space that follows it."""
    turn = sum(role == "user" for role, _ in messages)
    words = re.findall(r"\S+\s*", messages[-1][1])
    if len(words) > ECHOED_WORDS:
        words = [*words[:ECHOED_WORDS], "…"]
    opening = f"This is the stand-in for the chat model. In turn {turn} you wrote: "
    return re.findall(r"\S+\s*", opening) + words


def _fill(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Return a value of `schema`: its first choice, one item in a list, a phrase for a string."""
    if reference := schema.get("$ref"):
        return _fill(definitions[reference.rpartition("/")[2]], definitions)
    if "const" in schema or "enum" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: _fill(field, definitions) for name, field in fields.items()}
        case "array":
            return [_fill(schema["items"], definitions)]
        case "string":
            return "stand-in"
        case "integer" | "number":
            return 0
        case "boolean":
            return False
        case _:
            return None


def _structured(body: dict[str, Any]) -> list[str] | None:
    """Return the words of the JSON that a request for structured output gets; none for others."""
    wanted = json_object(json_object(body.get("text")).get("format"))
    if wanted.get("type") != "json_schema":
        return None
    schema = json_object(wanted.get("schema"))
    answer = json.dumps(_fill(schema, json_object(schema.get("$defs"))))
    return re.findall(r"\S+\s*", answer)


class _Answering:
    """One answer in the making: its response object and its events."""

    def __init__(self, body: dict[str, Any], messages: list[tuple[str, str]]) -> None:
        self.words = _structured(body) or _answer(messages)
        reasoning = json_object(body.get("reasoning"))
        self._reasoning = 0 if reasoning.get("effort") in ("none", "minimal") else 64
        limit = body.get("max_output_tokens")
        self.cut_short = False
        while isinstance(limit, int) and len(self.words) > 1 and self._output() > limit:
            self.words.pop()
            self.cut_short = True
        self.item_id = f"msg_{uuid.uuid4().hex}"
        self._input = _tokens(str(body.get("instructions") or ""))
        self._input += sum(_tokens(text) + 4 for _, text in messages)
        seen = self._input - _tokens(messages[-1][1])
        self._cached = seen // CACHE_STEP * CACHE_STEP if seen >= CACHE_MINIMUM else 0
        self._response: dict[str, Any] = {
            "id": f"resp_{uuid.uuid4().hex}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "max_output_tokens": limit,
            "metadata": body.get("metadata") or {},
            "model": body["model"],
            "output": [],
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": reasoning.get("effort", "medium"), "summary": None},
            "store": body.get("store", True),
            "temperature": 1.0,
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": None,
            "user": None,
        }

    def _output(self) -> int:
        return self._reasoning + sum(_tokens(word) for word in self.words)

    def _part(self, text: str) -> dict[str, Any]:
        return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.item_id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    @property
    def status(self) -> str:
        return "incomplete" if self.cut_short else "completed"

    def finished(self) -> dict[str, Any]:
        """Return the response object as it is at the end."""
        details = {"reason": "max_output_tokens"} if self.cut_short else None
        return self._response | {
            "status": self.status,
            "incomplete_details": details,
            "output": [self._item(self.status, [self._part("".join(self.words))])],
            "usage": {
                "input_tokens": self._input,
                "input_tokens_details": {"cached_tokens": self._cached, "cache_write_tokens": 0},
                "output_tokens": self._output(),
                "output_tokens_details": {"reasoning_tokens": self._reasoning},
                "total_tokens": self._input + self._output(),
            },
        }

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the events of the stream in the API's order."""
        text = "".join(self.words)
        at_item = {"output_index": 0}
        at_part = {"item_id": self.item_id, "output_index": 0, "content_index": 0}
        added = self._item("in_progress", [])
        done = self._item(self.status, [self._part(text)])
        yield {"type": "response.created", "response": self._response}
        yield {"type": "response.in_progress", "response": self._response}
        yield {"type": "response.output_item.added", **at_item, "item": added}
        yield {"type": "response.content_part.added", **at_part, "part": self._part("")}
        for word in self.words:
            yield {"type": "response.output_text.delta", **at_part, "delta": word, "logprobs": []}
        yield {"type": "response.output_text.done", **at_part, "text": text, "logprobs": []}
        yield {"type": "response.content_part.done", **at_part, "part": self._part(text)}
        yield {"type": "response.output_item.done", **at_item, "item": done}
        yield {"type": f"response.{self.status}", "response": self.finished()}


async def _stream(answering: _Answering, delay: float) -> AsyncIterator[bytes]:
    for number, event in enumerate(answering.events()):
        if event["type"] == "response.output_text.delta":
            await asyncio.sleep(delay)
        data = json.dumps(event | {"sequence_number": number}, ensure_ascii=False)
        yield f"event: {event['type']}\ndata: {data}\n\n".encode()


async def _responses(request: Request, *, malformed: bool = False) -> Response:
    try:
        body = json_object(await request.json())
    except ValueError:
        return _error(400, "invalid_json", "The body is not JSON.")
    messages = _messages(body.get("input"))
    if not body.get("model") or not messages:
        return _error(400, "missing_required_parameter", "`model` and `input` are required.")
    for name in ("temperature", "top_p"):
        # The reasoning models that the API serves refuse these.
        if name in body:
            return _error(400, "unsupported_parameter", f"Unsupported parameter: '{name}'.", name)
    answering = _Answering(body, messages)
    if malformed:
        answering.words = ["{}"]
    delay: float = request.app.state.delay
    if body.get("stream"):
        return StreamingResponse(
            _stream(answering, delay), headers={"Content-Type": "text/event-stream"}
        )
    await asyncio.sleep(delay * len(answering.words))
    return JSONResponse(answering.finished())


async def _models(_: Request) -> Response:
    model = {"id": "stand-in", "object": "model", "created": 1767225600, "owned_by": "system"}
    return JSONResponse({"object": "list", "data": [model]})


SERVICE = Service(
    name="openai",
    operations=(
        Operation(
            "responses",
            "POST",
            "/openai/v1/responses",
            _responses,
            malformed=partial(_responses, malformed=True),
        ),
        Operation("models", "GET", "/openai/v1/models", _models),
    ),
    error=_error,
)
