"""The folder that azd packages is complete: installed alone, it lists every function."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import processor_prepackage as hook
from document_pipeline.testing import DEPLOYED
from harness import ROOT

ENVIRONMENT = {"PATH": os.environ["PATH"], **DEPLOYED}
LIST = """
import json
import function_app
from document_pipeline.api import create_app
print(json.dumps({
    function.get_function_name(): [
        binding["type"] for binding in map(json.loads, function.get_raw_bindings())
    ]
    for function in function_app.app.get_functions()
}))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what the hook works on."""
    ignored = shutil.ignore_patterns("__pycache__", *hook.COPIES, "requirements.txt")
    shutil.copytree(ROOT / "functions", tmp_path / "functions", ignore=ignored)
    for folder in ("packages", "prompts", "infra/hooks"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run_hook(repository: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(repository / "infra" / "hooks" / "processor_prepackage.py")]
    return subprocess.run(  # noqa: S603 - our own script
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def uv() -> str:
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed: the package is not tried in an environment of its own")
    return found


def test_package_is_complete_in_a_clean_environment(
    repository: Path, tmp_path: Path, uv: str
) -> None:
    assert run_hook(repository).returncode == 0
    processor = repository / "functions" / "processor"
    ignored = [line.rstrip("/") for line in (processor / ".funcignore").read_text().split()]
    package = tmp_path / "package"
    shutil.copytree(processor, package, ignore=shutil.ignore_patterns(*ignored))
    # Only the package is left.
    shutil.rmtree(repository / "packages")
    shutil.rmtree(repository / "functions")
    python = tmp_path / "environment" / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "environment")],
        [uv, "pip", "install", "--quiet", "--python", str(python), "-r", "requirements.txt"],
    ):
        subprocess.run(command, cwd=package, check=True)  # noqa: S603 - uv, found above
    listed = subprocess.run(  # noqa: S603 - the environment made above
        [str(python), "-c", LIST], cwd=package, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout) == {
        "process_document": ["serviceBusTrigger"],
        "record_result": ["eventHubTrigger"],
        "api": ["httpTrigger", "http"],
    }


def test_copies_are_replaced_and_hold_no_tests(repository: Path) -> None:
    stale = repository / "functions" / "processor" / "ai_runtime" / "stale.py"
    stale.parent.mkdir()
    stale.touch()
    assert run_hook(repository).returncode == 0
    assert not stale.exists()
    copied = {path.name for path in (repository / "functions" / "processor").rglob("*.py")}
    assert "testing.py" not in copied
    assert {"app.py", "openai.py", "process.py"} <= copied


def test_requirements_name_what_is_outside_the_workspace(repository: Path) -> None:
    assert run_hook(repository).returncode == 0
    lines = (repository / "functions" / "processor" / "requirements.txt").read_text().splitlines()
    names = {line.partition(">=")[0].partition("[")[0] for line in lines}
    assert {"azure-functions", "azure-servicebus", "fastapi", "openai", "pyyaml"} <= names
    assert not {"ai-runtime", "document-pipeline", "ai-standin", "pytest"} & names
    # Only what the extras in use need of the AI clients.
    assert "azure-ai-documentintelligence" in names


def test_lock_file_decides_the_versions(repository: Path, uv: str) -> None:
    subprocess.run([uv, "lock", "--quiet"], cwd=repository, check=True)  # noqa: S603
    path = f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}"
    done = run_hook(repository, PATH=path)
    assert (done.returncode, done.stderr) == (0, "")
    text = (repository / "functions" / "processor" / "requirements.txt").read_text()
    assert "azure-servicebus==" in text
    assert "--hash=sha256:" in text
    assert "ai-runtime" not in text
    pyproject = repository / "functions" / "processor" / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"document-pipeline"]', '"pyyaml<7"]'))
    done = run_hook(repository, PATH=path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "run `uv lock`" in done.stderr


@pytest.mark.parametrize(
    "missing",
    [
        "prompts",
        "packages/ai_runtime/src/ai_runtime",
        "packages/document_pipeline/src/document_pipeline",
        "functions/processor",
    ],
)
def test_missing_folder_is_one_line(repository: Path, missing: str) -> None:
    shutil.rmtree(repository / missing)
    done = run_hook(repository)
    assert done.returncode == 1
    assert done.stderr == (
        f"processor_prepackage: {missing} is missing or empty: "
        f"restore it (git checkout {missing}).\n"
    )


@pytest.mark.parametrize("content", ["[", "", "[project]\n"])
def test_broken_package_file_is_one_line(repository: Path, content: str) -> None:
    (repository / "packages" / "ai_runtime" / "pyproject.toml").write_text(content)
    done = run_hook(repository)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("processor_prepackage: ")
    assert "pyproject.toml" in line
