"""Azure AI Document Intelligence: analysis as a long-running operation that is polled."""

import asyncio
import base64
import binascii
import re
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ai_standin.service import Operation, Service, json_object

API_VERSION = "2024-11-30"
MODELS = ("prebuilt-layout", "prebuilt-read")
FORMATS = {
    b"%PDF-": "PDF",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
    b"PK\x03\x04": "Office",
}
KEPT_RESULTS = 100
ROWS = (("Item", "Quantity"), ("Apples", "12"), ("Pears", "7"))
PAIRS = (("Number", "2026-0042"), ("Date", "24 November 2026"))


@dataclass
class _Analysis:
    """One document in work: done at the second poll, so that clients really poll."""

    model: str
    kind: str
    pages: int
    encrypted: bool
    with_pairs: bool
    created: str
    digest: str
    polls: int = 0


_analyses: OrderedDict[str, _Analysis] = OrderedDict()


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _invalid_content(message: str) -> dict[str, Any]:
    inner = {"code": "InvalidContent", "message": message}
    return {"code": "InvalidRequest", "message": "Invalid request.", "innererror": inner}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _document(request: Request) -> bytes:
    """Return the document, sent as it is or in base64 inside JSON."""
    body = await request.body()
    if request.headers.get("Content-Type", "").startswith("application/json"):
        try:
            source = json_object(await request.json()).get("base64Source", "")
            return base64.b64decode(source)
        except (ValueError, TypeError, binascii.Error):
            return b""
    return body


async def _analyze(request: Request) -> Response:
    model = request.path_params["model"]
    if request.query_params.get("api-version") != API_VERSION:
        return _error(400, "InvalidArgument", "The api-version is missing or not supported.")
    if model not in MODELS:
        return _error(404, "ModelNotFound", "The requested model was not found.")
    data = await _document(request)
    kind = next((kind for start, kind in FORMATS.items() if data.startswith(start)), None)
    if kind is None or (kind == "PDF" and b"<<" not in data and b"%%EOF" not in data):
        error = _invalid_content("The file is corrupted or its format not supported.")
        return JSONResponse({"error": error}, 400)
    await asyncio.sleep(request.app.state.delay)
    result_id = str(uuid.uuid4())
    _analyses[result_id] = _Analysis(
        model=model,
        kind=kind,
        pages=max(1, len(re.findall(rb"/Type\s*/Page\b(?!s)", data))),
        encrypted=kind == "PDF" and b"/Encrypt" in data,
        with_pairs="keyValuePairs" in request.query_params.get("features", ""),
        created=_now(),
        digest=sha256(data).hexdigest()[:16],
    )
    while len(_analyses) > KEPT_RESULTS:
        _analyses.popitem(last=False)
    location = request.url_for("documents.result", model=model, result_id=result_id)
    location = location.include_query_params(**{"api-version": API_VERSION})
    return Response(status_code=202, headers={"Operation-Location": str(location)})


async def _result(request: Request) -> Response:
    analysis = _analyses.get(request.path_params["result_id"])
    if analysis is None or analysis.model != request.path_params["model"]:
        return _error(404, "NotFound", "The analyze result was not found.")
    analysis.polls += 1
    state = {"createdDateTime": analysis.created, "lastUpdatedDateTime": _now()}
    if analysis.polls == 1:
        return JSONResponse({"status": "running", **state})
    if analysis.encrypted:
        error = _invalid_content("The file is protected by a password.")
        return JSONResponse({"status": "failed", **state, "error": error})
    return JSONResponse({"status": "succeeded", **state, "analyzeResult": _analyzed(analysis)})


def _analyzed(analysis: _Analysis) -> dict[str, Any]:
    heading = f"Stand-in reading of a {analysis.kind} document"
    lines = [heading, *(f"{key}: {value}" for key, value in PAIRS), f"Digest: {analysis.digest}"]
    content = "\n".join([*lines, *(cell for row in ROWS for cell in row)])

    def spans(text: str) -> list[dict[str, int]]:
        return [{"offset": content.index(text), "length": len(text)}]

    def element(text: str) -> dict[str, Any]:
        return {"content": text, "spans": spans(text)}

    pages = [
        {
            "pageNumber": number,
            "angle": 0,
            "width": 8.5,
            "height": 11,
            "unit": "inch",
            "words": [],
            "lines": [element(line) for line in lines] if number == 1 else [],
            "spans": [{"offset": 0, "length": len(content)}] if number == 1 else [],
        }
        for number in range(1, analysis.pages + 1)
    ]
    result: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "modelId": analysis.model,
        "stringIndexType": "textElements",
        "contentFormat": "text",
        "content": content,
        "pages": pages,
        "styles": [],
    }
    if analysis.model == "prebuilt-layout":
        region = [{"pageNumber": 1, "polygon": [1, 2, 5, 2, 5, 3, 1, 3]}]
        cells = [
            {"rowIndex": row, "columnIndex": column, **element(text)}
            | ({"kind": "columnHeader"} if row == 0 else {})
            for row, texts in enumerate(ROWS)
            for column, text in enumerate(texts)
        ]
        table = {"rowCount": len(ROWS), "columnCount": len(ROWS[0]), "cells": cells}
        result["tables"] = [table | {"boundingRegions": region, "spans": spans(ROWS[0][0])}]
    if analysis.with_pairs:
        result["keyValuePairs"] = [
            {"key": element(key), "value": element(value), "confidence": 0.93}
            for key, value in PAIRS
        ]
    return result


async def _info(_: Request) -> Response:
    return JSONResponse({"customDocumentModels": {"count": 0, "limit": 20000}})


_MODEL_PATH = "/documentintelligence/documentModels/{model}"

SERVICE = Service(
    name="documents",
    operations=(
        Operation("analyze", "POST", f"{_MODEL_PATH}:analyze", _analyze),
        Operation("result", "GET", f"{_MODEL_PATH}/analyzeResults/{{result_id}}", _result),
        Operation("info", "GET", "/documentintelligence/info", _info),
    ),
    error=_error,
)
