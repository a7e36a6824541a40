"""`POST /api/text/extract`: a document on its way to the text service."""

from fastapi import APIRouter, Request, Response

from ai_runtime.contracts.text import DOCUMENT_TYPES, DocumentAnalysis
from ai_runtime.media_types import media_type_of
from ai_runtime.problems import problem_responses
from ai_runtime.uploads import upload_openapi
from api_gateway.backend import Backend


def router(service: Backend) -> APIRouter:
    router = APIRouter(prefix="/api/text", tags=["text"])

    @router.post(
        "/extract",
        summary="Read a document",
        response_model=DocumentAnalysis,
        responses=problem_responses(400, 413, 415, 422, 429, 500, 502, 503, 504),
        openapi_extra=upload_openapi(DOCUMENT_TYPES),
    )
    async def extract(request: Request) -> Response:
        return await service.forward("extract", request, media_type_of(request, DOCUMENT_TYPES))

    return router
