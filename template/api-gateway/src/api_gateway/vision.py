"""`POST /api/vision/analyze`: an image on its way to the vision service."""

from fastapi import APIRouter, Request, Response

from ai_runtime.contracts.vision import IMAGE_TYPES, ImageAnalysis
from ai_runtime.media_types import media_type_of
from ai_runtime.problems import problem_responses
from ai_runtime.uploads import upload_openapi
from api_gateway.backend import Backend


def router(service: Backend) -> APIRouter:
    router = APIRouter(prefix="/api/vision", tags=["vision"])

    @router.post(
        "/analyze",
        summary="Describe an image and read its text",
        response_model=ImageAnalysis,
        responses=problem_responses(400, 413, 415, 422, 429, 500, 502, 503, 504),
        openapi_extra=upload_openapi(IMAGE_TYPES),
    )
    async def analyze(request: Request) -> Response:
        return await service.forward("analyze", request, media_type_of(request, IMAGE_TYPES))

    return router
