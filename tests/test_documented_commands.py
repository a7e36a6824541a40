"""Each command in the documentation is run as it stands there, or its options are checked."""

import functools
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pexpect
import pytest

from azd_ai_scaffold.bicep import find_bicep
from azd_ai_scaffold.cli import PROGRAM, main
from tests.documented import PAGES as EVERY_PAGE
from tests.documented import commands_of, fenced_commands, inline_code, page_name
from tests.evaluated import running_bicep
from tests.rendering import ROOT
from tests.templates import commit, template_repository, write
from tools.reference import azd_variables
from tools.template import Template

# Commands that are not run, by how they begin, and why.
NOT_RUN = {
    "azd ": "needs a subscription",
    "az ": "needs a subscription",
    "git fetch ": "needs a remote repository",
    "git merge upstream/": "needs a remote repository",
    "uv tool install ": "needs a package index; the environment of these tests stands in",
    "uv ": "needs a package index; tests/test_rendered_checks.py runs it",
    "python3 -m venv ": "needs a package index; .ci/run runs it",
    "pip install ": "needs a package index; .ci/run runs it",
    ".venv/bin/pip install ": "needs a package index; .ci/run runs it",
    ". .venv/bin/activate": "the environment of these tests is active",
    ".venv/bin/": "is a test run or a check of this project itself",
}
# Pages that start in a clone of this project; the others start in a rendered repository.
IN_A_CLONE = ("README.md", "docs/tutorial/first-repository.md", "docs/how-to/own-template.md")
# The changelog tells of options as they were.
PAGES = [page for page in EVERY_PAGE if page.name != "CHANGELOG.md"]
COMMANDS = {page: fenced_commands(page) for page in PAGES}
PROMPT = "🎤[^\n]*\\?"
# Options in sentences that belong to other programs than this one and copier.
OTHER_OPTIONS = {"--trust", "--no-tags"}


def reason_not_to_run(command: str) -> str | None:
    """Why a command is not run, or None."""
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), None)


RUN = [
    page
    for page, commands in COMMANDS.items()
    if not all(reason_not_to_run(command) for command in commands)
]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of this project with two releases."""
    folder = template_repository(tmp_path_factory.mktemp("docs") / "azd-ai-scaffold")
    shutil.copy(ROOT / "CHANGELOG.md", folder)
    write(folder, {"template/docs/new-page.md": "# What release 0.2.0 adds\n"})
    commit(folder, "feat: second release", "v0.2.0")
    return folder


@pytest.fixture(scope="module")
def environment(clone: Path) -> dict[str, str]:
    """The environment of a reader who has installed the command line from the clone."""
    site = clone.parent / "site"
    origin = {"url": clone.as_uri(), "dir_info": {}}
    write(
        site / "azd_ai_scaffold-0.1.0.dist-info",
        {
            "METADATA": "Metadata-Version: 2.1\nName: azd-ai-scaffold\nVersion: 0.1.0\n",
            "direct_url.json": json.dumps(origin),
        },
    )
    # Bicep comes in where a page needs it: elsewhere it only takes time.
    installed = clone.parent / "bin"
    installed.mkdir()
    for name in (PROGRAM, "copier"):
        (installed / name).symlink_to(Path(sys.executable).with_name(name))
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(installed), os.defpath]),
        "PYTHONPATH": os.pathsep.join([str(site), str(ROOT / "src")]),
        "TERM": "xterm",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "GIT_PAGER": "cat",
    }


@pytest.fixture(scope="module")
def repository(clone: Path, environment: dict[str, str]) -> Path:
    """A repository of the first release, with an azd environment."""
    folder = clone.parent / "my-ai-platform"
    options = [f"--template={clone}", "--vcs-ref=v0.1.0", "--defaults", "--quiet"]
    new = [sys.executable, "-m", "azd_ai_scaffold", "new", str(folder), *options]
    subprocess.run(new, env=environment, check=True, capture_output=True)
    write(folder, {".azure/my-prod/.env": 'AZURE_ENV_NAME="my-prod"\nAZURE_ENV_TYPE="prod"\n'})
    return folder


def bicep() -> str:
    """Path of Bicep; without it the test is skipped, or fails in the gate."""
    running_bicep()
    return str(find_bicep())


def run_in_terminal(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command in a terminal where Enter answers each question.

    Returns:
        The exit code, and what was on the screen.
    """
    screen = io.StringIO()
    child = pexpect.spawn(
        "/bin/bash",
        ["-euo", "pipefail", "-c", command],
        cwd=str(folder),
        env=environment,
        encoding="utf-8",
        dimensions=(40, 120),
        timeout=600,
    )
    child.logfile_read = screen
    while child.expect([PROMPT, pexpect.EOF]) == 0:
        child.send("\r")
    child.close()
    return child.exitstatus or child.signalstatus or 0, screen.getvalue()


@pytest.mark.parametrize("page", RUN, ids=page_name)
def test_the_commands_of_a_page_work_in_order(
    page: Path, clone: Path, repository: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    # Beside it a reader may make other folders, so each page has a copy in a place of its own.
    start = clone if page_name(page) in IN_A_CLONE else repository
    folder = shutil.copytree(start, tmp_path / start.name)
    if page.name == "own-template.md":
        write(folder, {"template/.editorconfig": "root = true\n"})
    for command in COMMANDS[page]:
        if reason_not_to_run(command):
            continue
        if command.startswith(f"{PROGRAM} plan"):
            environment = {**environment, "BICEP_PATH": bicep()}
        if command.startswith("cd "):
            folder = (folder / command.removeprefix("cd ")).resolve(strict=True)
            continue
        code, screen = run_in_terminal(command, folder, environment)
        assert code == 0, f"{command}\n{screen}"


def test_every_reason_not_to_run_is_needed() -> None:
    commands = [command for commands in COMMANDS.values() for command in commands]
    used = {
        next(start for start in NOT_RUN if command.startswith(start))
        for command in commands
        if reason_not_to_run(command)
    }
    assert used == NOT_RUN.keys()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_documented_calls_have_options_that_exist(page: Path) -> None:
    for arguments in filter(None, commands_of(PROGRAM, page)):
        parse(arguments)
    for arguments in commands_of("copier", page):
        known = copier_options(arguments[0])
        assert {word for word in arguments if word.startswith("-")} <= known, arguments


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_options_in_sentences_exist(page: Path) -> None:
    ours = {
        option
        for command in (main, *main.commands.values())
        for parameter in command.params
        for option in parameter.opts
    }
    known = ours | copier_options("update") | OTHER_OPTIONS
    for code in inline_code(page):
        if code.startswith("--"):
            assert code.split()[0].split("=")[0] in known, code


def test_documented_azd_variables_exist() -> None:
    template = Template()
    edges = template.choices("edge", **template.answers())
    known = {
        variable.name
        for pattern in template.choices("pattern", **template.answers())
        for edge in edges
        for variable in azd_variables(
            template, template.answers(pattern=pattern, edge=edge, network="private")
        )
    }
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"azd env set (\w+)", text)) - {"NAME"} <= known, page


def parse(arguments: list[str]) -> None:
    """Parse a call of the command line as click does, without running it."""
    context = main.make_context(PROGRAM, [], resilient_parsing=True)
    try:
        if command := main.commands.get(arguments[0]):
            command.make_context(arguments[0], arguments[1:], parent=context)
        else:
            main.make_context(PROGRAM, arguments)
    except click.exceptions.Exit:
        pass  # --version and --help
    except click.MissingParameter:
        assert len(arguments) == 1  # a command that is only named


@functools.cache
def copier_options(command: str) -> set[str]:
    """Options of a command of copier."""
    done = subprocess.run(
        [sys.executable, "-m", "copier", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"--?[\w-]+", done.stdout))
