"""Repositories of every release take today's template, by the command that Renovate runs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from copier import run_copy
from copier._cli import CopierApp
from filelock import FileLock

from azd_ai_scaffold.presets import load_presets
from tests.programs import missing
from tests.rendering import ROOT, TEMPLATE_PATHS, export_template
from tests.templates import ANSWERS_FILE, commit, git, tree, write

RELEASES: dict[str, str] = yaml.safe_load((ROOT / "tests/data/releases.yml").read_text())
BEFORE = yaml.safe_load((ROOT / "tests/data/released.yml").read_text())["before"]
NEXT = "v99.0.0"  # the working tree
PRESETS = {name: dict(preset.answers) for name, preset in load_presets().items()}

# Every preset, and what presets leave open; a release is given the answers to its own questions.
# Each repository is updated twice: untouched, and edited by its owner.
ANSWERS: dict[str, list[dict[str, object]]] = {
    "v0.1.0": [
        PRESETS["minimal"],
        {"services": ["chat"], "ci": "none"},
        {"services": ["vision"], "license": "none"},
        {"services": ["text"], "project_name": "R&D l'équipe", "project_slug": "r-and-d"},
        {"services": ["chat", "text"], "location": "uksouth"},
        {"services": ["chat", "vision"], "dev_size": "small", "prod_size": "large"},
        {"services": ["vision", "text"], "ci": "none", "license": "none"},
        {"chat_model": "gpt-5.5"},
        {**PRESETS["standard"], "owner_email": "ada@example.com, ben@example.org"},
        {**PRESETS["enterprise"], "location": "eastus"},
    ],
}
FLEET = [(release, answers) for release in RELEASES for answers in ANSWERS[release]]

OWN = {
    "services/ours/pyproject.toml": '[project]\nname = "ours"\nversion = "1.0.0"\n',
    "services/ours/README.md": "By hand\n",
    "notes.txt": "mine\n",
}
OWN_SERVICE = """
  ours:
    project: ./services/ours
    host: containerapp
    language: python
"""


@pytest.fixture(scope="session")
def template(shared_folder: Path) -> Path:
    """A full clone with a tag for each release, and one for the working tree."""
    dest = shared_folder / "fleet-template"
    with FileLock(f"{dest}.lock"):
        if dest.exists():
            return dest
        if git(ROOT, "rev-parse", "--is-shallow-repository") == "true":
            missing("the history of this checkout (git fetch --unshallow)")
        partial = dest.with_suffix(".partial")
        git(shared_folder, "clone", "--quiet", "--no-tags", str(ROOT), partial.name)
        for release, revision in RELEASES.items():
            git(partial, "tag", release, revision)
        for name in TEMPLATE_PATHS:
            git(partial, "rm", "-r", "--quiet", name)
        shutil.copytree(export_template(), partial, dirs_exist_ok=True)
        commit(partial, "feat: the working tree", NEXT)
        git(partial, "gc", "--quiet")  # each update clones it
        partial.rename(dest)
    return dest


def copy(template: Path, release: str, dest: Path, answers: dict[str, object]) -> Path:
    """A rendering of a release, committed by its owner."""
    questions = re.findall(r"(?m)^(\w+):$", git(template, "show", f"{release}:copier.yml"))
    known = {name: value for name, value in answers.items() if name in questions}
    run_copy(
        str(template), dest, data=known, defaults=True, quiet=True, unsafe=False, vcs_ref=release
    )
    commit(dest, "First rendering")
    return dest


UPDATE = ["update", "--skip-answered", "--defaults", "--answers-file", ANSWERS_FILE]


def renovate(dest: Path) -> None:
    """What Renovate's Copier manager runs."""
    copier = Path(sys.executable).parent / "copier"
    done = subprocess.run(
        [copier, *UPDATE, "--vcs-ref", NEXT],
        cwd=dest,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def renovate_here(dest: Path) -> None:
    """The same in this process, which has compiled the templates already."""
    _, code = CopierApp.run(["copier", *UPDATE, "--vcs-ref", NEXT, str(dest)], exit=False)
    assert code == 0


def recorded(dest: Path) -> dict[str, object]:
    """The answers of a repository, without copier's own."""
    answers = yaml.safe_load((dest / ANSWERS_FILE).read_text(encoding="utf-8"))
    return {name: value for name, value in answers.items() if not name.startswith("_")}


def merged(folder: Path, base: bytes, mine: bytes, theirs: bytes) -> bytes:
    """Git's merge of one file, which must not conflict."""
    folder.mkdir(exist_ok=True)
    for name, content in (("base", base), ("mine", mine), ("theirs", theirs)):
        (folder / name).write_bytes(content)
    merge = ["git", "merge-file", "--stdout", "mine", "base", "theirs"]
    return subprocess.run(merge, cwd=folder, check=True, capture_output=True).stdout


def edit(dest: Path) -> None:
    """An owner's work: files changed, added, deleted and renamed, and a service added by hand."""
    write(dest, OWN)
    for name, text in (("azure.yaml", OWN_SERVICE), ("README.md", "\n## Ours\n\nOur notes.\n")):
        path = dest / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    profiles = dest / "infra/profiles.bicep"
    text = profiles.read_text(encoding="utf-8")
    assert "retentionInDays: 90" in text
    profiles.write_text(
        text.replace("retentionInDays: 90", "retentionInDays: 365"), encoding="utf-8"
    )
    editorconfig = dest / ".editorconfig"
    editorconfig.write_text("# Ours\n" + editorconfig.read_text(encoding="utf-8"), encoding="utf-8")
    git(dest, "mv", "CONTRIBUTING.md", "docs/contributing.md")
    git(dest, "rm", "--quiet", "CODE_OF_CONDUCT.md")
    commit(dest, "Own work")


@pytest.mark.parametrize(("release", "answers"), FLEET, ids=lambda value: str(value)[:60])
def test_a_repository_of_a_release_becomes_a_fresh_rendering(
    template: Path, tmp_path: Path, release: str, answers: dict[str, object]
) -> None:
    untouched = copy(template, release, tmp_path / "untouched", answers)
    base, before = tree(untouched), recorded(untouched)
    edited = shutil.copytree(untouched, tmp_path / "edited")
    edit(edited)
    mine = tree(edited)

    renovate_here(untouched)
    renovate_here(edited)

    after = recorded(untouched)
    assert after == {**BEFORE, **before}
    fresh_folder = copy(template, NEXT, tmp_path / "fresh", after)
    fresh = tree(fresh_folder)
    assert base.keys() <= fresh.keys(), "copier would delete a path with its owner's edits"
    assert tree(untouched) == fresh
    assert set(git(fresh_folder, "ls-files").splitlines()) == set(fresh), "git ignores a path"

    expected = dict(fresh)
    for name in base.keys() | mine.keys():
        if name not in mine:
            expected.pop(name, None)
        elif mine[name] != base.get(name):
            theirs = fresh.get(name)
            expected[name] = (
                merged(tmp_path / "merge", base[name], mine[name], theirs)
                if theirs is not None and name in base
                else mine[name]
            )
    assert tree(edited) == expected


@pytest.mark.parametrize("release", RELEASES)
def test_only_lines_that_both_sides_changed_conflict(
    template: Path, tmp_path: Path, release: str
) -> None:
    dest = copy(template, release, tmp_path / "dest", {})
    fresh = tree(copy(template, NEXT, tmp_path / "fresh", {**BEFORE, **recorded(dest)}))
    name = "infra/main.bicep"
    old = (dest / name).read_text(encoding="utf-8").splitlines(keepends=True)
    new = set(fresh[name].decode().splitlines(keepends=True))
    gone = next(line for line in old if line not in new and line.strip())
    (dest / name).write_text("".join("// mine\n" if line == gone else line for line in old))
    commit(dest, "Own work")

    renovate(dest)

    conflicts = [
        path for path, content in tree(dest).items() if b"<<<<<<< before updating" in content
    ]
    assert conflicts == [name]
    assert "// mine\n" in (dest / name).read_text(encoding="utf-8")
