"""Raw uploads: the declared type and the content must agree before anything is sent on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from pydantic import Field
from starlette.requests import ClientDisconnect, Request

from ai_runtime.media_types import media_type_of
from ai_runtime.problems import Problem
from ai_runtime.settings import Settings

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


class UploadSettings(Settings):
    """What an app reads from the environment that takes uploads."""

    max_concurrent_uploads: int = Field(default=8, gt=0)
    """Uploads that one instance works on at a time: they bound its memory and its disk."""
    upload_wait_seconds: float = Field(default=10, ge=0)
    """How long one more upload waits, unread, for its turn."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A body on disk, whose content is what its type says; the file is at its beginning."""

    file: IO[bytes]
    media_type: str

    @property
    def path(self) -> Path:
        return Path(self.file.name)


class Uploads:
    """Takes uploads in, a limited number at a time."""

    def __init__(self, settings: UploadSettings) -> None:
        self._turns = asyncio.Semaphore(settings.max_concurrent_uploads)
        self._wait_seconds = settings.upload_wait_seconds

    @asynccontextmanager
    async def received(
        self, request: Request, accepted: Mapping[str, Signature]
    ) -> AsyncIterator[UploadedFile]:
        """Write the body to disk as it arrives and keep it until the block ends.

        Raises a 415 problem for its type, 422 for its content and 503 when there are too many
        uploads already.
        """
        media_type = media_type_of(request, accepted)
        async with self._turn():
            with NamedTemporaryFile() as file:
                await _write(request, file)
                file.seek(0)
                if not accepted[media_type](file):
                    raise Problem(422, f"The content is not {media_type}.", kind="content-mismatch")
                file.seek(0)
                yield UploadedFile(file, media_type)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Problem(
                503, "Too many uploads are in progress.", kind="busy", retry_after=5
            ) from error
        try:
            yield
        finally:
            self._turns.release()


async def _write(request: Request, file: IO[bytes]) -> None:
    try:
        async for chunk in request.stream():
            file.write(chunk)
    except ClientDisconnect as error:
        raise Problem(400, "The upload was not finished.") from error
    if file.tell() == 0:
        raise Problem(422, "The body is empty.")


def upload_openapi(accepted: Iterable[str], max_bytes: int = MAX_UPLOAD_BYTES) -> dict[str, Any]:
    """Describe a raw body in OpenAPI (`openapi_extra` of a path operation)."""
    schema = {"type": "string", "format": "binary", "maxLength": max_bytes}
    return {
        "requestBody": {
            "required": True,
            "content": {media_type: {"schema": schema} for media_type in accepted},
        }
    }
