"""A rendered repository passes its own checks on first checkout, and with one more service."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import Render, environment_with_bytecode, link_packages
from tests.evaluated import running_bicep
from tests.matrix import EVENT_DRIVEN, SERVICE_SUBSETS, case_id
from tests.programs import program
from tests.runbook import add_a_service

SetUp = Callable[[dict[str, object]], Path]

UV = Path(sys.executable).parent / "uv"

# A pair of services, to which the runbook adds another.
EXTENDED: dict[str, object] = {"services": ["chat", "text"]}

# Everything together, each service alone, and a service of one's own.
PYTHON_CASES: list[dict[str, object]] = [
    {"services": ["chat"]},
    {"services": ["vision"], "license": "none", "ci": "none"},
    {"services": ["text"]},
    {"services": ["chat", "vision", "text"]},
    EXTENDED,
    EVENT_DRIVEN,
]

# Tests of the local run that wait longer than they compute: they run beside the others.
LONG_TESTS = ("tests/test_crashes.py", "tests/test_load.py")

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
    folder.mkdir()
    source = folder / "source"
    shutil.copytree(rendering, source)
    run(source, "git", "init", "--quiet", "--initial-branch=main")
    run(source, "git", "add", "--all")
    run(source, "git", "commit", "--quiet", "--message=Start")
    run(folder, "git", "clone", "--quiet", str(source), "clone")
    return folder / "clone"


@pytest.fixture(scope="session")
def set_up(rendering: Render, shared_folder: Path, request: pytest.FixtureRequest) -> SetUp:
    """Checkouts with their environment, each made once for all workers."""

    def repository(answers: dict[str, object]) -> Path:
        folder = shared_folder / "checkouts" / case_id(answers)
        folder.parent.mkdir(exist_ok=True)
        ready = folder / "ready"
        with FileLock(f"{folder}.lock"):
            if not ready.exists():
                shutil.rmtree(folder, ignore_errors=True)  # what failed half-way helps nobody
                clone = checkout(rendering(answers), folder)
                if (clone / "tools").is_dir():
                    link_packages(request.getfixturevalue("local_tools"), clone / "tools")
                if answers == EXTENDED:
                    add_a_service(clone)
                    run(clone, "git", "add", "--all")
                    run(clone, "git", "commit", "--quiet", "--message=Add a service")
                run(clone, str(UV), "sync", "--quiet", "--all-packages")
                ready.touch()
        return folder / "clone"

    return repository


def run_python(repository: Path, *command: str) -> str:
    """What a program of the repository's environment prints; it leaves nothing behind."""
    output = run(repository, str(UV), "run", "--no-sync", *command)
    assert run(repository, "git", "status", "--porcelain") in ("", "?? uv.lock\n")
    return output


def run_tests(repository: Path, *options: str) -> None:
    """The repository's tests, none of which the gate may skip."""
    summary = run_python(repository, "pytest", "--quiet", "-rfEs", *options)
    assert "CI" not in os.environ or " skipped" not in summary, summary[-2000:]


@pytest.mark.xdist_group("types")  # mypy's cache is for one process at a time
@pytest.mark.parametrize("answers", PYTHON_CASES, ids=case_id)
def test_python_is_linted_and_typed(
    set_up: SetUp, shared_folder: Path, answers: dict[str, object]
) -> None:
    repository = set_up(answers)
    run_python(repository, "ruff", "check")
    run_python(repository, "ruff", "format", "--check")
    # What renderings share, their packages foremost, is analysed once: mypy compares contents.
    run_python(repository, "mypy", f"--cache-dir={shared_folder / 'mypy'}")


@pytest.mark.parametrize("answers", PYTHON_CASES, ids=case_id)
def test_python_tests_pass(set_up: SetUp, answers: dict[str, object]) -> None:
    apart = [f"--deselect={path}" for path in LONG_TESTS] if answers == EVENT_DRIVEN else []
    run_tests(set_up(answers), *apart)


@pytest.mark.parametrize("path", LONG_TESTS)
def test_long_tests_pass(set_up: SetUp, path: str) -> None:
    run_tests(set_up(EVENT_DRIVEN), path)


def test_the_infrastructure_of_an_added_service_compiles(set_up: SetUp) -> None:
    main = set_up(EXTENDED) / "infra" / "main.bicep"
    assert main.with_name("app").joinpath("search.bicep").is_file()
    assert not running_bicep().compile(main).diagnostics


@pytest.mark.parametrize("answers", WEB_CASES, ids=case_id)
def test_web_checks_pass(
    rendering: Render, web_packages: Path, tmp_path: Path, answers: dict[str, object]
) -> None:
    npm = program("npm")
    web = tmp_path / "web"
    shutil.copytree(rendering(answers) / "web", web)
    link_packages(web_packages, web)
    for script in ("lint", "format:check", "test", "build"):  # build runs typecheck
        run(web, npm, "run", "--silent", script)
    assert (web / "dist" / "index.html").is_file()
    assert (web / "dist" / "staticwebapp.config.json").is_file()
