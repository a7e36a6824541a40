"""Documents per second of the local pipeline on Azurite, against the stand-in's own throughput."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.benchmarks.measure import report
from tests.benchmarks.services import UV
from tests.rendering import render

DOCUMENTS = 150

# Runs in the rendered repository: the same paid calls first without a pipeline, then through it.
MEASURE = """
import asyncio, json, sys, time
from pathlib import Path
sys.path[:0] = ["scripts", "tests/support"]
import httpx2
import run_local
from contextlib import ExitStack
from pipeline import Account, Stack, eventually, pdf, running

COUNT = int(sys.argv[1])

async def paid_calls(url):
    model = f"{url}/documentintelligence/documentModels/prebuilt-layout:analyze"
    async with httpx2.AsyncClient(timeout=30) as client:
        turn = asyncio.Semaphore(8)
        async def one(number):
            async with turn:
                sent = await client.post(model, params={"api-version": "2024-11-30"},
                    content=pdf(str(number)), headers={"Content-Type": "application/pdf"})
                for _ in range(2):
                    await client.get(sent.headers["Operation-Location"])
                question = {"model": "model", "input": "text"}
                await client.post(f"{url}/openai/v1/responses", json=question)
        began = time.perf_counter()
        await asyncio.gather(*map(one, range(COUNT)))
        return COUNT / (time.perf_counter() - began)

async def documents(stack):
    account = stack.account()
    await account.create()
    for number in range(COUNT):
        await account.put(f"{number}.pdf", pdf(str(number)))
    with stack.host(CONCURRENCY="8"):
        began = time.perf_counter()
        async def recorded():
            return len(await account.records()) == COUNT
        await eventually(recorded, 300, every=0.25)
        took = time.perf_counter() - began
    await account.close()
    return COUNT / took

parts = {part.name: part for part in run_local.parts(20000, delay=0.001)}
with ExitStack() as started:
    log = Path(sys.argv[2])
    for name, part in parts.items():
        if name != "processor":
            started.enter_context(running(part, log))
    standin = started.enter_context(httpx2.Client(base_url=parts["ai-standin"].url))
    alone = asyncio.run(paid_calls(f"http://127.0.0.1:{parts['ai-standin'].port}"))
    through = asyncio.run(documents(Stack(parts, standin, log)))
print(json.dumps([alone, through]))
"""


def run() -> None:
    npm = shutil.which("npm")
    if npm is None:
        print("pipeline: npm is missing", flush=True)
        return
    with tempfile.TemporaryDirectory() as name:
        repository = render(Path(name) / "repository", pattern="event-driven")
        sync = [str(UV), "sync", "--quiet", "--all-packages", "--compile-bytecode"]
        subprocess.run(sync, cwd=repository, check=True)
        install = [npm, "install", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=repository / "tools", check=True)
        done = subprocess.run(
            [".venv/bin/python", "-c", MEASURE, str(DOCUMENTS), str(Path(name) / "log")],
            cwd=repository,
            capture_output=True,
            check=True,
        )
        alone, through = json.loads(done.stdout.splitlines()[-1])
        report(
            "local pipeline",
            f"{through:.1f} documents/s = {through / alone:.2f} × the stand-in alone",
            "≥ 0.1 × the stand-in",
            through >= 0.1 * alone,
        )
