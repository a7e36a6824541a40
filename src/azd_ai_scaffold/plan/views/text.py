"""Text that is safe to show, whatever a repository calls its resources."""

import json
import re
from typing import Any

from azd_ai_scaffold.plan.comparison import MISSING

NOTHING_IS_DELETED = "removed: an incremental deployment deletes nothing, so they stay in Azure"
NOTHING_IS_REPLACED = "replaced: Azure refuses the change in place; the old one has to go first"

_SUBSCRIPTION = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/")
# What an id says of one of Azure's calls: the resource is enough.
_REFERENCE = re.compile(r"reference\('(?:[^']*/)?([^'/]+)'(?:, '[^']*')*\)")


def printable(text: str) -> str:
    """The text without characters that move a cursor, start a line or turn the direction."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def short(value: Any) -> str:
    """A JSON value of a property in one line; ids and references by the resource's name."""
    if value is MISSING:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = _REFERENCE.sub(r"\1", text)
    return printable(_SUBSCRIPTION.sub("", text))
