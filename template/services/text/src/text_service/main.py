"""The text service's app."""

from fastapi import APIRouter, FastAPI, Request

from ai_runtime.app import create_app as create_runtime_app
from ai_runtime.clients.documents import DocumentsClient, DocumentsSettings
from ai_runtime.contracts.text import DOCUMENT_TYPES, OFFICE_TYPES, DocumentAnalysis
from ai_runtime.internal import InternalSettings, internal_access
from ai_runtime.problems import problem_responses
from ai_runtime.settings import RequestTimeout
from ai_runtime.uploads import MAX_UPLOAD_BYTES, Uploads, UploadSettings, upload_openapi


class TextServiceSettings(DocumentsSettings, InternalSettings, UploadSettings):
    """Environment of the text service."""

    max_body_bytes: int = MAX_UPLOAD_BYTES
    request_timeout_seconds: RequestTimeout = 120


def _router(client: DocumentsClient, uploads: Uploads) -> APIRouter:
    router = APIRouter()

    @router.post(
        "/extract",
        summary="Read a document",
        responses=problem_responses(400, 413, 415, 422, 429, 500, 502, 503, 504),
        openapi_extra=upload_openapi(DOCUMENT_TYPES),
    )
    async def extract(request: Request) -> DocumentAnalysis:
        async with uploads.received(request, DOCUMENT_TYPES) as document:
            return await client.analyze(
                document.path, key_value_pairs=document.media_type not in OFFICE_TYPES
            )

    return router


def create_app(settings: TextServiceSettings | None = None) -> FastAPI:
    settings = settings or TextServiceSettings.load()
    client = DocumentsClient(settings)
    return create_runtime_app(
        settings,
        title="Text service",
        access=internal_access(settings),
        description="Reads documents with Azure AI Document Intelligence.",
        routers=[_router(client, Uploads(settings))],
        resources=[client],
        checks={"document-intelligence": client.check},
    )
