"""Plans and comparisons in the terminal: grouped by type, each resource in one line if it fits."""

import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from azd_ai_scaffold.plan.access import role_assignments
from azd_ai_scaffold.plan.calls import calls
from azd_ai_scaffold.plan.comparison import Action, Comparison, PropertyChange
from azd_ai_scaffold.plan.facts import Exposure
from azd_ai_scaffold.plan.model import Plan, Profile
from azd_ai_scaffold.plan.summary import (
    Row,
    common_region,
    counted,
    full_name,
    remarks,
    rows,
    scope_name,
)
from azd_ai_scaffold.plan.views.text import action_heading, printable, short, title

PIPE_WIDTH = 400
LIST_WIDTH = 120  # a longer line of names is hard to read, however wide the terminal is
NAME_WIDTH = 28  # a longer name pushes the cells of its own line only
_STYLES = {
    Action.ADDED: "green",
    Action.REMOVED: "yellow",
    Action.REPLACED: "red",
    Action.CHANGED: "cyan",
}
_HEADING = "bold"
_TYPE = "cyan"


def output() -> Console:
    """Standard output, as wide as the terminal; in a pipe each row stays in one line."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def show_plan(plan: Plan, console: Console) -> None:
    """Print each profile: its resources, who may call what, and what is not known."""
    for profile in plan.profiles:
        _print(console, _profile_lines(plan.project, profile, console.width))


def show_comparison(comparison: Comparison, console: Console) -> None:
    """Print what differs, property by property."""
    _print(console, _comparison_lines(comparison, console.width))


def _print(console: Console, lines: Iterable[Text]) -> None:
    for line in lines:
        console.print(line, soft_wrap=True)


def _profile_lines(project: str, profile: Profile, width: int) -> Iterator[Text]:
    found, granted = list(rows(profile)), role_assignments(profile.resources)
    region = common_region(found)
    counts = f"{counted(len(found), 'resource')}, {counted(len(granted), 'role assignment')}"
    where = f", in {region}" if region else ""
    yield _text(f"{project}, {profile.name}: {counts}{where}", _HEADING)
    yield from _resource_lines(found, region, width)
    access: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for call in calls(profile.resources):
        access[call.source.name].append((call.verb, call.target.name))
    for assignment in granted:
        access[assignment.principal].append((assignment.role, scope_name(assignment.scope)))
    if access:
        yield Text()
        yield _text("Who may call what", _HEADING)
    for who, what in access.items():
        yield _text(short(who), _TYPE)
        longest = max(cell_len(verb) for verb, _ in what)
        for verb, target in what:
            yield _text(f"  {_padded(verb, longest)}  {short(target)}")
    notes = list(remarks(profile))
    if notes:
        yield Text()
        yield _text("Assumed, or not evaluated", _HEADING)
        for note in notes:
            yield from (_text(line) for line in _wrapped(note, width))
    yield Text()


def _resource_lines(found: Sequence[Row], region: str, width: int) -> Iterator[Text]:
    """Types whose resources have facts line by line, then the names of all others."""
    groups: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in found:
        elsewhere = "" if row.region in ("", "global", region) else f"in {row.region}"
        size = ", ".join(filter(None, (row.sku, elsewhere)))
        cells = (row.name, row.access, size, row.identity)
        groups[row.type].append(tuple(map(short, cells)))
    detailed = {name: group for name, group in groups.items() if any(any(row[1:]) for row in group)}
    shown = [row for group in detailed.values() for row in group]
    columns = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]
    columns = [*(min(NAME_WIDTH, longest) for longest in columns[:1]), *columns[1:]]
    for name, group in detailed.items():
        yield _text(name, _TYPE)
        for line in group:
            yield from _row_lines(line, columns, width)
    for name, group in groups.items():
        if name not in detailed:
            yield from _name_lines(name, [row[0] for row in group], width)


def _row_lines(row: Sequence[str], columns: Sequence[int], width: int) -> Iterator[Text]:
    """The cells of a row, column by column; what does not fit goes into a second line."""
    name, *cells = row
    line = Text(f"  {_padded(name, columns[0])}")
    rest: list[str] = []
    for cell, column in zip(cells, columns[1:], strict=True):
        if rest or (cell and line.cell_len + 2 + cell_len(cell) > width):
            rest.append(cell)
        elif column:
            style = "yellow" if cell.startswith(Exposure.PUBLIC) else ""
            line.append("  ").append(_padded(cell, column), style=style)
    line.rstrip()
    yield line
    if any(rest):
        yield Text(f"    {'  '.join(filter(None, rest))}")


def _name_lines(heading: str, names: Sequence[str], width: int) -> Iterator[Text]:
    """A type and the names of its resources, in as few lines as they need."""
    limit = min(width, LIST_WIDTH)
    words = [f"{short(name)}," for name in names[:-1]] + [short(names[-1])]
    found = _text(heading + (f" ({len(names)})" if len(names) > 1 else ""), _TYPE)
    if found.cell_len + 2 + sum(1 + cell_len(word) for word in words) <= limit:
        yield found.append(f"  {' '.join(words)}", style="default")
        return
    yield found
    line = " "
    for word in words:
        if line != " " and cell_len(line) + 1 + cell_len(word) > limit:
            yield Text(line)
            line = " "
        line += f" {word}"
    yield Text(line)


def _comparison_lines(comparison: Comparison, width: int) -> Iterator[Text]:
    if not comparison.changes:
        yield _text(f"{title(comparison)}: no difference")
        return
    yield _text(
        f"{title(comparison)}: {counted(comparison.unchanged, 'resource')} the same", _HEADING
    )
    for action in (Action.REPLACED, Action.CHANGED, Action.ADDED, Action.REMOVED):
        changes = comparison.of(action)
        if not changes:
            continue
        yield Text()
        yield _text(action_heading(comparison, action), _STYLES[action])
        names: dict[str, list[str]] = defaultdict(list)
        for change in changes:
            if change.properties:
                yield _text(change.resource.type, _TYPE).append(
                    f"  {short(full_name(change.resource))}", style="default"
                )
                for found in change.properties:
                    yield from _property_lines(found, width)
            else:
                names[change.resource.type].append(full_name(change.resource))
        for name, found_names in names.items():
            yield from _name_lines(name, found_names, width)
    yield Text()


def _property_lines(change: PropertyChange, width: int) -> Iterator[Text]:
    path = printable(change.path)
    before, after = (short(value) or '""' for value in (change.before, change.after))
    line = f"  {path}: {before} → {after}"
    if cell_len(line) <= min(width, LIST_WIDTH):
        yield Text(line)
    else:
        yield from (Text(f"  {path}"), Text(f"    - {before}"), Text(f"    + {after}"))
    if change.replaces:
        yield _text(f"    ({change.replaces})", _STYLES[Action.REPLACED])


def _wrapped(note: str, width: int) -> list[str]:
    return textwrap.wrap(
        printable(note),
        width,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _text(text: str, style: str = "") -> Text:
    return Text(printable(text), style=style)


def _padded(text: str, width: int) -> str:
    shown = short(text)
    return shown + " " * (width - cell_len(shown))
