"""A rendered repository passes its own checks on first checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Render, environment_with_bytecode, link_packages
from tests.matrix import EVENT_DRIVEN, SERVICE_SUBSETS, case_id
from tests.programs import program

UV = Path(sys.executable).parent / "uv"

# Everything together, each service alone, and a pair: what a missing or a surplus file would break.
PYTHON_CASES: list[dict[str, object]] = [
    {"services": services} for services in SERVICE_SUBSETS if len(services) != 2
]
PYTHON_CASES.append({"services": ["chat", "text"], "license": "none", "ci": "none"})
PYTHON_CASES.append(EVENT_DRIVEN)

# Pairs of services without sign-in, the others with it.
WEB_CASES: list[dict[str, object]] = [
    {"services": services, "user_auth": "none" if len(services) == 2 else "entra"}
    for services in SERVICE_SUBSETS
]


def run(folder: Path, *command: str) -> str:
    """What a command of the repository prints, which is shown when it fails."""
    environment = environment_with_bytecode()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
    return done.stdout


def checkout(rendering: Path, folder: Path) -> Path:
    """A first commit of a rendering, cloned: nothing that git ignores is left to help."""
    source = folder / "source"
    shutil.copytree(rendering, source)
    run(source, "git", "init", "--quiet", "--initial-branch=main")
    run(source, "git", "add", "--all")
    run(source, "git", "commit", "--quiet", "--message=Start")
    run(folder, "git", "clone", "--quiet", str(source), "clone")
    return folder / "clone"


@pytest.mark.parametrize("answers", PYTHON_CASES, ids=case_id)
def test_python_checks_pass(
    rendering: Render, request: pytest.FixtureRequest, tmp_path: Path, answers: dict[str, object]
) -> None:
    repository = checkout(rendering(answers), tmp_path)
    if (repository / "tools").is_dir():
        link_packages(request.getfixturevalue("local_tools"), repository / "tools")
    run(repository, str(UV), "sync", "--quiet", "--all-packages")
    run(repository, str(UV), "run", "--no-sync", "ruff", "check")
    run(repository, str(UV), "run", "--no-sync", "ruff", "format", "--check")
    run(repository, str(UV), "run", "--no-sync", "mypy")
    summary = run(repository, str(UV), "run", "--no-sync", "pytest", "--quiet", "-rs")
    assert "CI" not in os.environ or " skipped" not in summary, summary[-2000:]
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True
    )
    assert changed.stdout.splitlines() in ([], ["?? uv.lock"])


@pytest.mark.parametrize("answers", WEB_CASES, ids=case_id)
def test_web_checks_pass(
    rendering: Render, web_packages: Path, tmp_path: Path, answers: dict[str, object]
) -> None:
    npm = program("npm")
    web = tmp_path / "web"
    shutil.copytree(rendering(answers) / "web", web)
    link_packages(web_packages, web)
    for script in ("lint", "typecheck", "format:check", "test", "build"):
        run(web, npm, "run", "--silent", script)
    assert (web / "dist" / "index.html").is_file()
    assert (web / "dist" / "staticwebapp.config.json").is_file()
