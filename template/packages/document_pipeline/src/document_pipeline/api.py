"""The HTTP API: documents in, their state out, and what operators do with rejected ones."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from pydantic import BaseModel

from ai_runtime.access import Access
from ai_runtime.app import create_app as create_runtime_app
from ai_runtime.contracts.text import DOCUMENT_TYPES
from ai_runtime.problems import Problem, problem_responses
from ai_runtime.uploads import upload_openapi, uploaded_file
from document_pipeline.composition import Pipeline
from document_pipeline.intake import FileName
from document_pipeline.model import MAX_DOCUMENT_BYTES, DocumentRecord, RejectedDocument
from document_pipeline.ports import NotFoundError, Source
from document_pipeline.settings import PipelineSettings

ROOT_PATH = "/api"
OPERATOR_ROLE = "Documents.Operate"
"""App role of people and applications that work on rejected documents."""

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


def _documents(pipeline: Pipeline) -> APIRouter:
    router = APIRouter(prefix="/documents", tags=["documents"])

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
        async with uploaded_file(request, DOCUMENT_TYPES) as upload:
            parts = await pipeline.parts()
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
        stored = await (await pipeline.parts()).adapters.table.get(document_id)
        if stored is None:
            raise Problem(404, "No document has this id.")
        return stored.record

    return router


def _rejected(settings: PipelineSettings, pipeline: Pipeline) -> APIRouter:
    # Operators need their role even where users need no token.
    operators = Access(settings, lambda caller: OPERATOR_ROLE in caller.roles)

    async def operator(request: Request) -> None:
        if not (settings.authenticates or settings.is_local):
            raise Problem(403, "API_CLIENT_ID is not set, so nobody is an operator.")
        await operators.check(request.headers.get("Authorization"))

    router = APIRouter(prefix="/rejected", tags=["rejected"], dependencies=[Depends(operator)])
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
    app = create_runtime_app(
        settings,
        title="Document pipeline",
        description="Takes documents in and says what became of them.",
        access=Access.of_users(settings, OPERATOR_ROLE),
        routers=[_documents(pipeline), _rejected(settings, pipeline)],
        resources=[pipeline],
        checks=pipeline.checks(),
        body_limits={"/documents": MAX_DOCUMENT_BYTES},
        root_path=ROOT_PATH,
    )
    app.add_exception_handler(NotFoundError, _on_not_found)
    return app
