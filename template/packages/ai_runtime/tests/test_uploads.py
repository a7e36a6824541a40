"""What a body must be before it is sent on, and how many an instance takes at a time."""

import asyncio

import pytest
from fastapi import APIRouter, FastAPI, Request
from httpx2 import ASGITransport, AsyncClient
from starlette.testclient import TestClient

from ai_runtime.access import Access
from ai_runtime.app import create_app
from ai_runtime.uploads import COMMON_IMAGES, Uploads, UploadSettings

PNG = b"\x89PNG\r\n\x1a\n..."


class Receiver:
    """An app that keeps what it was sent until it is told to go on."""

    def __init__(self, **changes: object) -> None:
        settings = UploadSettings.model_validate(changes)
        self.go_on = asyncio.Event()
        self.received = asyncio.Semaphore(0)
        uploads = Uploads(settings)
        router = APIRouter()

        @router.post("/upload")
        async def upload(request: Request) -> str:
            async with uploads.received(request, COMMON_IMAGES) as uploaded:
                self.received.release()
                await self.go_on.wait()
                assert uploaded.path.read_bytes() == uploaded.file.read()
                return f"{uploaded.media_type} {uploaded.path.stat().st_size}"

        everybody = Access(settings, lambda _: True)
        self.app: FastAPI = create_app(settings, title="Test", access=everybody, routers=[router])


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("image/png", PNG, 200),
        ("IMAGE/PNG; q=1", PNG, 200),
        ("image/jpeg", b"\xff\xd8\xff\xe0", 200),
        ("image/tiff", b"II*\x00", 200),
        ("image/tiff", b"MM\x00*", 200),
        ("image/bmp", b"BM....", 200),
        ("image/png", b"\xff\xd8\xff\xe0", 422),
        ("image/png", b"", 422),
        ("image/svg+xml", b"<svg/>", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        (None, PNG, 415),
    ],
)
def test_type_and_content(content_type: str | None, content: bytes, status: int) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    receiver = Receiver()
    receiver.go_on.set()
    with TestClient(receiver.app) as client:
        response = client.post("/upload", content=content, headers=headers)
    assert response.status_code == status
    if status == 200:
        assert response.json() == f"{(content_type or '').lower().partition(';')[0]} {len(content)}"
    if status == 415:
        assert "image/png" in response.headers["accept"]


async def post(client: AsyncClient, content: bytes = PNG) -> int:
    headers = {"Content-Type": "image/png"}
    response = await client.post("/upload", content=content, headers=headers)
    if response.status_code == 503:
        assert response.headers["Retry-After"] == "5"
        assert response.json()["type"] == "urn:problem:busy"
    return response.status_code


async def test_no_more_uploads_at_a_time_than_allowed() -> None:
    receiver = Receiver(max_concurrent_uploads=2, upload_wait_seconds=0.05)
    transport = ASGITransport(receiver.app)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        first = [asyncio.create_task(post(client)) for _ in range(2)]
        for _ in first:
            await receiver.received.acquire()
        assert await asyncio.gather(*(post(client) for _ in range(5))) == [503] * 5
        assert receiver.received.locked()
        receiver.go_on.set()
        assert await asyncio.gather(*first) == [200, 200]
        # What failed gave its turn back, too.
        assert [await post(client, b"words") for _ in range(3)] == [422] * 3
        assert await post(client) == 200


async def test_an_upload_waits_for_its_turn() -> None:
    receiver = Receiver(max_concurrent_uploads=1, upload_wait_seconds=60)
    transport = ASGITransport(receiver.app)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        uploads = [asyncio.create_task(post(client)) for _ in range(5)]
        await receiver.received.acquire()
        receiver.go_on.set()
        assert await asyncio.gather(*uploads) == [200] * 5
