"""Says which template there is, and what an update does, before it does it."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from azd_ai_scaffold.merge import Conflict, Merged
from azd_ai_scaffold.update import Update, Versions

SECTION_LINES = 40  # of a conflict; the file has the rest


def check(versions: Versions, vcs_ref: str | None) -> str:
    """Whether the newest release, or the version asked for, is newer, and the command for it."""
    if versions.newer:
        option = f" --vcs-ref {shlex.quote(vcs_ref)}" if vcs_ref else ""
        return f"{versions.current}: {versions.latest} is newer: azd-ai-scaffold update{option}"
    found = f"{versions.latest} is not newer" if vcs_ref else "the newest template"
    return f"{versions.current}: {found}"


def summary(update: Update) -> str:
    """The changelog between the versions, and the files that change."""
    versions = update.versions
    if versions.current == versions.latest:
        heading = f"Template {versions.current} of {update.repository.template}"
    else:
        heading = f"Template {versions.current} → {versions.latest} of {update.repository.template}"
    return "\n\n".join(filter(None, [heading, update.changelog, files(update.merged)]))


def files(merged: Merged) -> str:
    """Added, changed, removed and skipped files, a line each."""
    lines = [
        *(f"  added    {path}" for path in merged.changes.added),
        *(f"  changed  {path}" for path in merged.changes.changed),
        *(f"  removed  {path}" for path in merged.changes.removed),
    ]
    for path, yours in merged.passed_over.items():
        did = f"you renamed it to {yours}, which stays as it is" if yours else "you deleted it"
        lines.append(f"  skipped  {path} (the template changed it; {did})")
    return "\n".join(["Files", *lines]) if lines else "Nothing changes."


def conflicts(merged: Merged) -> str:
    """Every conflict, with what both sides have there."""
    parts = [f"Conflicts: {len(merged.conflicts)}"]
    parts += ["\n".join(_conflict(conflict)) for conflict in merged.conflicts]
    return "\n\n".join(parts)


def how_to_continue(merged: Merged, repository: Path) -> str:
    """The commands for the time after the conflicts."""
    paths = shlex.join(conflict.path for conflict in merged.conflicts)
    git = f"git -C {shlex.quote(str(repository))}"
    return (
        f"\nEdit these files, or git rm those that should go, then continue:\n\n"
        f"  {git} add {paths} && {git} commit\n\n"
        f"or go back to where you were:\n\n  {git} reset --hard"
    )


def _conflict(conflict: Conflict) -> Iterator[str]:
    yield f"  {conflict.path}: {conflict.reason}"
    lines = conflict.sections.splitlines()
    yield from (f"    {line}" for line in lines[:SECTION_LINES])
    if len(lines) > SECTION_LINES:
        yield f"    … {len(lines) - SECTION_LINES} more lines in the file"
