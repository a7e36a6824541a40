"""A git revision of a repository as files of a temporary folder, beside the working tree."""

import contextlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.git import ask_git, git


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
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    commit = ask_git(repository, *verify, f"{revision}^{{commit}}")
    if not commit:
        raise ScaffoldError(
            f"{repository} has no revision {revision!r}: give a tag, branch or commit"
        )
    # Below the root of the git repository this is the content of the folder alone.
    archive = git(repository, "archive", "--format=tar", commit)
    with tempfile.TemporaryDirectory(prefix="azd-ai-scaffold-") as name:
        folder = Path(name).resolve() / repository.name
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield folder
