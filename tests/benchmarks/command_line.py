"""Start of the command line, against an interpreter that does nothing."""

import sys
from pathlib import Path

from tests.benchmarks.measure import command, interleaved, report


def run() -> None:
    python = Path(sys.executable)
    bare, help_page = interleaved(
        [command(python, "-c", "pass"), command(python.parent / "azd-ai-scaffold", "--help")],
        rounds=15,
    )
    added = (help_page - bare) * 1000
    report(
        "azd-ai-scaffold --help",
        f"{added:.0f} ms over python -c pass ({help_page / bare:.1f} ×)",
        "≤ 100 ms",
        added <= 100,
    )
