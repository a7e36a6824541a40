"""Folders to work in, of which nothing is left on failure, and the step that makes them final."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.signals import signals_ignored


def check_destination(folder: Path) -> None:
    """Refuse a destination that rendering would overwrite or mix with."""
    file = next((parent for parent in folder.parents if parent.is_file()), None)
    if file:
        raise ScaffoldError(f"{file} is no folder: choose another destination")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ScaffoldError(f"{folder} is no folder: choose another destination")
    try:
        present = sorted(entry.name for entry in folder.iterdir() if entry.name != ".git")
    except OSError as error:
        raise ScaffoldError(f"{folder} cannot be read: {error.strerror}") from error
    if present:
        raise ScaffoldError(
            f"{folder} is not empty (it holds {present[0]}): choose another destination"
        )


@contextlib.contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """A folder to render into, on the file system of `folder`; nothing is left of it on failure.

    An existing folder may be a mount of its own, so its staging folder lies inside it.
    """
    token = secrets.token_hex(4)
    existing = folder.is_dir()
    staging = folder / f".new-{token}" if existing else folder.parent / f".{folder.name}-{token}"
    made: list[Path] = []
    try:
        for parent in reversed(staging.parents):
            if not parent.is_dir():
                parent.mkdir()
                made.append(parent)
        staging.mkdir()
        yield staging
    except BaseException:
        with signals_ignored():
            shutil.rmtree(staging, ignore_errors=True)
            for parent in reversed(made):
                with contextlib.suppress(OSError):
                    parent.rmdir()
        raise


def move_into_place(staging: Path, folder: Path) -> None:
    """Make the staging folder, or for an existing folder its content, the destination.

    Call it with signals ignored.
    """
    if not folder.is_dir():
        staging.rename(folder)
        return
    moved: list[Path] = []
    try:
        for entry in sorted(staging.iterdir()):
            target = folder / entry.name
            if os.path.lexists(target):
                raise ScaffoldError(f"{target} appeared while rendering: nothing was written")
            entry.rename(target)
            moved.append(target)
    except BaseException:
        for target in moved:
            target.rename(staging / target.name)
        raise
    staging.rmdir()


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder; copier's own clones go there too, so that no interruption leaves them."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="azd-ai-scaffold-", ignore_cleanup_errors=True) as path:
        tempfile.tempdir = path
        try:
            yield Path(path)
        finally:
            tempfile.tempdir = before
