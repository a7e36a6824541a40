"""Problem details (RFC 9457): the one shape of every failure that leaves a service."""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ai_runtime.context import correlation_id

if TYPE_CHECKING:
    # Not every process that calls AI services serves HTTP, and FastAPI is slow to import.
    from fastapi.exceptions import RequestValidationError

MEDIA_TYPE = "application/problem+json"

_logger = logging.getLogger("workload.errors")


class FieldProblem(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="JSON pointer to the value, or the name of a parameter")
    detail: str


class ProblemDetails(BaseModel):
    """Body of every failed response, and data of an `error` event."""

    type: str = Field(default="about:blank", description="URI of the kind of problem")
    title: str
    status: int
    detail: str
    correlation_id: str | None = None
    errors: list[FieldProblem] | None = None


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it that
    """A failure that the caller may see. `retry_after` is in seconds."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.errors = list(errors)

    def details(self) -> ProblemDetails:
        return ProblemDetails(
            type=f"urn:problem:{self.kind}" if self.kind else "about:blank",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            correlation_id=correlation_id.get(),
            errors=self.errors or None,
        )

    def body(self) -> bytes:
        return self.details().model_dump_json(exclude_none=True).encode()

    def response(self) -> Response:
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        return Response(self.body(), self.status, headers, MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """Return what the caller may see of a failure; a defect goes to the log, not to the caller."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, TimeoutError):
        return Problem(504, "The request took too long.", kind="deadline")
    _logger.error("unhandled error", exc_info=error)
    return Problem(500, "Something went wrong here. The correlation id finds it in the logs.")


async def on_problem(_: Request, error: Problem) -> Response:
    return error.response()


async def on_http_error(_: Request, error: HTTPException) -> Response:
    return Problem(error.status_code, error.detail, headers=error.headers).response()


async def on_invalid_request(_: Request, error: "RequestValidationError") -> Response:
    found = [_field_problem(item) for item in error.errors()]
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return Problem(400, "The body is not valid JSON.", errors=found).response()
    return Problem(422, "The request does not have the expected form.", errors=found).response()


def _field_problem(error: Mapping[str, Any]) -> FieldProblem:
    # The refused value itself is left out: it may be private.
    where, *path = error["loc"]
    pointer = "#" + "".join(f"/{part}" for part in path) if where == "body" else f"{where}"
    if where != "body" and path:
        pointer = str(path[-1])
    return FieldProblem(pointer=pointer, detail=str(error["msg"]).removeprefix("Value error, "))


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems that a path operation can answer with."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }
