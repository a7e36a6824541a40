"""What infra/profiles.bicep says, where it says it literally."""

from __future__ import annotations

import re
from pathlib import Path

# Texts are matched as well: // inside one starts no comment.
TEXT_OR_COMMENT = re.compile(r"('(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/", re.DOTALL)
LITERAL = re.compile(r"'[^'\\$]*'|true|false")


def literal(project: Path, kind: str, name: str) -> str | None:
    """Return a value of a profile, a text without its quotation marks.

    None where the profile has no such value, or an expression: only Bicep evaluates those, so no
    check may refuse what they say.

    Args:
        project: the repository.
        kind: the environment type.
        name: a property of the profile, not of an object in it.
    """
    source = (project / "infra" / "profiles.bicep").read_text(encoding="utf-8")
    code = TEXT_OR_COMMENT.sub(lambda match: match[1] or "", source)
    profile = re.search(rf"^var {kind}Profile profile = {{(.*?)^}}", code, re.MULTILINE | re.DOTALL)
    if profile is None or re.search(r"^  \.\.\.", profile[1], re.MULTILINE):
        return None
    value = re.search(rf"^  {name}: *(.*?)[ \t]*$", profile[1], re.MULTILINE)
    return value[1].strip("'") if value and LITERAL.fullmatch(value[1]) else None
