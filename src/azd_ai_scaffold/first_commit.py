"""The first commit of a new repository, which later updates compare with."""

import os
from pathlib import Path

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.git import ask_git, git

MESSAGE = "First rendering"
COMMIT = f'git add . && git commit --quiet -m "{MESSAGE}" .'  # a repository around it has more
INIT = f"git init --quiet && {COMMIT}"
_CONFIGURED_IDENTITY = ("-c", "user.useConfigOnly=true")  # never one that git guesses


def commit_first(folder: Path) -> str:
    """Make a folder a repository, where it is none, and commit what it holds.

    Returns:
        Empty, or one line that says why there is no commit; the files are all there then.
    """
    if not (folder / ".git").exists():
        try:
            outer = ask_git(folder, "rev-parse", "--show-toplevel")
        except ScaffoldError as error:
            return str(error)
        if outer:
            return f"it lies in the repository {outer}: commit it there"
        branch = ask_git(folder, "config", "init.defaultBranch") or "main"
        git(folder, "init", "--quiet", f"--initial-branch={branch}")
    elif ask_git(folder, "rev-parse", "--verify", "--quiet", "HEAD"):
        return "the repository has commits already: commit the files yourself"
    # Even files that this machine's owner lets git ignore: an update would call them deleted.
    git(folder, "add", "--all", "--force")
    try:
        git(folder, *_CONFIGURED_IDENTITY, "var", "GIT_COMMITTER_IDENT")
    except ScaffoldError:
        return "git does not know who you are: set user.name and user.email, then commit"
    # Hooks and signatures of this machine's owner could fail, or wait for somebody.
    git(
        folder,
        *_CONFIGURED_IDENTITY,
        *("-c", "commit.gpgSign=false", "-c", f"core.hooksPath={os.devnull}"),
        *("commit", "--quiet", f"--message={MESSAGE}"),
    )
    return ""


def in_repository(folder: Path) -> bool:
    """Whether a folder belongs to a repository, even to one that git refuses to read."""
    try:
        return bool(ask_git(folder, "rev-parse", "--show-toplevel"))
    except ScaffoldError:
        return True
