"""`scripts/replay_rejected.py` as a command, against the running pipeline."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import ROOT, System

SCRIPT = ROOT / "scripts" / "replay_rejected.py"


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
def local(free_offset: int) -> tuple[str, str]:
    """Arguments that name the running pipeline."""
    return "--port-offset", str(free_offset)


def rejected(system: System) -> str:
    """Let one more document be rejected, and return its name in the queue."""
    known = {item["number"] for item in listed(system)}
    content = b"%PDF-1.7\n<< /Encrypt >>\n%%EOF"
    headers = {"Content-Type": "application/pdf"}
    sent = system.api.post("/api/documents?name=locked.pdf", content=content, headers=headers)
    assert sent.status_code == 202
    return appeared(system, known)


def listed(system: System) -> list[dict[str, int]]:
    documents: list[dict[str, int]] = system.api.get("/api/rejected?limit=200").json()["documents"]
    return documents


def appeared(system: System, known: set[int]) -> str:
    until = time.monotonic() + 60
    while True:
        new = [item["number"] for item in listed(system) if item["number"] not in known]
        if new:
            return f"rejected/{new[0]}"
        assert time.monotonic() < until
        time.sleep(0.1)


def test_list_is_a_line_for_each(system: System, local: Sequence[str]) -> None:
    names = [rejected(system), rejected(system)]
    result = run("list", *local)
    assert (result.returncode, result.stderr) == (0, "")
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    for name in names:
        assert "unreadable" in lines[name]
        assert "locked.pdf" in lines[name]


def test_list_as_json(system: System, local: Sequence[str]) -> None:
    name = rejected(system)
    documents = json.loads(run("list", *local, "--json").stdout)
    assert name in [f"{item['source']}/{item['number']}" for item in documents]
    result = run("list", *local, "--source", "dead-letter", "--json")
    assert json.loads(result.stdout) == []


def test_inspect_shows_the_history(system: System, local: Sequence[str]) -> None:
    name = rejected(system)
    result = run("inspect", name, *local)
    first, document, step = result.stdout.splitlines()
    assert first.startswith(f"{name}  unreadable")
    assert "rejected at" in document
    assert "  rejected  " in step


def test_replay_sends_it_again(system: System, local: Sequence[str]) -> None:
    name = rejected(system)
    known = {item["number"] for item in listed(system)}
    result = run("replay", name, *local)
    assert (result.returncode, result.stdout) == (0, f"{name}: replayed\n")
    again = appeared(system, known)
    history = run("inspect", again, *local).stdout
    assert [line.split()[1] for line in history.splitlines()[2:]] == [
        "rejected",
        "replayed",
        "rejected",
    ]


def test_discard_removes_it(system: System, local: Sequence[str]) -> None:
    name = rejected(system)
    assert run("discard", name, *local).stdout == f"{name}: discarded\n"
    result = run("inspect", name, *local)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("HTTP 404: ")


def test_dry_run_changes_nothing(system: System, local: Sequence[str]) -> None:
    name = rejected(system)
    for action, done in (("replay", "replayed"), ("discard", "discarded")):
        result = run(action, name, *local, "--dry-run")
        assert (result.returncode, result.stdout) == (0, f"{name}: would be {done}\n")
    assert run("inspect", name, *local).returncode == 0


def test_one_failure_is_one_line_and_the_others_go_on(system: System, local: Sequence[str]) -> None:
    name = rejected(system)
    result = run("discard", "rejected/1", name, *local)
    assert (result.returncode, result.stdout) == (1, f"{name}: discarded\n")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("rejected/1: HTTP 404: ")


def test_all(system: System, local: Sequence[str]) -> None:
    names = {rejected(system), rejected(system)}
    result = run("discard", "--all", *local, "--json")
    assert names <= {item["name"] for item in json.loads(result.stdout)}
    assert run("list", *local).stdout == ""


def test_unreachable_is_one_line(free_offset: int) -> None:
    result = run("list", "--port-offset", str(free_offset + 2000))
    assert (result.returncode, result.stdout) == (1, "")
    assert "is unreachable: " in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["replay"],
        ["replay", "rejected/1", "--all"],
        ["discard", "../documents/1"],
        ["inspect", "12"],
        ["list", "--port-offset", "-1"],
        ["list", "--timeout", "0"],
        ["list", "--env", "unknown"],
        ["list", "--source", "other"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def deployed(system: System, folder: Path, token: str) -> Path:
    """Return the script in a checkout whose azd knows the deployment `test` and has a token."""
    scripts = folder / "scripts"
    scripts.mkdir()
    for name in ("replay_rejected", "azd_environment", "run_local", "local_processes"):
        shutil.copy(ROOT / "scripts" / f"{name}.py", scripts)
    azd = folder / "azd"
    azd.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        '"env get-values -e test --no-prompt")\n'
        f"  echo 'SERVICE_PROCESSOR_URI=\"{system.url}\"'; echo 'AZURE_API_CLIENT_ID=\"an-id\"';;\n"
        '"auth token --scope an-id/.default --output json --no-prompt")\n'
        f"""  echo '{{"token": "{token}"}}';;\n"""
        "*) exit 1;;\n"
        "esac\n"
    )
    azd.chmod(0o700)
    return scripts / "replay_rejected.py"


def test_deployment_is_asked_with_a_token_of_azd(system: System, tmp_path: Path) -> None:
    """The environment's address and registration come from azd, and so does the token."""
    script = deployed(system, tmp_path, system.token(roles=["Documents.Operate"]))
    assert run("list", "--env", "test", script=script, path=str(tmp_path)).returncode == 0
    result = run("list", "--env", "other", script=script, path=str(tmp_path))
    assert result.returncode == 2
    assert "has no SERVICE_PROCESSOR_URI" in result.stderr


def test_who_is_no_operator_is_told_so(system: System, tmp_path: Path) -> None:
    script = deployed(system, tmp_path, system.token())
    result = run("list", "--env", "test", script=script, path=str(tmp_path))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("HTTP 403: ")
