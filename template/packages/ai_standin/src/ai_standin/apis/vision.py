"""Azure AI Vision: Image Analysis 4.0 and the list of models."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ai_standin.service import Operation, Service

SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"RIFF": "WEBP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
TEXT_LINES = ("STAND-IN", "No image was looked at")


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _invalid(code: str, message: str) -> JSONResponse:
    inner = {"code": code, "message": message}
    error = {"code": "InvalidRequest", "message": message, "innererror": inner}
    return JSONResponse({"error": error}, 400)


def _size(kind: str, data: bytes) -> tuple[int, int]:
    """Return width and height where the format keeps them in one place, else a usual size."""
    place = {"PNG": (">II", 16), "GIF": ("<HH", 6), "BMP": ("<ii", 18)}.get(kind)
    if place is None:
        return 1024, 768
    layout, offset = place
    if len(data) < offset + struct.calcsize(layout):
        return 1024, 768
    width, height = struct.unpack_from(layout, data, offset)
    return width, abs(height)


def _caption(kind: str, width: int, height: int) -> dict[str, Any]:
    shape = "square" if width == height else "wide" if width > height else "tall"
    return {"text": f"a {shape} {kind} image of {width} by {height} pixels", "confidence": 0.87}


def _tags(kind: str, width: int, height: int) -> dict[str, Any]:
    names = {kind.lower(): 0.99, "stand-in": 0.95, "landscape" if width > height else "art": 0.61}
    return {"values": [{"name": name, "confidence": value} for name, value in names.items()]}


def _read(kind: str, width: int, height: int) -> dict[str, Any]:
    lines = []
    for row, text in enumerate(TEXT_LINES):
        top, bottom = 10 + 30 * row, 34 + 30 * row
        corners = ((10, top), (width - 10, top), (width - 10, bottom), (10, bottom))
        polygon = [{"x": x, "y": y} for x, y in corners]
        words = [
            {"text": word, "boundingPolygon": polygon, "confidence": 0.98} for word in text.split()
        ]
        lines.append({"text": text, "boundingPolygon": polygon, "words": words})
    return {"blocks": [{"lines": lines}]}


def _nothing(kind: str, width: int, height: int) -> dict[str, Any]:
    return {"values": []}


FEATURES: dict[str, tuple[str, Callable[[str, int, int], dict[str, Any]]]] = {
    "caption": ("captionResult", _caption),
    "tags": ("tagsResult", _tags),
    "read": ("readResult", _read),
    "denseCaptions": ("denseCaptionsResult", _nothing),
    "objects": ("objectsResult", _nothing),
    "people": ("peopleResult", _nothing),
    "smartCrops": ("smartCropsResult", _nothing),
}


async def _analyze(request: Request) -> Response:
    names = request.query_params.get("features", "").split(",")
    features = {name.lower(): feature for name, feature in FEATURES.items()}
    if "api-version" not in request.query_params or any(n.lower() not in features for n in names):
        return _invalid("InvalidArgument", "A query parameter is missing or not valid.")
    data = await request.body()
    kind = next((kind for start, kind in SIGNATURES.items() if data.startswith(start)), None)
    if kind is None:
        return _invalid("InvalidImageFormat", "Input data is not a valid image.")
    await asyncio.sleep(request.app.state.delay)
    width, height = _size(kind, data)
    result: dict[str, Any] = {
        "modelVersion": "2023-10-01",
        "metadata": {"width": width, "height": height},
    }
    for name in names:
        key, analyze = features[name.lower()]
        result[key] = analyze(kind, width, height)
    return JSONResponse(result)


async def _models(_: Request) -> Response:
    model = {"name": "landmarks", "categories": ["outdoor_", "building_"]}
    return JSONResponse({"models": [model]})


SERVICE = Service(
    name="vision",
    operations=(
        Operation("analyze", "POST", "/computervision/imageanalysis:analyze", _analyze),
        Operation("models", "GET", "/vision/v3.2/models", _models),
    ),
    error=_error,
)
