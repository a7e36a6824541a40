"""`POST /api/chat`: the chat service's events, passed through as they arrive."""

from fastapi import APIRouter, Depends

from ai_runtime.contracts.chat import STREAM_RESPONSE, ChatRequest, json_only
from ai_runtime.problems import problem_responses
from ai_runtime.sse import EventStream
from api_gateway.backend import Backend

BODY_LIMITS = {"/api/chat": 1024 * 1024}


def router(service: Backend) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["chat"])

    @router.post(
        "/chat",
        summary="Answer a conversation",
        response_class=EventStream,
        dependencies=[Depends(json_only)],
        responses=STREAM_RESPONSE | problem_responses(400, 413, 415, 422, 429, 500, 502, 503, 504),
    )
    async def chat(conversation: ChatRequest) -> EventStream:
        return EventStream(service.events("chat", conversation.model_dump_json().encode()))

    return router
