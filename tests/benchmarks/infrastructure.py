"""Compiling the largest infrastructure with the command line, against an empty file."""

import tempfile
from pathlib import Path

from azd_ai_scaffold.bicep import find_bicep
from tests.benchmarks.measure import command, interleaved, report
from tests.rendering import render

# The answers that add the most resources.
LARGEST: dict[str, object] = {"network": "private", "edge": "application-gateway"}


def run() -> None:
    bicep = find_bicep()
    if bicep is None:
        print("      infrastructure: skipped, Bicep is missing")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository = render(folder / "repository", **LARGEST)
        empty = folder / "empty.bicep"
        empty.write_text("")
        template = folder / "main.json"
        invariant = ("env", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1", bicep)
        baseline, full = interleaved(
            [
                command(*invariant, "build", empty),
                command(
                    *invariant, "build", repository / "infra/main.bicep", "--outfile", template
                ),
            ],
            rounds=3,
        )
        size = template.stat().st_size / 1000
        report(
            "bicep build",
            f"{full:.1f} s = {full / baseline:.1f} × an empty file",
            "≤ 5 s",
            full <= 5,
        )
        report("ARM JSON", f"{size:.0f} kB", "≤ 400 kB", size <= 400)
