"""Text that is safe to show, whatever a repository calls its resources."""

import json
import re
from typing import Any

from azd_ai_scaffold.plan.comparison import MISSING, Action, Comparison

_SENTENCES = {
    Action.REMOVED: "an incremental deployment deletes nothing, so they stay in Azure",
    Action.REPLACED: "Azure refuses the change in place; the old one has to go first",
}

_SUBSCRIPTION = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/")
# What an id says of one of Azure's calls: the resource is enough.
_REFERENCE = re.compile(r"reference\('(?:[^']*/)?([^'/]+)'(?:, '[^']*')*\)")


def printable(text: str) -> str:
    """The text without characters that move a cursor, start a line or turn the direction."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def title(comparison: Comparison) -> str:
    """What is compared."""
    joint = " → " if comparison.is_deployment else " and "
    return f"{comparison.before}{joint}{comparison.after}"


def action_name(comparison: Comparison, action: Action) -> str:
    """What happens to a resource; of two profiles side by side, where it is."""
    if comparison.is_deployment:
        return action.value
    return {
        Action.ADDED: f"only in {comparison.after}",
        Action.REMOVED: f"only in {comparison.before}",
    }.get(action, "differs")


def action_heading(comparison: Comparison, action: Action) -> str:
    """The action with the number of resources, and what Azure does then."""
    name = f"{action_name(comparison, action)} ({len(comparison.of(action))})"
    sentence = _SENTENCES.get(action) if comparison.is_deployment else None
    return f"{name}: {sentence}" if sentence else name


def short(value: Any) -> str:
    """A JSON value of a property in one line; ids and references by the resource's name."""
    if value is MISSING:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = _REFERENCE.sub(r"\1", text)
    return printable(_SUBSCRIPTION.sub("", text))
