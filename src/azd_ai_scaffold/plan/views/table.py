"""Tables in the terminal."""

import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from azd_ai_scaffold.plan.access import grants
from azd_ai_scaffold.plan.comparison import Action, Comparison
from azd_ai_scaffold.plan.model import Plan
from azd_ai_scaffold.plan.summary import remarks, rows
from azd_ai_scaffold.plan.views.text import (
    NOTHING_IS_DELETED,
    NOTHING_IS_REPLACED,
    printable,
    short,
)

PIPE_WIDTH = 400
_STYLES = {
    Action.ADDED: "green",
    Action.REMOVED: "yellow",
    Action.REPLACED: "red",
    Action.CHANGED: "cyan",
}


def output() -> Console:
    """Standard output, as wide as the terminal; in a pipe each row stays in one line."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def show_plan(plan: Plan, console: Console) -> None:
    """Print each profile: its resources, who may call what, and what is not known."""
    for profile in plan.profiles:
        resources = list(rows(profile))
        title = f"{plan.project}, {profile.name}: {len(resources)} resources"
        table = _table(title, "Type", "Name", "SKU", "Region", "Access", "Identity")
        for row in resources:
            cells = (row.type, row.name, row.sku, row.region, row.access, row.identity)
            table.add_row(*map(_cell, cells))
        console.print(table)
        if found := grants(profile.resources):
            table = _table("Who may call what", "Identity", "Role", "On")
            for grant in found:
                table.add_row(*map(_cell, (grant.principal, grant.role, grant.scope)))
            console.print(table)
        for remark in remarks(profile):
            console.print(Text(f"- {printable(remark)}"))
        console.print()


def show_comparison(comparison: Comparison, console: Console) -> None:
    """Print what differs, property by property."""
    title = f"{comparison.before} → {comparison.after}"
    if not comparison.changes:
        console.print(Text(printable(f"{title}: no difference")))
        return
    table = _table(title, "", "Resource", "Property", "Before", "After")
    for change in comparison.changes:
        first = (
            Text(change.action.value, style=_STYLES[change.action]),
            _cell(f"{change.resource.type}\n{short(change.resource.name)}"),
        )
        if not change.properties:
            table.add_row(*first)
        for difference in change.properties:
            why = f"\n({difference.replaces})" if difference.replaces else ""
            path = Text(printable(difference.path) + why)
            table.add_row(*first, path, _cell(difference.before), _cell(difference.after))
            first = (Text(), Text())
        table.add_section()
    console.print(table)
    for action, sentence in (
        (Action.REMOVED, NOTHING_IS_DELETED),
        (Action.REPLACED, NOTHING_IS_REPLACED),
    ):
        if comparison.of(action):
            console.print(Text(f"- {sentence}"))
    console.print(Text(f"- {comparison.unchanged} resources are the same"))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(printable(title)), title_justify="left", box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _cell(value: object) -> Text:
    text = value if isinstance(value, str) else short(value)
    return Text("\n".join(short(line) for line in text.split("\n")))
