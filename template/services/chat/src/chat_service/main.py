"""The chat service's app."""

from collections.abc import AsyncGenerator
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI

from ai_runtime.app import create_app as create_runtime_app
from ai_runtime.clients.openai import OpenAIClient, OpenAISettings, TextDelta
from ai_runtime.contracts.chat import STREAM_RESPONSE, ChatRequest, json_only
from ai_runtime.internal import InternalSettings, internal_access
from ai_runtime.problems import problem_responses
from ai_runtime.settings import RequestTimeout
from ai_runtime.sse import EventStream, event
from chat_service.prompt import Prompt


class ChatSettings(OpenAISettings, InternalSettings):
    """Environment of the chat service."""

    prompt_path: Path = Path("prompts/chat/assistant.yaml")
    """Relative to the working directory: the repository locally, /app in the image."""
    request_timeout_seconds: RequestTimeout = 120


def _router(client: OpenAIClient, prompt: Prompt) -> APIRouter:
    router = APIRouter()

    async def answer(conversation: ChatRequest) -> AsyncGenerator[bytes, None]:
        pieces = client.stream(
            instructions=prompt.instructions,
            messages=conversation.messages,
            max_output_tokens=prompt.parameters.max_output_tokens,
            reasoning_effort=prompt.parameters.reasoning_effort,
        )
        try:
            async for piece in pieces:
                yield event("delta" if isinstance(piece, TextDelta) else "done", piece)
        finally:
            await pieces.aclose()

    @router.post(
        "/chat",
        summary="Answer a conversation",
        response_class=EventStream,
        dependencies=[Depends(json_only)],
        responses=STREAM_RESPONSE | problem_responses(400, 413, 415, 422, 429, 500, 502, 503, 504),
    )
    async def chat(conversation: ChatRequest) -> EventStream:
        return EventStream(answer(conversation))

    return router


def create_app(settings: ChatSettings | None = None) -> FastAPI:
    settings = settings or ChatSettings.load()
    client = OpenAIClient(settings)
    return create_runtime_app(
        settings,
        title="Chat service",
        access=internal_access(settings),
        description="Answers conversations with Azure OpenAI.",
        routers=[_router(client, Prompt.load(settings.prompt_path))],
        resources=[client],
        checks={"openai": client.check},
    )
