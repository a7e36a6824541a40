"""A page that shows every document with its state, and its result."""

from html import escape
from pathlib import PurePosixPath

from azure.data.tables.aio import TableClient
from azure.storage.blob.aio import ContainerClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from document_pipeline.adapters.blobs import ResultsContainer
from document_pipeline.adapters.tables import record_of
from document_pipeline.model import DocumentRecord, DocumentVersion, result_name

SHOWN = 200

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Documents</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }}
body {{ margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: start; margin-bottom: 0.5rem; }}
th, td {{ text-align: start; padding: 0.4rem 0.8rem; border-bottom: 1px solid; }}
td {{ overflow-wrap: anywhere; }}
</style>
</head>
<body>
<main>
<h1>Documents</h1>
<p><a href="/">Look again</a></p>
<table>
<caption>{caption}</caption>
<thead><tr>
<th scope="col">File</th><th scope="col">State</th><th scope="col">What came of it</th>
</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


class Page:
    """Reads the table and the containers, so it shows what any host has done."""

    def __init__(
        self, documents: TableClient, incoming: ContainerClient, results: ContainerClient
    ) -> None:
        self._documents = documents
        self._incoming = incoming
        self._results = ResultsContainer(results)

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/", self._show), Route("/results/{document_id}", self._result)]
        )

    async def _show(self, _: Request) -> Response:
        records = [record_of(entity) async for entity in self._documents.list_entities()]
        known = {record.id for record in records}
        waiting = [
            blob.name
            async for blob in self._incoming.list_blobs()
            if DocumentVersion(blob.name, blob.etag.strip('"')).id not in known
        ]
        records.sort(key=lambda record: record.updated_at, reverse=True)
        count = len(records) + len(waiting)
        rows = [_row(name, "in work", "") for name in waiting]
        rows += [_row(record.name, record.state, _outcome(record)) for record in records]
        caption = f"Documents: {count}" + (f", the last {SHOWN}" if count > SHOWN else "")
        if not count:
            caption = "No document yet: copy one into the folder incoming/."
        return HTMLResponse(_PAGE.format(caption=caption, rows="\n".join(rows[:SHOWN])))

    async def _result(self, request: Request) -> Response:
        stored = await self._results.get(result_name(request.path_params["document_id"]))
        if stored is None:
            return JSONResponse({"detail": "No document with this id has a result."}, 404)
        return Response(stored, media_type="application/json")


def _row(name: str, state: str, outcome: str) -> str:
    file = escape(PurePosixPath(name).name)
    return f'<tr><th scope="row">{file}</th><td>{escape(state)}</td><td>{outcome}</td></tr>'


def _outcome(record: DocumentRecord) -> str:
    if record.result is not None:
        return f'<a href="/results/{record.id}">Result</a>, pages: {record.pages}'
    return escape(record.detail)
