"""`scripts/replay_rejected.py` as a command, against the running pipeline."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import ROOT, System

SCRIPT = ROOT / "scripts" / "replay_rejected.py"
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


def test_list_is_a_line_for_each(system: System) -> None:
    names = [rejected(system), rejected(system)]
    result = run("list", "--url", system.url)
    assert (result.returncode, result.stderr) == (0, "")
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    for name in names:
        assert "unreadable" in lines[name]
        assert "locked.pdf" in lines[name]


def test_list_as_json(system: System) -> None:
    name = rejected(system)
    documents = json.loads(run("list", "--url", system.url, "--json").stdout)
    assert name in [f"{item['source']}/{item['number']}" for item in documents]
    result = run("list", "--url", system.url, "--source", "dead-letter", "--json")
    assert json.loads(result.stdout) == []


def test_inspect_shows_the_history(system: System) -> None:
    name = rejected(system)
    result = run("inspect", name, "--url", system.url)
    first, document, step = result.stdout.splitlines()
    assert first.startswith(f"{name}  unreadable")
    assert "rejected at" in document
    assert "  rejected  " in step


def test_replay_sends_it_again(system: System) -> None:
    name = rejected(system)
    known = {item["number"] for item in listed(system)}
    result = run("replay", name, "--url", system.url)
    assert (result.returncode, result.stdout) == (0, f"{name}: replayed\n")
    again = appeared(system, known)
    history = run("inspect", again, "--url", system.url).stdout
    assert [line.split()[1] for line in history.splitlines()[2:]] == [
        "rejected",
        "replayed",
        "rejected",
    ]


def test_discard_removes_it(system: System) -> None:
    name = rejected(system)
    assert run("discard", name, "--url", system.url).stdout == f"{name}: discarded\n"
    result = run("inspect", name, "--url", system.url)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("HTTP 404: ")


def test_dry_run_changes_nothing(system: System) -> None:
    name = rejected(system)
    for action, done in (("replay", "replayed"), ("discard", "discarded")):
        result = run(action, name, "--url", system.url, "--dry-run")
        assert (result.returncode, result.stdout) == (0, f"{name}: would be {done}\n")
    assert run("inspect", name, "--url", system.url).returncode == 0


def test_one_failure_is_one_line_and_the_others_go_on(system: System) -> None:
    name = rejected(system)
    result = run("discard", "rejected/1", name, "--url", system.url)
    assert (result.returncode, result.stdout) == (1, f"{name}: discarded\n")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("rejected/1: HTTP 404: ")


def test_all(system: System) -> None:
    names = {rejected(system), rejected(system)}
    result = run("discard", "--all", "--url", system.url, "--json")
    assert names <= {item["name"] for item in json.loads(result.stdout)}
    assert run("list", "--url", system.url).stdout == ""


def test_unreachable_is_one_line() -> None:
    result = run("list", "--url", NOWHERE)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{NOWHERE} is unreachable: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["replay"],
        ["replay", "rejected/1", "--all"],
        ["discard", "../documents/1"],
        ["inspect", "12"],
        ["list", "--url", "nonsense"],
        ["list", "--timeout", "0"],
        ["list", "--env", "unknown"],
        ["list", "--source", "other"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_deployment_is_asked_with_a_token_of_azd(system: System, tmp_path: Path) -> None:
    """The environment's address and registration come from azd, and so does the token."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name in ("replay_rejected.py", "azd_environment.py"):
        shutil.copy(ROOT / "scripts" / name, scripts)
    azd = tmp_path / "bin" / "azd"
    azd.parent.mkdir()
    azd.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        '"env get-values -e test --no-prompt")\n'
        f"  echo 'SERVICE_PROCESSOR_URI=\"{system.url}\"'; echo 'AZURE_API_CLIENT_ID=\"an-id\"';;\n"
        '"auth token --scope an-id/.default --output json --no-prompt")\n'
        """  echo '{"token": "a-token"}';;\n"""
        "*) exit 1;;\n"
        "esac\n"
    )
    azd.chmod(0o700)
    script, path = scripts / "replay_rejected.py", str(azd.parent)
    assert run("list", "--env", "test", script=script, path=path).returncode == 0
    result = run("list", "--env", "other", script=script, path=path)
    assert result.returncode == 2
    assert "has no SERVICE_PROCESSOR_URI" in result.stderr
