"""`scripts/health_check.py` as a command: what it prints and its exit code."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import AI_SERVICES, ROOT, System
from health_check import ADDRESS

SCRIPT = ROOT / "scripts" / "health_check.py"
NOWHERE = "http://127.0.0.1:9"


def run(*arguments: str, script: Path = SCRIPT, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script), *arguments],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one azd environment, `test`."""
    script = tmp_path / "scripts" / "health_check.py"
    script.parent.mkdir()
    for name in (script.name, "azd_environment.py"):
        shutil.copy(SCRIPT.with_name(name), script.parent)
    environment = tmp_path / ".azure" / "test"
    environment.mkdir(parents=True)
    values = f'AZURE_LOCATION="swedencentral"\n{ADDRESS}="{NOWHERE}"\n'
    (environment / ".env").write_text(values)
    return script


def test_healthy_is_a_line_for_each_dependency(system: System) -> None:
    result = run("--url", system.url)
    first, *lines = result.stdout.splitlines()
    assert (result.returncode, result.stderr) == (0, "")
    assert first == f"{system.url} is healthy"
    dependencies = system.health().json()["dependencies"]
    assert [line.split()[:2] for line in lines] == [[name, "healthy"] for name in dependencies]


def test_json(system: System) -> None:
    result = run("--url", f"{system.url}/", "--json")
    report = json.loads(result.stdout)
    assert result.returncode == 0
    assert (report["url"], report["status"]) == (system.url, "healthy")
    assert report["dependencies"]


@pytest.mark.parametrize(
    ("mode", "state", "exit_code"), [("error", "unhealthy", 1), ("throttle", "degraded", 0)]
)
def test_one_ai_service_in_trouble(system: System, mode: str, state: str, exit_code: int) -> None:
    names = list(system.health().json()["dependencies"])
    failing = AI_SERVICES[names[0]]
    states = [state if AI_SERVICES.get(name) == failing else "healthy" for name in names]
    with system.failing(failing, mode):
        result = run("--url", system.url)
    assert result.returncode == exit_code
    overall = "degraded" if "healthy" in states else state
    first, *lines = result.stdout.splitlines()
    assert first == f"{system.url} is {overall}"
    assert [line.split()[:2] for line in lines] == [
        list(pair) for pair in zip(names, states, strict=True)
    ]


def test_unreachable() -> None:
    result = run("--url", NOWHERE)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith(f"{NOWHERE} is unreachable: ")
    assert len(result.stdout.splitlines()) == 1


def test_unreachable_as_json() -> None:
    result = run("--url", NOWHERE, "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["status"] == "unreachable"


def test_what_is_no_health_report(system: System) -> None:
    result = run("--url", str(system.standin.base_url))
    assert result.returncode == 1
    assert "is not a health report" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--env", "../test"],
        ["--env", "unknown"],
        ["--url", "file:///etc/passwd"],
        ["--url", "nonsense"],
        ["--timeout", "0"],
        ["--env", "test", "--url", NOWHERE],
        ["--unknown"],
    ],
)
def test_wrong_usage(checkout: Path, arguments: list[str]) -> None:
    result = run(*arguments, script=checkout)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_environment_without_azd(checkout: Path) -> None:
    result = run("--env", "test", script=checkout)
    assert result.returncode == 1
    assert result.stdout.startswith(f"{NOWHERE} is unreachable")


def test_environment_from_azd(checkout: Path, tmp_path: Path) -> None:
    azd = tmp_path / "bin" / "azd"
    azd.parent.mkdir()
    azd.write_text(
        "#!/bin/sh\n"
        'test "$*" = "env get-values -e other --no-prompt" || exit 1\n'
        f"echo '{ADDRESS}=\"http://127.0.0.1:19\"'\n"
    )
    azd.chmod(0o700)
    result = run("--env", "other", script=checkout, path=str(azd.parent))
    assert result.returncode == 1
    assert result.stdout.startswith("http://127.0.0.1:19 is unreachable")
