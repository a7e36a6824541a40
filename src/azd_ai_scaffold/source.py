"""Where the template comes from, so that what is rendered can be updated later."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.git import ask_git, git_line

PACKAGE = "azd-ai-scaffold"
REMOTE_TIMEOUT = 20  # seconds


@dataclass(frozen=True)
class Source:
    """A template's git repository (URL or absolute path) and the commit, tag or branch to render.

    `ref` is None for the latest release.
    """

    url: str
    ref: str | None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return Path(self.url).is_absolute()


def find_source(template: str | None, ref: str | None) -> Source:
    """Decide which template to render.

    Args:
        template: URL or path given by the user, or None for the place this package came from.
        ref: Tag, branch or commit given by the user.

    Returns:
        The source, such that copier records something that `copier update` can use.

    Raises:
        ScaffoldError: There is no source, or it could not be updated from.
    """
    if shutil.which("git") is None:
        raise ScaffoldError("git is not installed: install it and put it on PATH")
    if template is None:
        return _source_of_package(ref)
    path = Path(template).expanduser().resolve()
    if not path.exists():
        return Source(_copier_url(template), ref)
    _check_repository(path)
    _check_clean(path)
    return Source(str(path), ref)


def _source_of_package(ref: str | None) -> Source:
    """The place this package was installed from (PEP 610, `direct_url.json`)."""
    try:
        text = metadata.distribution(PACKAGE).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        text = None
    origin = json.loads(text) if text else {}
    if commit := origin.get("vcs_info", {}).get("commit_id"):
        return Source(_copier_url(origin["url"]), ref or commit)
    if "dir_info" in origin:
        return _source_of_checkout(Path(url2pathname(urlsplit(origin["url"]).path)), ref)
    raise ScaffoldError(
        "this installation does not know its template: pass --template with a git URL or a path"
    )


def _source_of_checkout(checkout: Path, ref: str | None) -> Source:
    """Its `origin` where HEAD is there and it answers, else the checkout itself."""
    _check_repository(checkout)
    _check_clean(checkout)
    head = git_line(checkout, "rev-parse", "HEAD")
    remote = ask_git(checkout, "config", "--get", "remote.origin.url")
    pushed = git_line(checkout, "for-each-ref", "--contains", head, "refs/remotes/origin")
    if not remote or not pushed:
        return Source(str(checkout), ref or head)
    local = (checkout / Path(remote).expanduser()).resolve()
    if not local.exists():
        url = _copier_url(remote)
        return Source(url if _is_reachable(remote) else str(checkout), ref or head)
    _check_repository(local)
    return Source(str(local), ref or head)


def _is_reachable(url: str) -> bool:
    """Whether a remote repository can be read from here, without asking for a password."""
    try:
        done = subprocess.run(
            ["git", "ls-remote", "--quiet", url, "HEAD"],
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=REMOTE_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _check_repository(path: Path) -> None:
    """Refuse a folder whose renderings could not be updated."""
    if not path.is_dir():
        raise ScaffoldError(f"{path} is no folder: give the template's git repository")
    if ask_git(path, "rev-parse", "--is-bare-repository") == "true":
        return
    top = ask_git(path, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != path.resolve():
        raise ScaffoldError(f"{path} is no git repository: renderings of it could not be updated")
    if git_line(path, "rev-parse", "--is-shallow-repository") == "true":
        raise ScaffoldError(f"{path} is a shallow clone: run git -C {path} fetch --unshallow first")


def _check_clean(path: Path) -> None:
    """Refuse changes that are not committed: copier would render and then record none of them."""
    bare = git_line(path, "rev-parse", "--is-bare-repository") == "true"
    if not bare and git_line(path, "status", "--porcelain"):
        raise ScaffoldError(
            f"{path} has changes that are not committed: commit or stash them first"
        )


def _copier_url(url: str) -> str:
    """Spell a URL the way copier recognises as git, and refuse credentials in it."""
    bare = url.removeprefix("git+")
    parts = urlsplit(bare)
    # The user of an ssh URL is no secret; everything before the @ of an https URL may be one.
    if parts.password is not None or (parts.scheme in ("http", "https") and parts.username):
        raise ScaffoldError(
            "the template's URL carries credentials, which would be recorded: remove them and "
            "use a git credential helper"
        )
    if re.match(r"(git@|git://|gh:|gl:)", bare) or bare.endswith(".git"):
        return bare
    return f"git+{bare}"
