"""What a body must be before it is sent on."""

import pytest
from fastapi import APIRouter, Request
from starlette.testclient import TestClient

from ai_runtime.access import Access
from ai_runtime.app import create_app
from ai_runtime.settings import Settings
from ai_runtime.uploads import COMMON_IMAGES, read_upload, uploaded_file

EVERYBODY = Access(Settings(), lambda _: True)

router = APIRouter()


@router.post("/upload")
async def upload(request: Request) -> str:
    read = await read_upload(request, COMMON_IMAGES)
    return f"{read.media_type} {len(read.content)}"


@router.post("/file")
async def file(request: Request) -> str:
    async with uploaded_file(request, COMMON_IMAGES) as uploaded:
        return f"{uploaded.media_type} {len(uploaded.file.read())}"


@pytest.mark.parametrize("path", ["/upload", "/file"])
@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n...", 200),
        ("IMAGE/PNG; q=1", b"\x89PNG\r\n\x1a\n...", 200),
        ("image/jpeg", b"\xff\xd8\xff\xe0", 200),
        ("image/tiff", b"II*\x00", 200),
        ("image/tiff", b"MM\x00*", 200),
        ("image/bmp", b"BM....", 200),
        ("image/png", b"\xff\xd8\xff\xe0", 422),
        ("image/png", b"", 422),
        ("image/svg+xml", b"<svg/>", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        (None, b"\x89PNG\r\n\x1a\n...", 415),
    ],
)
def test_type_and_content(path: str, content_type: str | None, content: bytes, status: int) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    with TestClient(
        create_app(Settings(), title="Test", access=EVERYBODY, routers=[router])
    ) as client:
        response = client.post(path, content=content, headers=headers)
    assert response.status_code == status
    if status == 200:
        assert response.json() == f"{(content_type or '').lower().partition(';')[0]} {len(content)}"
    if status == 415:
        assert "image/png" in response.headers["accept"]
