"""Runs git; a failure is told in one line."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from azd_ai_scaffold.errors import ScaffoldError

_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


def git(
    folder: Path,
    *arguments: str,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Output of a git command that runs in a folder.

    Raises:
        ScaffoldError: It failed.
    """
    result = _run(folder, arguments, stdin, environment)
    if result.returncode:
        raise _failure(folder, result.stderr)
    return result.stdout


def git_line(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """As `git`, for a command that answers with text; the white space around it is removed."""
    return os.fsdecode(git(folder, *arguments, environment=environment)).strip()


def ask_git(folder: Path, *arguments: str) -> str:
    """As `git_line`, but empty where the answer is no: no repository, no such name or setting.

    Raises:
        ScaffoldError: Git refused to answer, as it does in a repository that another user owns.
    """
    result = _run(folder, arguments, b"", None)
    if result.returncode == 0:
        return os.fsdecode(result.stdout).strip()
    if b"fatal: " in result.stderr and b"fatal: not a git repository" not in result.stderr:
        raise _failure(folder, result.stderr)
    return ""


def _failure(folder: Path, stderr: bytes) -> ScaffoldError:
    """What git said first and, where git names a command that helps, that command."""
    first, *others = os.fsdecode(stderr).strip().splitlines() or ["failed"]
    command = next((line.strip() for line in others if line.startswith("\tgit ")), "")
    return ScaffoldError(f"git in {folder}: {first}{command and f': {command}'}")


def _run(
    folder: Path, arguments: tuple[str, ...], stdin: bytes, environment: Mapping[str, str] | None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=_inherited() | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | dict(environment or {}),
        input=stdin,
        capture_output=True,
        check=False,
    )


def _inherited() -> dict[str, str]:
    """The environment without what a git hook would set: it names another repository."""
    return {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}


def configuration(settings: Mapping[str, str], after: int = 0) -> dict[str, str]:
    """Environment variables that give git settings, behind a number of others given so."""
    found = {"GIT_CONFIG_COUNT": str(after + len(settings))}
    for number, (name, value) in enumerate(settings.items(), after):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found


@contextlib.contextmanager
def hooks_disabled() -> Iterator[None]:
    """Let no git run the hooks of this machine's owner: one that fails would stop a clone."""
    before = {name: value for name, value in os.environ.items() if name.startswith("GIT_CONFIG_")}
    count = before.get("GIT_CONFIG_COUNT", "0")
    if count.isdigit():  # otherwise git itself refuses it
        os.environ.update(configuration({"core.hooksPath": os.devnull}, after=int(count)))
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("GIT_CONFIG_")]:
            del os.environ[name]
        os.environ.update(before)
