"""`new`: render a repository completely or not at all."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.first_commit import COMMIT, INIT, commit_first, in_repository
from azd_ai_scaffold.preview import preview
from azd_ai_scaffold.progress import progress
from azd_ai_scaffold.rendering import Given, Rendering, render
from azd_ai_scaffold.signals import ignore_signals
from azd_ai_scaffold.source import Source, find_source
from azd_ai_scaffold.staging import (
    check_destination,
    move_into_place,
    scratch_folder,
    staging_folder,
)

RUN = "uv sync --all-packages && uv run python scripts/run_local.py"


@dataclass(frozen=True)
class NewRepository:
    """A finished repository.

    Attributes:
        project_name: What its owner called it.
        source: Where its template is.
        uncommitted: Empty after the first commit, else why there is none.
    """

    project_name: str
    source: Source
    uncommitted: str


def new_repository(
    dest: Path,
    source: tuple[str | None, str | None],
    given: Given,
    *,
    with_git: bool,
    agree: Callable[[str], bool] | None,
) -> NewRepository:
    """Render a new repository into `dest`.

    Args:
        dest: A folder that is missing, empty or holds only `.git`.
        source: URL or path of the template, or None for the place this package came from; and its
            tag, branch or commit, or None for the newest release.
        given: What copier need not ask.
        with_git: Make the first commit.
        agree: Called with what will be rendered, before `dest` is touched; False gives it up.

    Returns:
        The finished repository.

    Raises:
        Exception: It was refused or failed; `dest` is as it was.
        KeyboardInterrupt: It was interrupted; `dest` is as it was.
    """
    folder = dest.resolve()
    check_destination(folder)
    found = find_source(*source)
    with scratch_folder(), staging_folder(folder) as staging:
        with progress("Rendering", counting=staging):
            rendering = render(found, staging, given)
        if agree and not agree(_preview(rendering, staging)):
            raise ScaffoldError("nothing was written")
        uncommitted = _finish(staging, folder, with_git=with_git)
    return NewRepository(rendering.project_name, found, uncommitted)


def _preview(rendering: Rendering, staging: Path) -> str:
    with progress("Evaluating dev and prod"):
        return preview(rendering, staging)


def _finish(staging: Path, folder: Path, *, with_git: bool) -> str:
    """Make the staging folder the destination, with the first commit; say why there is none."""
    ignore_signals()
    if not with_git:
        move_into_place(staging, folder)
        return "--no-git was given"
    if not folder.exists():
        uncommitted = commit_first(staging)
        move_into_place(staging, folder)
        return uncommitted
    move_into_place(staging, folder)
    try:
        return commit_first(folder)
    except ScaffoldError as error:
        return str(error)


def next_steps(repository: NewRepository, dest: Path) -> str:
    """The text that ends `new`: the next commands."""
    commands = [f"cd {shlex.quote(str(dest))}"]
    if repository.uncommitted:
        commands.append(COMMIT if in_repository(dest) else INIT)
    commands.append(RUN)
    return "\n".join(
        [f"{repository.project_name} is in {dest}. Next:", "", *(f"  {line}" for line in commands)]
    )
