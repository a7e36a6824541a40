"""Azure OpenAI: the Responses API on the v1 endpoint."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from ai_runtime.clients.base import ServiceClient
from ai_runtime.health import Status
from ai_runtime.identity import LocalCredential
from ai_runtime.resilience import Upstream, UpstreamError
from ai_runtime.settings import Endpoint, Settings
from ai_runtime.telemetry import unobserved

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.responses import (
        Response,
        ResponseInputParam,
        ResponseStreamEvent,
        ResponseTextConfigParam,
    )
    from openai.types.shared_params import Reasoning

SCOPE = "https://ai.azure.com/.default"

FinishReason = Literal["stop", "length", "content_filter"]
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high"]


class OpenAISettings(Settings):
    """What the client reads from the environment."""

    azure_openai_endpoint: Endpoint
    azure_openai_deployment: str
    azure_openai_timeout_seconds: float = 60
    """Longest wait for the first part of an answer, and between two parts."""


class ChatMessage(BaseModel):
    """One turn of a conversation."""

    role: Literal["user", "assistant"]
    content: str


class TextDelta(BaseModel):
    """A piece of the answer."""

    text: str


class Usage(BaseModel):
    """Tokens of one answer; cached ones are part of the input, reasoning ones of the output."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


class Completion(BaseModel):
    """The end of an answer."""

    usage: Usage
    model: str
    finish_reason: FinishReason


class Answer(BaseModel):
    """A whole answer, as JSON text of the schema that was asked for if its end is `stop`."""

    text: str
    completion: Completion


class OpenAIClient(ServiceClient[OpenAISettings, "AsyncOpenAI"]):
    """Asks one model deployment."""

    def __init__(self, settings: OpenAISettings) -> None:
        timeout = settings.azure_openai_timeout_seconds
        super().__init__(settings, Upstream("openai", timeout_seconds=timeout))

    async def check(self) -> Status:
        """Ask for the list of models, which costs nothing."""
        sdk = await self._loaded()
        try:
            with unobserved(), _translated():
                await sdk.models.list()
        except UpstreamError as error:
            return "degraded" if error.status == 429 else "unhealthy"
        return "healthy"

    async def stream(
        self,
        *,
        instructions: str,
        messages: Sequence[ChatMessage],
        max_output_tokens: int,
        reasoning_effort: ReasoningEffort | None = None,
    ) -> AsyncGenerator[TextDelta | Completion, None]:
        """Yield the answer piece by piece, then one `Completion`; raises `UpstreamError`.

        Until the first piece a call is retried where that helps; after it, never: the reader has
        seen part of the answer.
        """
        sdk = await self._loaded()
        turns: ResponseInputParam = [
            {"type": "message", "role": message.role, "content": message.content}
            for message in messages
        ]
        reasoning: Reasoning | None = {"effort": reasoning_effort} if reasoning_effort else None
        stream: AsyncStream[ResponseStreamEvent] | None = None
        begun = False

        async def begin() -> tuple[AsyncIterator[TextDelta | Completion], TextDelta | Completion]:
            nonlocal stream
            if stream is not None:
                await stream.close()
            with _translated():
                stream = await sdk.responses.create(
                    model=self._settings.azure_openai_deployment,
                    instructions=instructions,
                    input=turns,
                    max_output_tokens=max_output_tokens,
                    reasoning=reasoning,
                    store=False,
                    stream=True,
                )
            pieces = _pieces(stream)
            return pieces, await anext(pieces)

        try:
            pieces, piece = await self._upstream.call(begin)
            begun = True
            yield piece
            async for piece in pieces:
                yield piece
        except UpstreamError as error:
            if begun:
                self._upstream.failed(error)
            raise
        finally:
            if stream is not None:
                await stream.close()

    async def answer(
        self,
        *,
        instructions: str,
        content: str,
        schema: type[BaseModel],
        max_output_tokens: int,
        reasoning_effort: ReasoningEffort | None = None,
    ) -> Answer:
        """Return an answer in the JSON of `schema` (structured output); raises `UpstreamError`.

        `schema` forbids extra fields and has no defaults. Its answer is still to be validated: one
        that was cut at `max_output_tokens` is no JSON.
        """
        sdk = await self._loaded()
        output: ResponseTextConfigParam = {
            "format": {
                "type": "json_schema",
                "name": schema.__name__,
                "schema": schema.model_json_schema(),
                "strict": True,
            }
        }
        reasoning: Reasoning | None = {"effort": reasoning_effort} if reasoning_effort else None

        async def ask() -> Answer:
            with _translated():
                response = await sdk.responses.create(
                    model=self._settings.azure_openai_deployment,
                    instructions=instructions,
                    input=content,
                    text=output,
                    max_output_tokens=max_output_tokens,
                    reasoning=reasoning,
                    store=False,
                )
            if response.status == "failed":
                raise _failure(response.error.code if response.error else None)
            return Answer(text=_answer_text(response), completion=_completion(response))

        return await self._upstream.call(ask)

    def _connect(self, credential: "AsyncTokenCredential") -> "AsyncOpenAI":
        import httpx2
        from openai import AsyncOpenAI

        if self._settings.applicationinsights_connection_string:
            _instrument()
        return AsyncOpenAI(
            base_url=f"{self._settings.azure_openai_endpoint}openai/v1/",
            api_key=token_source(credential),
            # Retries are ours: they know the deadline of the request.
            max_retries=0,
            timeout=httpx2.Timeout(self._settings.azure_openai_timeout_seconds, connect=5),
        )


def token_source(credential: "AsyncTokenCredential") -> Callable[[], Awaitable[str]]:
    """Return what gives a token for each call: kept while it is valid, renewed in time."""
    from azure.core.exceptions import AzureError

    if isinstance(credential, LocalCredential):
        return credential.token
    from azure.identity.aio import get_bearer_token_provider

    provide = get_bearer_token_provider(credential, SCOPE)

    async def token() -> str:
        try:
            return await provide()
        except AzureError as error:
            raise UpstreamError("denied") from error

    return token


def _instrument() -> None:
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    # Spans and token counts; prompts and answers are not telemetry, whatever the default becomes.
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "no_content"
    OpenAIInstrumentor().instrument()


async def _pieces(
    stream: "AsyncStream[ResponseStreamEvent]",
) -> AsyncGenerator[TextDelta | Completion, None]:
    with _translated():
        async for event in stream:
            match event.type:
                # A refusal is an answer too: the model says why it does not help.
                case "response.output_text.delta" | "response.refusal.delta":
                    yield TextDelta(text=event.delta)
                case "response.completed" | "response.incomplete":
                    yield _completion(event.response)
                    return
                case "response.failed":
                    raise _failure(event.response.error.code if event.response.error else None)
                case "error":
                    raise _failure(event.code)
    # The connection was closed as if all were well, but the answer is not complete.
    raise UpstreamError("unavailable")


def _completion(response: "Response") -> Completion:
    reason = response.incomplete_details.reason if response.incomplete_details else None
    finish_reason: FinishReason = "stop"
    if response.status == "incomplete":
        finish_reason = "content_filter" if reason == "content_filter" else "length"
    usage = Usage()
    if response.usage is not None:
        usage = Usage(
            input_tokens=response.usage.input_tokens,
            cached_input_tokens=response.usage.input_tokens_details.cached_tokens,
            output_tokens=response.usage.output_tokens,
            reasoning_tokens=response.usage.output_tokens_details.reasoning_tokens,
        )
    return Completion(usage=usage, model=response.model, finish_reason=finish_reason)


def _answer_text(response: "Response") -> str:
    for item in response.output:
        for part in item.content if item.type == "message" else ():
            if part.type == "refusal":
                raise UpstreamError("refused", detail=_DECLINED)
    return response.output_text


_BLOCKED = "The content filter blocked this conversation."
_DECLINED = "The model declined to answer."
_TOO_LONG = "The conversation is longer than the model can read."


def _failure(code: str | None) -> UpstreamError:
    """Classify an error code that came inside a stream or with a status of 400."""
    match code:
        case "content_filter":
            return UpstreamError("refused", detail=_BLOCKED)
        case "context_length_exceeded" | "string_above_max_length":
            return UpstreamError("refused", detail=_TOO_LONG)
        case "rate_limit_exceeded" | "too_many_requests":
            return UpstreamError("throttled")
        case _:
            return UpstreamError("unavailable")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's exceptions into ours."""
    import openai

    try:
        yield
    except openai.APITimeoutError as error:
        raise UpstreamError("timeout") from error
    except openai.APIStatusError as error:
        if error.status_code == 400:
            refused = _failure(error.code)
            # Any other 400 is a mistake of this service, not of its caller.
            raise (refused if refused.status == 422 else UpstreamError("denied")) from error
        raise UpstreamError.from_status(error.status_code, error.response.headers) from error
    except openai.APIError as error:
        raise _failure(error.code) from error
    except ValueError as error:
        # A line of the stream that is not JSON: cut in the middle.
        raise UpstreamError("unavailable") from error
