"""Markdown for a pull request or a document, with the diagram."""

import re
from collections.abc import Iterable, Iterator

from azd_ai_scaffold.plan.access import grants
from azd_ai_scaffold.plan.comparison import Action, Comparison
from azd_ai_scaffold.plan.model import Plan
from azd_ai_scaffold.plan.summary import remarks, rows
from azd_ai_scaffold.plan.views.mermaid import plan_as_mermaid
from azd_ai_scaffold.plan.views.text import (
    NOTHING_IS_DELETED,
    NOTHING_IS_REPLACED,
    printable,
    short,
)

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&#]")


def plan_as_markdown(plan: Plan) -> str:
    """The plan as one Markdown document."""
    lines = [f"# {_escape(plan.project)}", ""]
    for profile in plan.profiles:
        lines += [f"## {_escape(profile.name)}", ""]
        cells = (
            (row.type, row.name, row.sku, row.region, row.access, row.identity)
            for row in rows(profile)
        )
        lines += _table(("Type", "Name", "SKU", "Region", "Access", "Identity"), cells)
        if found := grants(profile.resources):
            lines += ["### Who may call what", ""]
            access = ((grant.principal, grant.role, grant.scope) for grant in found)
            lines += _table(("Identity", "Role", "On"), access)
        if notes := [f"- {_escape(remark)}" for remark in remarks(profile)]:
            lines += ["### Not evaluated", "", *notes, ""]
    lines += ["```mermaid", plan_as_mermaid(plan), "```"]
    return "\n".join(lines)


def comparisons_as_markdown(comparisons: Iterable[Comparison]) -> str:
    """Comparisons as one Markdown document."""
    lines: list[str] = []
    for comparison in comparisons:
        lines += [f"## {_escape(comparison.before)} → {_escape(comparison.after)}", ""]
        if not comparison.changes:
            lines += ["No difference.", ""]
            continue
        lines += _table(("", "Type", "Name", "Property", "Before", "After"), _cells(comparison))
        if comparison.of(Action.REMOVED):
            lines.append(f"- {NOTHING_IS_DELETED}")
        if comparison.of(Action.REPLACED):
            lines.append(f"- {NOTHING_IS_REPLACED}")
        lines += [f"- {comparison.unchanged} resources are the same", ""]
    return "\n".join(lines).rstrip("\n")


def _cells(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    for change in comparison.changes:
        first = (change.action.value, change.resource.type, change.resource.name)
        if not change.properties:
            yield (*first, "", "", "")
        for found in change.properties:
            why = f" ({found.replaces})" if found.replaces else ""
            yield (*first, f"{found.path}{why}", short(found.before), short(found.after))


def _table(columns: tuple[str, ...], cells: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_escape(short(cell)) for cell in row)} |" for row in cells]
    return [*lines, ""]


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", printable(text))
