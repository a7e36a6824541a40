"""The function app: how long its import takes, and the memory that a large document needs."""

import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from tests.benchmarks.measure import report
from tests.benchmarks.services import UV, free_port, process, wait_for
from tests.rendering import render

DEPLOYED = (
    "import json; from document_pipeline.testing import DEPLOYED; print(json.dumps(DEPLOYED))"
)
IMPORT = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"

# One document of 50 MiB after some small ones, and the most memory that was seen while it passed.
PASSAGE = """
import asyncio, json, sys
from pathlib import Path
from ai_runtime.clients.documents import DocumentsClient
from ai_runtime.clients.openai import OpenAIClient
from ai_runtime.prompts import Prompt
from document_pipeline.model import Delivery, DocumentVersion
from document_pipeline.ports import BlobProperties
from document_pipeline.process import DocumentProcessor, ProcessingPorts
from document_pipeline.settings import ProcessingSettings
from document_pipeline.testing import (
    PDF, STORAGE_ACCOUNT, Breaking, MemoryBlobs, MemoryBroker, blob_created)

MEBIBYTE = 1024 * 1024
SIZES = {"small": len(PDF), "large": 50 * MEBIBYTE}

class Blobs(MemoryBlobs):
    async def properties(self, name):
        return BlobProperties(etag="1", size=SIZES[name.split(".")[0]])

    async def download(self, document, target):
        target.write(PDF)
        left = SIZES[document.name.split(".")[0]] - len(PDF)
        while left > 0:
            left -= target.write(bytes(min(left, 4 * MEBIBYTE)))

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / MEBIBYTE

async def main(url):
    settings = ProcessingSettings.model_validate({
        "azure_document_intelligence_endpoint": url,
        "azure_document_intelligence_polling_seconds": 0.05,
        "azure_openai_endpoint": url,
        "azure_openai_deployment": "stand-in"})
    blobs, broker = Blobs(Breaking()), MemoryBroker(Breaking())
    processor = DocumentProcessor(
        settings, ProcessingPorts(blobs, blobs, broker, broker, broker),
        storage_account=STORAGE_ACCOUNT, documents=DocumentsClient(settings),
        openai=OpenAIClient(settings), prompt=Prompt.load(Path("prompts/documents/insights.yaml")))
    peak = 0

    async def watch():
        nonlocal peak
        while True:
            peak = max(peak, resident())
            await asyncio.sleep(0.002)

    async def handle(name):
        await processor.handle(Delivery(blob_created(DocumentVersion(name, "1")), 1))

    for number in range(3):
        await handle(f"small.{number}")
    idle = resident()
    watching = asyncio.create_task(watch())
    await handle("large.0")
    watching.cancel()
    assert {event.type for event in broker.events} == {"document.succeeded.v1"}
    print(json.dumps([idle, peak]))

asyncio.run(main(sys.argv[1]))
"""


def printed(python: Path, folder: Path, code: str, settings: dict[str, str]) -> bytes:
    """What code prints, in a process that has nothing but settings as its environment."""
    command = [str(python), "-c", code]
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, check=True)
    return done.stdout


def run() -> None:
    with tempfile.TemporaryDirectory() as name:
        repository = render(Path(name) / "repository", pattern="event-driven")
        sync = [str(UV), "sync", "--quiet", "--all-packages", "--compile-bytecode"]
        subprocess.run(sync, cwd=repository, check=True)
        python = repository / ".venv/bin/python"
        subprocess.run(
            [str(python), "infra/hooks/processor_prepackage.py"],
            cwd=repository,
            env={"PATH": str(UV.parent)},
            check=True,
        )
        settings = json.loads(printed(python, repository, DEPLOYED, {}))

        def import_seconds(module: str) -> float:
            """The median of some imports, each in a process of its own."""
            folder, code = repository / "functions/processor", IMPORT.format(module)
            return statistics.median(
                float(printed(python, folder, code, settings)) for _ in range(5)
            )

        library, app = import_seconds("azure.functions"), import_seconds("function_app")
        report(
            "function app import",
            f"{app:.2f} s = {app / library:.1f} × the Functions library alone",
            "≤ 0.6 s",
            app <= 0.6,
        )

        port = free_port()
        with process([str(python), "-m", "ai_standin", "--port", str(port)], repository):
            wait_for(f"http://127.0.0.1:{port}/standin/calls")
            done = subprocess.run(
                [str(python), "-c", PASSAGE, f"http://127.0.0.1:{port}"],
                cwd=repository,
                capture_output=True,
                check=True,
            )
        idle, peak = json.loads(done.stdout.splitlines()[-1])
        report(
            "memory while 50 MiB pass",
            f"{peak - idle:.1f} MiB over {idle:.0f} MiB = {peak / idle:.2f} × idle",
            "≤ 16 MiB over idle",
            peak - idle <= 16,
        )
