"""Fixtures of every test: a neutral environment, and renderings shared between workers."""

import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.command_line import CommandLine
from tests.matrix import EVENT_DRIVEN, case_id
from tests.programs import program
from tests.rendering import pristine_environment, quick_copier, render

Render = Callable[[dict[str, object]], Path]

# What takes minutes, in the order in which it starts.
LONGEST_FIRST = (
    "tests/test_rendered_checks.py::test_long_tests_pass",
    "tests/test_renderings.py",
    "tests/test_rendered_checks.py::test_python_tests_pass",
    "tests/test_rendered_checks.py",
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason to skip, however many tests it skipped."""
    skipped = terminalreporter.getreports("skipped")
    reasons = Counter(report.longrepr[2] for report in skipped)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{reason.removeprefix('Skipped: ')}: {count} tests skipped")


@pytest.hookimpl(optionalhook=True, wrapper=True)  # also without xdist
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One worker more than usual: tests of running systems wait more than they compute."""
    return (yield) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first: one that starts last would keep a single worker busy at the end."""

    def rank(item: pytest.Item) -> int:
        return next(
            (rank for rank, name in enumerate(LONGEST_FIRST) if item.nodeid.startswith(name)),
            len(LONGEST_FIRST),
        )

    items.sort(key=rank)


@pytest.fixture(scope="session", autouse=True)
def isolated_environment() -> Iterator[None]:
    """Neither the user's configuration nor an active virtual environment is seen."""
    # A background job ignores Ctrl-C, and so would every program that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pristine_environment(), quick_copier(), pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Test")
            patch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
        for name in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole run, whichever xdist worker asks."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def rendering(shared_folder: Path) -> Render:
    """Repositories, each rendered once for all workers: read them or copy them."""

    def rendered(answers: dict[str, object]) -> Path:
        dest = shared_folder / "renderings" / case_id(answers).replace("/", "_")
        with FileLock(f"{dest}.lock"):
            if not dest.exists():
                partial = dest.with_name(f"{dest.name}.partial")
                shutil.rmtree(partial, ignore_errors=True)
                render(partial, **answers)
                partial.rename(dest)
        return dest

    return rendered


def _installed(package_json: Path, folder: Path) -> Path:
    """`node_modules` for a package.json that is the same in all renderings, installed once."""
    npm = program("npm")
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            partial.mkdir()
            shutil.copy(package_json, partial)
            install = [npm, "install", "--silent", "--no-audit", "--no-fund"]
            subprocess.run(install, cwd=partial, check=True)
            partial.rename(folder)
    return folder / "node_modules"


@pytest.fixture(scope="session")
def web_packages(rendering: Render, shared_folder: Path) -> Path:
    """`node_modules` of the page."""
    return _installed(rendering({}) / "web" / "package.json", shared_folder / "web-packages")


@pytest.fixture(scope="session")
def local_tools(rendering: Render, shared_folder: Path) -> Path:
    """`node_modules` of what the event-driven pattern's local run needs: Azurite."""
    package_json = rendering(EVENT_DRIVEN) / "tools" / "package.json"
    return _installed(package_json, shared_folder / "local-tools")


def environment_with_bytecode() -> dict[str, str]:
    """For a repository that starts process after process: each import is compiled once."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def link_packages(packages: Path, folder: Path) -> None:
    """Give a folder its `node_modules` by hard links, which costs no time and no space."""
    shutil.copytree(packages, folder / "node_modules", symlinks=True, copy_function=os.link)


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line in this process, without a terminal."""
    return CommandLine(capfd)


@pytest.fixture
def clean_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary folder of every command; nothing may stay in it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield folder
    assert [path.name for path in folder.iterdir() if path.name != ".bicep"] == []  # its cache
