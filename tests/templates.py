"""Git repositories of the template, made from the working tree as it is now."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.rendering import ROOT, export_template
from tools.template import Template

FIRST_RELEASE = "v0.1.0"
ANSWERS_FILE = ".copier-answers.yml"


def git(folder: Path, *arguments: str) -> str:
    """Output of a git command in a folder."""
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, message: str, tag: str | None = None) -> str:
    """Commit everything in a folder, which becomes a repository if it is none, and tag it.

    Returns:
        The full hash of the commit.
    """
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    if tag:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


def template_repository(
    dest: Path,
    change: Callable[[Path], None] | None = None,
) -> Path:
    """The whole template as release v0.1.0, with what a test changes in it."""
    shutil.copytree(export_template(), dest)
    if change:
        change(dest)
    commit(dest, "feat: first release", FIRST_RELEASE)
    git(dest, "gc", "--quiet")  # each update clones it: one file is sooner copied than hundreds
    return dest


def reduced(template: Path) -> None:
    """Of files that are copied as they are, leave one for each set of exclusions that names it.

    Copier treats the others the same way, and an update costs time for each file.
    """
    excluded = re.findall(r"%\](/[^\[]+)\[%", "".join(Template().configuration["_exclude"]))
    seen = set()
    for path in sorted((template / "template").rglob("*")):
        if path.is_file() and path.suffix != ".jinja":
            name = f"/{path.relative_to(template / 'template').as_posix()}"
            kind = frozenset(line for line in excluded if f"{name}/".startswith(f"{line}/"))
            if kind in seen:
                path.unlink()
            seen.add(kind)


def questions_repository(dest: Path, files: Mapping[str, str] | None = None) -> Path:
    """The template's questions, the answers file and a test's files, as release v0.1.0: quick."""
    (dest / "template").mkdir(parents=True)
    shutil.copy(ROOT / "copier.yml", dest)
    shutil.copytree(ROOT / "tables", dest / "tables")
    shutil.copy(next((ROOT / "template").glob("*answers_file*")), dest / "template")
    write(dest / "template", files or {})
    commit(dest, "feat: first release", FIRST_RELEASE)
    return dest


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files by their paths below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a rendering by its path, without `.git` and the template's version."""
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
    answers = contents[ANSWERS_FILE].splitlines(keepends=True)
    contents[ANSWERS_FILE] = b"".join(
        line for line in answers if not line.startswith((b"_commit:", b"_src_path:"))
    )
    return contents
