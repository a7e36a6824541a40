"""A git revision of a repository as files of a temporary folder, beside the working tree."""

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from azd_ai_scaffold.errors import ScaffoldError


@contextlib.contextmanager
def exported(repository: Path, revision: str) -> Iterator[Path]:
    """Export the folder of a repository as it was at a revision.

    Args:
        repository: Folder of azure.yaml; it may lie below the root of its git repository.
        revision: Tag, branch or commit.

    Yields:
        A folder that is removed afterwards.

    Raises:
        ScaffoldError: There is no git, or no such revision.
    """
    commit = _git(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if not commit:
        raise ScaffoldError(
            f"{repository} has no revision {revision!r}: give a tag, branch or commit"
        )
    # Below the root of the git repository this is the content of the folder alone.
    archive = _git(repository, "archive", "--format=tar", commit.strip().decode())
    if archive is None:
        raise ScaffoldError(f"{repository} cannot be exported at {revision!r}")
    with tempfile.TemporaryDirectory(prefix="azd-ai-scaffold-") as name:
        folder = Path(name).resolve() / repository.name
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield folder


def _git(repository: Path, *arguments: str) -> bytes | None:
    """What git prints; None when it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), *arguments], capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise ScaffoldError("git is not installed: install it and put it on PATH") from error
    return done.stdout if done.returncode == 0 else None
