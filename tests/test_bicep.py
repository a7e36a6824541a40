"""The Bicep client: what it answers, and what becomes of a process that fails."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from azd_ai_scaffold.bicep import Bicep, BicepError, Diagnostic, find_bicep
from tests.evaluated import running_bicep


@pytest.fixture
def bicep() -> Bicep:
    return running_bicep()


def executable(path: Path, body: str) -> Path:
    """A Python program that takes Bicep's place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def running(process_id: int) -> bool:
    """Whether a process exists and has not ended."""
    state = Path(f"/proc/{process_id}/stat")
    if state.parent.parent.exists():
        return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"
    return subprocess.run(["ps", "-p", str(process_id)], capture_output=True).returncode == 0


# --- finding it ---------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without Bicep, and an empty PATH."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("BICEP_PATH", raising=False)
    return tmp_path


def test_bicep_is_found_where_azd_and_az_keep_it_and_nowhere_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_bicep() is None
    azure = executable(home / ".azure/bin/bicep", "")
    assert find_bicep() == azure
    azd = executable(home / ".azd/bin/bicep", "")
    assert find_bicep() == azd
    on_path = executable(home / "path/bicep", "")
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert find_bicep() == on_path
    named = executable(home / "elsewhere/bicep-0.49", "")
    monkeypatch.setenv("BICEP_PATH", str(named))
    assert find_bicep() == named


def test_a_bicep_path_that_is_wrong_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(home / ".azd/bin/bicep", "")
    monkeypatch.setenv("BICEP_PATH", str(home / "missing"))
    with pytest.raises(BicepError, match=r"BICEP_PATH names no executable file: .*missing"):
        find_bicep()


@pytest.mark.usefixtures("home")
def test_without_bicep_the_message_says_how_to_get_it() -> None:
    with pytest.raises(BicepError, match=r"Bicep was not found: install it .* or set BICEP_PATH"):
        Bicep()


# --- answers ------------------------------------------------------------------------------------


def test_it_compiles_and_places_its_findings(bicep: Bicep, tmp_path: Path) -> None:
    file = tmp_path / "main.bicep"
    file.write_text("param used int\n\nparam  spare string\noutput twice int = used * 2\n")
    compilation = bicep.compile(file)
    assert compilation.success
    assert '"value": "[mul(parameters(\'used\'), 2)]"' in compilation.template
    assert compilation.diagnostics == (
        Diagnostic(
            level="Warning",
            code="no-unused-params",
            message='Parameter "spare" is declared but never used.',
            file=file,
            line=3,
            column=8,
        ),
    )
    shown = str(compilation.diagnostics[0])
    assert shown.startswith(f"{file}:3:8: Warning no-unused-params: Parameter")


def test_errors_in_bicep_are_diagnostics_and_not_exceptions(bicep: Bicep, tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text("output x string = 3\n")
    compilation = bicep.compile(tmp_path / "main.bicep")
    assert not compilation.success
    assert compilation.template == ""
    assert [(found.level, found.code) for found in compilation.diagnostics] == [("Error", "BCP033")]


def test_it_compiles_parameters_with_overrides(bicep: Bicep, tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text("param n int\noutput x int = n\n")
    parameters = tmp_path / "main.bicepparam"
    parameters.write_text("using 'main.bicep'\n")
    assert not bicep.compile_params(parameters).success
    compilation = bicep.compile_params(parameters, {"n": 3})
    assert compilation.success
    assert '"value": 3' in compilation.parameters
    assert '"outputs"' in compilation.template


def test_it_evaluates_a_snapshot(bicep: Bicep, tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text(
        "targetScope = 'subscription'\noutput place string = deployment().location\n"
        "output id string = '${subscription().subscriptionId} ${tenant().tenantId}'\n"
    )
    (tmp_path / "main.bicepparam").write_text("using 'main.bicep'\n")
    snapshot = bicep.snapshot(
        tmp_path / "main.bicepparam",
        subscription_id="00000000-0000-0000-0000-00000000000a",
        tenant_id="00000000-0000-0000-0000-00000000000b",
        location="westeurope",
        deployment_name="demo",
    )
    assert snapshot["predictedResources"] == []
    assert snapshot["outputs"] == {
        "place": "westeurope",
        "id": "00000000-0000-0000-0000-00000000000a 00000000-0000-0000-0000-00000000000b",
    }


def test_it_formats_without_writing(
    bicep: Bicep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.bicep").write_text("var   x='a'\noutput  y string=x")
    monkeypatch.chdir(tmp_path)
    assert bicep.format(Path("main.bicep")) == "var x = 'a'\noutput y string = x\n"
    assert (tmp_path / "main.bicep").read_text().startswith("var   x")


def test_it_lists_the_files_that_a_compilation_reads(bicep: Bicep, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text("{}")
    (tmp_path / "part.bicep").write_text("output names object = loadJsonContent('names.json')\n")
    (tmp_path / "main.bicep").write_text("module part 'part.bicep' = {}\n")
    (tmp_path / "unread.bicep").write_text("")
    found = {path.name for path in bicep.file_references(tmp_path / "main.bicep")}
    assert found == {"main.bicep", "part.bicep", "names.json"}


def test_the_version_is_the_command_lines(bicep: Bicep) -> None:
    assert bicep.version().count(".") == 2


# --- failures -----------------------------------------------------------------------------------


def test_a_refused_request_is_one_line_and_the_process_lives_on(
    bicep: Bicep, tmp_path: Path
) -> None:
    with pytest.raises(BicepError) as caught:
        bicep.compile(tmp_path / "missing.bicep")
    assert "\n" not in str(caught.value)
    assert "bicep/compile" in str(caught.value)
    assert "missing.bicep" in str(caught.value)
    assert bicep.version()


def test_a_program_that_cannot_start_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BicepError, match="cannot start Bicep"):
        Bicep(tmp_path / "missing")


def test_a_process_that_dies_says_its_last_words(tmp_path: Path) -> None:
    dying = executable(
        tmp_path / "bicep", "import sys; print('no libicu here', file=sys.stderr); sys.exit(134)"
    )
    with Bicep(dying) as bicep, pytest.raises(BicepError, match=r"bicep/version: no libicu here"):
        bicep.version()
    with pytest.raises(BicepError, match="Bicep was stopped before bicep/version"):
        bicep.version()


def test_an_answer_that_is_not_the_protocol_is_one_line(tmp_path: Path) -> None:
    body = "import sys, time; print('Usage: bicep [command]\\n', flush=True); sys.stdin.read()"
    with (
        Bicep(executable(tmp_path / "bicep", body)) as bicep,
        pytest.raises(BicepError, match="Bicep stopped answering at bicep/version"),
    ):
        bicep.version()


def test_a_process_that_hangs_is_ended_at_the_deadline(tmp_path: Path) -> None:
    body = "import time\nwhile True: time.sleep(60)"
    bicep = Bicep(executable(tmp_path / "bicep", body), timeout=0.3)
    started = time.monotonic()
    with pytest.raises(BicepError, match=r"Bicep did not answer bicep/version in 0.3 s"):
        bicep.version()
    assert time.monotonic() - started < 5
    assert not running(bicep._process.pid)


def test_the_answer_of_an_interrupted_call_is_passed_over(tmp_path: Path) -> None:
    body = """
import json, sys
def say(number, result):
    body = json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
    sys.stdout.buffer.flush()
say(0, {"version": "of another call"})
say(1, {"version": "1.2.3"})
sys.stdin.read()
"""
    with Bicep(executable(tmp_path / "bicep", body)) as bicep:
        assert bicep.version() == "1.2.3"


@pytest.mark.usefixtures("bicep")
def test_closing_ends_the_process_and_so_does_forgetting_it() -> None:
    with Bicep() as closed:
        assert closed.version()
        first = closed._process.pid
        assert running(first)
    assert not running(first)
    closed.close()
    forgotten = Bicep()
    second = forgotten._process.pid
    assert running(second)
    del forgotten
    assert not running(second)


@pytest.mark.usefixtures("bicep")
def test_a_program_that_ends_leaves_no_bicep_behind() -> None:
    body = (
        "from azd_ai_scaffold.bicep import Bicep; b = Bicep(); print(b._process.pid); b.version()"
    )
    source = Path(__file__).parent.parent / "src"
    environment = os.environ | {"PYTHONPATH": str(source)}
    done = subprocess.run(
        [sys.executable, "-c", body], env=environment, capture_output=True, text=True, check=True
    )
    assert not running(int(done.stdout))
