"""The HTTP API: documents in, their state out, and what operators do with rejected ones."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from pydantic import BaseModel

from ai_runtime.app import create_app as create_runtime_app
from ai_runtime.contracts.text import DOCUMENT_TYPES
from ai_runtime.problems import Problem, problem_responses
from ai_runtime.tokens import APPLICATION_ROLE, OPERATOR_ROLE, USER_SCOPE, TokenValidator
from ai_runtime.uploads import upload_openapi, uploaded_file
from document_pipeline.composition import Pipeline
from document_pipeline.intake import FileName
from document_pipeline.model import MAX_DOCUMENT_BYTES, DocumentRecord, RejectedDocument
from document_pipeline.ports import NotFoundError, Source
from document_pipeline.settings import PipelineSettings

ROOT_PATH = "/api"

DocumentId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Number = Annotated[int, Path(ge=0, le=2**63 - 1, description="Sequence number in its queue.")]


class Accepted(BaseModel):
    """A document that will be processed."""

    id: str
    status_url: str
    """Path on this host."""


class RejectedPage(BaseModel):
    """Some rejected documents, lowest number first."""

    documents: list[RejectedDocument]
    next_after: int | None
    """`after` of the next page; null when this is the last one."""


class Access:
    """Who may call what. Without an app registration only a local run is open."""

    def __init__(self, settings: PipelineSettings) -> None:
        self._settings = settings
        self._validator = TokenValidator(settings) if settings.authenticates else None

    async def user(self, request: Request) -> None:
        """Admit people with the API's scope and applications with its role."""
        if self._settings.user_authentication == "none":
            return
        await self._admit(request, scope=USER_SCOPE, role=APPLICATION_ROLE)

    async def operator(self, request: Request) -> None:
        """Admit people and applications with the operators' role."""
        await self._admit(request, scope=None, role=OPERATOR_ROLE)

    async def _admit(self, request: Request, *, scope: str | None, role: str) -> None:
        if self._validator is None:
            if self._settings.is_local:
                return
            raise Problem(403, "Nobody may call this: no app registration is configured.")
        caller = await self._validator.validate(request.headers.get("Authorization"))
        if role not in caller.roles and scope not in caller.scopes:
            raise Problem(403, "The token does not allow this call.", kind="forbidden")


def _documents(pipeline: Pipeline, access: Access) -> APIRouter:
    router = APIRouter(prefix="/documents", tags=["documents"], dependencies=[Depends(access.user)])

    @router.post(
        "",
        status_code=202,
        summary="Send a document",
        responses=problem_responses(400, 401, 403, 413, 415, 422, 500, 503, 504),
        openapi_extra=upload_openapi(DOCUMENT_TYPES, MAX_DOCUMENT_BYTES),
    )
    async def send(
        request: Request, response: Response, name: Annotated[FileName, Query()]
    ) -> Accepted:
        parts = await pipeline.parts()
        async with uploaded_file(request, DOCUMENT_TYPES) as upload:
            record = await parts.intake.accept(name, upload.file, upload.media_type)
        url = f"{ROOT_PATH}/documents/{record.id}"
        response.headers["Location"] = url
        return Accepted(id=record.id, status_url=url)

    @router.get(
        "/{document_id}",
        summary="State of a document",
        responses=problem_responses(401, 403, 404, 422, 500, 503, 504),
    )
    async def state(document_id: DocumentId) -> DocumentRecord:
        stored = await (await pipeline.table()).get(document_id)
        if stored is None:
            raise Problem(404, "No document has this id.")
        return stored.record

    return router


def _rejected(pipeline: Pipeline, access: Access) -> APIRouter:
    router = APIRouter(
        prefix="/rejected", tags=["rejected"], dependencies=[Depends(access.operator)]
    )
    responses = problem_responses(401, 403, 404, 422, 500, 503, 504)

    @router.get("", summary="List rejected documents", responses=responses)
    async def peek(
        source: Source = "rejected",
        after: Annotated[int, Query(ge=0, le=2**63 - 2)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> RejectedPage:
        rejected = (await pipeline.parts()).rejected
        found = await rejected.peek(source, after=after, limit=limit)
        return RejectedPage(
            documents=list(found), next_after=found[-1].number if len(found) == limit else None
        )

    @router.get("/{source}/{number}", summary="Inspect one", responses=responses)
    async def inspect(source: Source, number: Number) -> RejectedDocument:
        return await (await pipeline.parts()).rejected.get(source, number)

    @router.post(
        "/{source}/{number}/replay",
        status_code=202,
        summary="Process one again",
        responses=responses,
    )
    async def replay(source: Source, number: Number) -> RejectedDocument:
        return await (await pipeline.parts()).rejected.replay(source, number)

    @router.delete(
        "/{source}/{number}", status_code=204, summary="Discard one", responses=responses
    )
    async def discard(source: Source, number: Number) -> None:
        await (await pipeline.parts()).rejected.discard(source, number)

    return router


async def _on_not_found(_: Request, __: Exception) -> Response:
    detail = "No rejected document has this number, or somebody else works on it."
    return Problem(404, detail).response()


def create_app(settings: PipelineSettings, pipeline: Pipeline) -> FastAPI:
    """Return the app; it loads the pipeline when it starts."""
    access = Access(settings)
    app = create_runtime_app(
        settings,
        title="Document pipeline",
        description="Takes documents in and says what became of them.",
        routers=[_documents(pipeline, access), _rejected(pipeline, access)],
        resources=[pipeline],
        checks=pipeline.checks(),
        body_limits={"/documents": MAX_DOCUMENT_BYTES},
        root_path=ROOT_PATH,
    )
    app.add_exception_handler(NotFoundError, _on_not_found)
    return app
