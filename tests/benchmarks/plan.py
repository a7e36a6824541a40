"""`plan` of the default rendering, against `bicep build` of the same repository."""

import sys
import tempfile
from pathlib import Path

from azd_ai_scaffold.bicep import find_bicep
from tests.benchmarks.measure import command, interleaved, report
from tests.rendering import render


def run() -> None:
    bicep = find_bicep()
    if bicep is None:
        print("      plan: skipped, Bicep is missing")
        return
    with tempfile.TemporaryDirectory() as name:
        repository = render(Path(name) / "repository")
        template = Path(name) / "main.json"
        invariant = ("env", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1", bicep)
        build, plan = interleaved(
            [
                command(
                    *invariant, "build", repository / "infra/main.bicep", "--outfile", template
                ),
                command(Path(sys.executable).parent / "azd-ai-scaffold", "plan", repository),
            ],
            rounds=3,
        )
    report("plan", f"{plan:.1f} s = {plan / build:.2f} × bicep build", "≤ 2 ×", plan <= 2 * build)
