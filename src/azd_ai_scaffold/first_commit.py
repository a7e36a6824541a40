"""The first commit of a new repository, which later updates compare with."""

import os
from pathlib import Path

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.git import ask_git, git

MESSAGE = "First rendering"
COMMIT = f'git add --all && git commit --quiet -m "{MESSAGE}"'
INIT = f"git init --quiet && {COMMIT}"


def commit_first(folder: Path) -> str:
    """Make a folder a repository, where it is none, and commit what it holds.

    Returns:
        Empty, or one line that says why there is no commit; the files are all there then.
    """
    if not (folder / ".git").exists():
        if outer := ask_git(folder, "rev-parse", "--show-toplevel"):
            return f"it lies in the repository {outer}: commit it there"
        branch = ask_git(folder, "config", "init.defaultBranch") or "main"
        git(folder, "init", "--quiet", f"--initial-branch={branch}")
    elif ask_git(folder, "rev-parse", "--verify", "--quiet", "HEAD"):
        return "the repository has commits already: commit the files yourself"
    git(folder, "add", "--all")
    try:
        # Hooks and signatures of this machine's owner could fail, or wait for somebody.
        git(
            folder,
            *("-c", "user.useConfigOnly=true", "-c", "commit.gpgSign=false"),
            *("-c", f"core.hooksPath={os.devnull}"),
            *("commit", "--quiet", f"--message={MESSAGE}"),
        )
    except ScaffoldError:
        if not ask_git(folder, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT"):
            return "git does not know who you are: set user.name and user.email, then commit"
        raise
    return ""
