"""Every way to the template, through copier itself and through the command line, without trust."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy, run_recopy, run_update

from tests.command_line import CommandLine
from tests.small import CONFIGURATION, LINES, OLD, SECOND, release, small_template
from tests.templates import ANSWERS_FILE, commit, git, tree, write

UNATTENDED: dict[str, Any] = {"defaults": True, "quiet": True, "unsafe": False}
AddressOf = Callable[[Path], str]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a web server on this machine that serves the temporary folder."""
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["folder", "clone", "file", "http"])
def address_of(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AddressOf:
    """Publishes the template as it is now, and says where it is."""
    monkeypatch.setenv("COPIER_CACHE_DIR", str(tmp_path / "cache"))
    if request.param == "http":
        server = request.getfixturevalue("served")

    def published(template: Path) -> str:
        if request.param == "folder":
            return str(template)
        if request.param == "file":
            return f"git+{template.as_uri()}"
        copy = tmp_path / "published.git"
        kind = "--bare" if request.param == "http" else "--quiet"
        if not copy.exists():
            git(tmp_path, "clone", "--quiet", kind, str(template), str(copy))
        git(copy, "fetch", "--quiet", "--tags", str(template), "main")
        if request.param == "clone":
            git(copy, "reset", "--quiet", "--hard", "FETCH_HEAD")
            return str(copy)
        git(copy, "update-ref", "refs/heads/main", "FETCH_HEAD")
        git(copy, "update-server-info")
        return f"{server}/published.git"

    return published


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The small template, as its first release."""
    return small_template(tmp_path / "template")


def test_the_command_line_copies_and_updates(
    template: Path, tmp_path: Path, address_of: AddressOf, command: CommandLine
) -> None:
    dest, fresh = tmp_path / "dest", tmp_path / "fresh"
    quiet = ("--defaults", "--quiet")
    address = address_of(template)
    assert command("new", dest, *quiet, f"--template={address}").code == 0
    assert f"_src_path: {address}\n" in (dest / ANSWERS_FILE).read_text(encoding="utf-8")
    release(template, "v0.2.0", SECOND)
    assert address_of(template) == address
    assert command("update", dest, "--check", "--quiet").code == 2
    result = command("update", dest, *quiet)
    assert (result.code, result.output, result.error) == (0, "", "")
    assert command("new", fresh, *quiet, f"--template={address}").code == 0
    assert tree(dest) == tree(fresh)
    assert command("update", dest, "--check", "--quiet").code == 0


def test_copier_copies_updates_and_recopies(
    template: Path, tmp_path: Path, address_of: AddressOf
) -> None:
    dest, fresh = tmp_path / "dest", tmp_path / "fresh"
    address = address_of(template)
    run_copy(address, dest, **UNATTENDED)
    write(dest, {"chat.txt": "mine\n"})
    commit(dest, "First rendering, edited")
    release(template, "v0.2.0", SECOND)
    address_of(template)
    run_update(dest, overwrite=True, **UNATTENDED)
    run_copy(address, fresh, **UNATTENDED)
    assert tree(dest) == {**tree(fresh), "chat.txt": b"mine\n"}
    commit(dest, "Update")
    run_recopy(dest, overwrite=True, **UNATTENDED)
    assert tree(dest) == tree(fresh)


def test_the_command_line_goes_on_where_copier_began_and_the_other_way_round(
    template: Path, tmp_path: Path, command: CommandLine
) -> None:
    dest, fresh = tmp_path / "dest", tmp_path / "fresh"
    run_copy(str(template), dest, **UNATTENDED)
    commit(dest, "First rendering")
    release(template, "v0.2.0", SECOND)
    assert command("update", dest, "--defaults", "--quiet").code == 0
    commit(dest, "Second")
    release(template, "v0.3.0", {"template/third.txt": LINES})
    run_update(dest, overwrite=True, **UNATTENDED)
    run_copy(str(template), fresh, **UNATTENDED)
    assert tree(dest) == tree(fresh)


def test_what_is_not_committed_in_a_clone_is_never_rendered_from_a_release(
    template: Path, tmp_path: Path, command: CommandLine
) -> None:
    """Copier leaves it out, the command line says so."""
    write(template, {"template/draft.txt": "draft\n"})
    dest = tmp_path / "dest"
    run_copy(str(template), dest, **UNATTENDED)
    commit(dest, "First rendering")
    git(template, "tag", "v0.2.0")
    run_update(dest, overwrite=True, **UNATTENDED)
    assert not (dest / "draft.txt").exists()
    refused = command("new", tmp_path / "other", "--defaults", f"--template={template}")
    refused.assert_refused("has changes that are not committed: commit or stash them first")


def test_plain_copier_says_nothing_about_what_the_command_line_calls_a_conflict(
    template: Path, tmp_path: Path
) -> None:
    """Why there is a merge of our own; when copier changes, the how-to on updates has to."""
    dest = tmp_path / "dest"
    run_copy(str(template), dest, data={"location": "westus2"}, **UNATTENDED)
    write(dest, {"old.txt": OLD + "mine\n", "guide.txt": LINES.replace("line 1\n", "my line 1\n")})
    (dest / "chat.txt").write_bytes(b"\x00mine")
    commit(dest, "First rendering, edited")
    changed = {"copier.yml": CONFIGURATION.replace("westus2, ", ""), "template/old.txt": None}
    release(template, "v0.2.0", {**SECOND, **changed, "template/chat.txt": LINES + "more\n"})
    run_update(dest, overwrite=True, **UNATTENDED)  # ends as if all was well
    assert not (dest / "old.txt").exists()
    assert (dest / "chat.txt").read_text(encoding="utf-8") == LINES + "more\n"
    assert "<<<<<<< before updating" in (dest / "guide.txt").read_text(encoding="utf-8")
    assert "location: swedencentral" in (dest / ANSWERS_FILE).read_text(encoding="utf-8")
