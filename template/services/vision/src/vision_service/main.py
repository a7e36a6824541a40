"""The vision service's app."""

from fastapi import APIRouter, FastAPI, Request
from pydantic import Field

from ai_runtime.app import create_app as create_runtime_app
from ai_runtime.clients.vision import VisionClient, VisionSettings
from ai_runtime.contracts.vision import IMAGE_TYPES, ImageAnalysis
from ai_runtime.internal import InternalSettings, internal_access
from ai_runtime.problems import problem_responses
from ai_runtime.uploads import MAX_UPLOAD_BYTES, Uploads, UploadSettings, upload_openapi


class VisionServiceSettings(VisionSettings, InternalSettings, UploadSettings):
    """Environment of the vision service."""

    max_body_bytes: int = MAX_UPLOAD_BYTES
    max_concurrent_uploads: int = Field(default=4, gt=0)
    """The SDK takes an image as a whole: about 40 MB of memory for the largest one."""


def _router(client: VisionClient, uploads: Uploads) -> APIRouter:
    router = APIRouter()

    @router.post(
        "/analyze",
        summary="Describe an image and read its text",
        responses=problem_responses(400, 413, 415, 422, 429, 500, 502, 503, 504),
        openapi_extra=upload_openapi(IMAGE_TYPES),
    )
    async def analyze(request: Request) -> ImageAnalysis:
        async with uploads.received(request, IMAGE_TYPES) as image:
            return await client.analyze(image.file.read())

    return router


def create_app(settings: VisionServiceSettings | None = None) -> FastAPI:
    settings = settings or VisionServiceSettings.load()
    client = VisionClient(settings)
    return create_runtime_app(
        settings,
        title="Vision service",
        access=internal_access(settings),
        description="Describes images with Azure AI Vision.",
        routers=[_router(client, Uploads(settings))],
        resources=[client],
        checks={"vision": client.check},
    )
