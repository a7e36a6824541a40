"""The vision service and the real SDK against the stand-in."""

import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ai_standin.testing import StandIn, serving
from vision_service.main import VisionServiceSettings, create_app

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480)


# Less than the 60 s for which a slow stand-in holds an answer, and time enough on a busy machine.
SOON = 20


def settings(url: str, *, timeout_seconds: float = SOON) -> VisionServiceSettings:
    return VisionServiceSettings.model_validate(
        {"azure_vision_endpoint": url, "azure_vision_timeout_seconds": timeout_seconds}
    )


@pytest.fixture
def client(standin: StandIn) -> Iterator[TestClient]:
    app = create_app(settings(standin.url))
    with TestClient(app, headers={"Content-Type": "image/png"}) as client:
        yield client


@pytest.fixture
def impatient(standin: StandIn) -> Iterator[TestClient]:
    app = create_app(settings(standin.url, timeout_seconds=1))
    with TestClient(app, headers={"Content-Type": "image/png"}) as client:
        yield client


def test_image_is_described(client: TestClient) -> None:
    response = client.post("/analyze", content=PNG)
    assert response.status_code == 200
    assert response.json() == {
        "caption": {"text": "a wide PNG image of 640 by 480 pixels", "confidence": 0.87},
        "tags": [
            {"name": "png", "confidence": 0.99},
            {"name": "stand-in", "confidence": 0.95},
            {"name": "landscape", "confidence": 0.61},
        ],
        "text": ["STAND-IN", "No image was looked at"],
    }


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0"),
        ("image/gif", b"GIF89a" + bytes(10)),
        ("image/bmp", b"BM" + bytes(30)),
        ("image/webp", b"RIFF\0\0\0\0WEBPVP8 "),
        ("image/tiff", b"II*\x00"),
    ],
)
def test_every_format(client: TestClient, content_type: str, content: bytes) -> None:
    response = client.post("/analyze", content=content, headers={"Content-Type": content_type})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("image/svg+xml", b"<svg/>", 415),
        ("application/json", b"{}", 415),
        ("image/png", b"", 422),
        ("image/png", b"GIF89a", 422),
        ("image/webp", b"RIFF\0\0\0\0WAVEfmt ", 422),
        ("image/png", PNG + bytes(20 * 1024 * 1024), 413),
    ],
)
def test_bad_upload_is_refused_without_an_upstream_call(
    client: TestClient, standin: StandIn, content_type: str, content: bytes, status: int
) -> None:
    response = client.post("/analyze", content=content, headers={"Content-Type": content_type})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert standin.control.calls["vision.analyze"] == 0


def test_largest_upload_is_accepted(client: TestClient) -> None:
    image = PNG.ljust(20 * 1024 * 1024, b"\0")
    assert client.post("/analyze", content=image).status_code == 200


@pytest.mark.parametrize(
    ("mode", "options", "status", "calls"),
    [
        ("throttle", {"retry_after": 300}, 429, 1),
        ("error", {}, 502, 3),
        ("cut", {}, 502, 3),
        ("slow", {}, 504, 1),
    ],
)
def test_failures(
    impatient: TestClient,
    standin: StandIn,
    mode: str,
    options: dict[str, float],
    status: int,
    calls: int,
) -> None:
    standin.fail("vision", mode, **options)
    started = time.monotonic()
    response = impatient.post("/analyze", content=PNG)
    assert time.monotonic() - started < SOON
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert "127.0.0.1" not in response.text
    assert response.headers.get("retry-after") == ("300" if mode == "throttle" else None)
    assert standin.control.calls["vision.analyze"] == calls


def test_one_failure_is_not_noticed(client: TestClient, standin: StandIn) -> None:
    standin.fail("vision", "error", times=1)
    assert client.post("/analyze", content=PNG).status_code == 200
    assert standin.control.calls["vision.analyze"] == 2


def test_region_without_captions() -> None:
    asked: list[str] = []

    async def analyze(request: Request) -> Response:
        asked.append(request.query_params["features"])
        if "caption" in request.query_params["features"]:
            message = "The feature 'Caption' is not supported in this region."
            return JSONResponse({"error": {"code": "InvalidRequest", "message": message}}, 400)
        result: dict[str, Any] = {"modelVersion": "x", "metadata": {"width": 1, "height": 1}}
        return JSONResponse(result | {"tagsResult": {"values": []}, "readResult": {"blocks": []}})

    routes = [Route("/computervision/imageanalysis:analyze", analyze, methods=["POST"])]
    with (
        serving(Starlette(routes=routes)) as upstream,
        TestClient(create_app(settings(upstream))) as client,
    ):
        for _ in range(2):
            response = client.post("/analyze", content=PNG, headers={"Content-Type": "image/png"})
            assert response.json() == {"caption": None, "tags": [], "text": []}
    assert asked == ["caption,tags,read", "tags,read", "tags,read"]


@pytest.mark.parametrize(
    ("mode", "state", "status"),
    [(None, "healthy", 200), ("throttle", "degraded", 200), ("error", "unhealthy", 503)],
)
def test_health(
    client: TestClient, standin: StandIn, mode: str | None, state: str, status: int
) -> None:
    if mode is not None:
        standin.fail("vision", mode)
    response = client.get("/health")
    assert response.status_code == status
    assert response.json()["dependencies"]["vision"]["status"] == state
    assert standin.control.calls["vision.models"] == 1


def test_openapi(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/analyze"]["post"]
    body = operation["requestBody"]
    assert body["required"] is True
    assert set(body["content"]) >= {"image/png", "image/webp"}
    assert {"413", "415", "422", "429", "502", "503", "504"} <= set(operation["responses"])
