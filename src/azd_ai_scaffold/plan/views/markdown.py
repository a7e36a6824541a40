"""Markdown for a pull request or a document, with the diagram."""

import re
from collections.abc import Iterable, Iterator

from azd_ai_scaffold.plan.access import role_assignments
from azd_ai_scaffold.plan.calls import calls
from azd_ai_scaffold.plan.comparison import Action, Comparison
from azd_ai_scaffold.plan.model import Plan
from azd_ai_scaffold.plan.summary import counted, full_name, remarks, rows
from azd_ai_scaffold.plan.views.mermaid import plan_as_mermaid
from azd_ai_scaffold.plan.views.text import action_heading, action_name, printable, short, title

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
        access = [
            (call.source.name, call.verb, call.target.id) for call in calls(profile.resources)
        ]
        access += [
            (found.principal, found.role, found.scope)
            for found in role_assignments(profile.resources)
        ]
        if access:
            lines += ["### Who may call what", ""]
            lines += _table(("Who", "May", "On"), access)
        if notes := [f"- {_escape(remark)}" for remark in remarks(profile)]:
            lines += ["### Assumed, or not evaluated", "", *notes, ""]
    lines += ["```mermaid", plan_as_mermaid(plan), "```"]
    return "\n".join(lines)


def comparisons_as_markdown(comparisons: Iterable[Comparison]) -> str:
    """Comparisons as one Markdown document."""
    lines: list[str] = []
    for comparison in comparisons:
        lines += [f"## {_escape(title(comparison))}", ""]
        if not comparison.changes:
            lines += ["No difference.", ""]
            continue
        lines += _table(("", "Type", "Name", "Property", "Before", "After"), _cells(comparison))
        if comparison.is_deployment:
            lines += [
                f"- {action_heading(comparison, action)}"
                for action in (Action.REMOVED, Action.REPLACED)
                if comparison.of(action)
            ]
        lines += [f"- the same: {counted(comparison.unchanged, 'resource')}", ""]
    return "\n".join(lines).rstrip("\n")


def _cells(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    for change in comparison.changes:
        what = action_name(comparison, change.action)
        first = (what, change.resource.type, full_name(change.resource))
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
