"""What the check of an access token costs a request, with warm keys, in a rendered repository."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import report
from tests.rendering import render

UV = Path(sys.executable).parent / "uv"
GOAL_MILLISECONDS = 0.15
SCRIPT = """
import asyncio, statistics, time
from ai_runtime.settings import Settings
from ai_runtime.tokens import TokenValidator
from ai_standin.testing import running_standin

IDENTIFIER = "11111111-1111-4111-8111-111111111111"

async def measure():
    with running_standin() as standin:
        validator = TokenValidator(Settings(
            azure_tenant_id=IDENTIFIER, api_client_id=IDENTIFIER, token_authority=standin.authority
        ))
        token = standin.token(IDENTIFIER, IDENTIFIER, IDENTIFIER, scp="Api.Access")
        times = []
        for _ in range(3000):
            start = time.perf_counter()
            await validator.validate(f"Bearer {token}")
            times.append(time.perf_counter() - start)
    print(statistics.median(times) * 1000)

asyncio.run(measure())
"""


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        repository = render(Path(folder) / "repository", services=["chat"])
        subprocess.run([UV, "sync", "--quiet", "--all-packages"], cwd=repository, check=True)
        done = subprocess.run(
            [repository / ".venv/bin/python", "-c", SCRIPT],
            cwd=repository,
            check=True,
            capture_output=True,
            text=True,
        )
    median = float(done.stdout)
    report(
        "validation of an access token",
        f"{median:.3f} ms",
        f"≤ {GOAL_MILLISECONDS} ms",
        median <= GOAL_MILLISECONDS,
    )
