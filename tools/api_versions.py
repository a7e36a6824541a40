"""Maintenance: which API versions of the default repository the compiler calls old, as of today.

`python -m tools.api_versions` prints a line for each resource type, or "all recent", and exits with
0 when nothing is to be done. The gate leaves the rule out: it would turn red by itself one day.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

from azd_ai_scaffold.bicep import Bicep, Diagnostic
from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.evaluation import compile_infrastructure
from tests.rendering import render

RULE = "use-recent-api-versions"

# Old on purpose, with the reason.
KEPT = {
    "Microsoft.Insights/diagnosticSettings": "the newest that is usable; the rule offers 2016-09-01"
}


def old_versions(bicep: Bicep, repository: Path) -> tuple[Diagnostic, ...]:
    """Switch the rule on in a repository, compile it and return what the rule finds.

    Raises:
        EvaluationError: The repository does not compile.
    """
    configuration = repository / "infra" / "bicepconfig.json"
    settings = json.loads(configuration.read_text())
    settings["analyzers"]["core"]["rules"][RULE] = {"level": "warning"}
    configuration.write_text(json.dumps(settings))
    found = compile_infrastructure(bicep, repository).diagnostics
    return tuple(diagnostic for diagnostic in found if diagnostic.code == RULE)


def main() -> int:
    """Print the findings; return 1 when a version is to be raised or Bicep is missing."""
    try:
        with Bicep() as bicep, tempfile.TemporaryDirectory() as folder:
            found = old_versions(bicep, render(Path(folder) / "repository"))
    except ScaffoldError as error:
        print(error, file=sys.stderr)
        return 1
    lines: dict[str, str] = {}
    for diagnostic in found:
        named = re.search(r"'(Microsoft\.[\w./]+)'", diagnostic.message)
        lines[named[1] if named else diagnostic.message] = diagnostic.message
    for kind, message in sorted(lines.items()):
        print(f"{kind}: kept, {KEPT[kind]}" if kind in KEPT else message)
    if lines.keys() <= KEPT.keys():
        print("all recent" if not lines else "all others recent")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
