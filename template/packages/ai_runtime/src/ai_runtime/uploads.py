"""Raw uploads: the declared type and the content must agree before anything is sent on."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any

from starlette.requests import ClientDisconnect, Request

from ai_runtime.media_types import media_type_of
from ai_runtime.problems import Problem

MAX_UPLOAD_BYTES = 20 * 1024 * 1024

Signature = Callable[[IO[bytes]], bool]
"""Tells whether a file is what its media type says, by the marks of its format.

It gets the file at its beginning and may leave it anywhere.
"""


def starts_with(*prefixes: bytes) -> Signature:
    length = max(map(len, prefixes))
    return lambda file: file.read(length).startswith(prefixes)


COMMON_IMAGES: dict[str, Signature] = {
    "image/png": starts_with(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": starts_with(b"\xff\xd8\xff"),
    "image/tiff": starts_with(b"II*\x00", b"MM\x00*"),
    "image/bmp": starts_with(b"BM"),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A body whose content is what its type says."""

    content: bytes
    media_type: str


async def read_upload(request: Request, accepted: Mapping[str, Signature]) -> Upload:
    """Read the body; raises a 415 problem for its type and 422 for its content."""
    media_type = media_type_of(request, accepted)
    try:
        content = await request.body()
    except ClientDisconnect as error:
        raise _unfinished() from error
    if not content:
        raise _empty()
    if not accepted[media_type](BytesIO(content)):
        raise _mismatch(media_type)
    return Upload(content, media_type)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A body on disk, whose content is what its type says; the file is at its beginning."""

    file: IO[bytes]
    media_type: str


@asynccontextmanager
async def uploaded_file(
    request: Request, accepted: Mapping[str, Signature]
) -> AsyncIterator[UploadedFile]:
    """Write the body to disk as it comes, so that memory stays flat; raises like `read_upload`."""
    media_type = media_type_of(request, accepted)
    with TemporaryFile() as file:
        try:
            async for chunk in request.stream():
                file.write(chunk)
        except ClientDisconnect as error:
            raise _unfinished() from error
        if file.tell() == 0:
            raise _empty()
        file.seek(0)
        if not accepted[media_type](file):
            raise _mismatch(media_type)
        file.seek(0)
        yield UploadedFile(file, media_type)


def _unfinished() -> Problem:
    return Problem(400, "The upload was not finished.")


def _empty() -> Problem:
    return Problem(422, "The body is empty.")


def _mismatch(media_type: str) -> Problem:
    return Problem(422, f"The content is not {media_type}.", kind="content-mismatch")


def upload_openapi(accepted: Iterable[str], max_bytes: int = MAX_UPLOAD_BYTES) -> dict[str, Any]:
    """Describe a raw body in OpenAPI (`openapi_extra` of a path operation)."""
    schema = {"type": "string", "format": "binary", "maxLength": max_bytes}
    return {
        "requestBody": {
            "required": True,
            "content": {media_type: {"schema": schema} for media_type in accepted},
        }
    }
