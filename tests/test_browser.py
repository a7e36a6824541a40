"""The default rendering as a person uses it: `run_local.py`, a real Chromium, the page.

Every failure that the stand-in can play must reach the reader as a clear message.
"""

import contextlib
import json
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import Render, environment_with_bytecode, link_packages
from tests.programs import program

UV = Path(sys.executable).parent / "uv"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # as root there is none
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
QUESTION = "How do clouds stay up?"

pytestmark = pytest.mark.xdist_group("browser")


def free_offset() -> int:
    """An offset at which nobody listens on a port of the local run, in IPv4 or in IPv6."""
    while True:
        # Below the ports that systems give to outgoing connections (from 32768 on).
        offset = random.randrange(10_000, 23_000)
        ports = [port + offset for port in (5173, 8080, 8081, 8082, 8083, 8090)]
        if not any(listens(host, port) for port in ports for host in ("127.0.0.1", "::1")):
            return offset


def listens(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def png(width: int, height: int) -> bytes:
    """A plain grey image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class LocalRun:
    """A running `run_local.py`, with the addresses of its page and of its stand-in."""

    def __init__(self, offset: int) -> None:
        self.page = f"http://localhost:{5173 + offset}"
        self._failure = f"http://localhost:{8090 + offset}/standin/failure"

    def fail(self, **failure: object) -> None:
        """Let the next calls of an AI service fail."""
        self._send("PUT", json.dumps(failure).encode())

    def recover(self) -> None:
        self._send("DELETE", None)

    def _send(self, method: str, body: bytes | None) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._failure, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=10):
            pass


@pytest.fixture(scope="module")
def local_run(
    rendering: Render, web_packages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalRun]:
    repository = tmp_path_factory.mktemp("browser") / "repository"
    shutil.copytree(rendering({}), repository)
    link_packages(web_packages, repository / "web")
    subprocess.run([UV, "sync", "--quiet", "--all-packages"], cwd=repository, check=True)
    offset = free_offset()
    # Deadlines as in production, only shorter: a hanging service must not take a minute here.
    short = {f"AZURE_{name}_TIMEOUT_SECONDS": "3" for name in ("OPENAI", "VISION")}
    short["AZURE_DOCUMENT_INTELLIGENCE_TIMEOUT_SECONDS"] = "6"  # outlasts retried polls
    process = subprocess.Popen(
        [repository / ".venv/bin/python", "scripts/run_local.py", f"--port-offset={offset}"],
        cwd=repository,
        env={**environment_with_bytecode(), **short},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            if " runs at " in line:
                break
        else:
            pytest.fail(f"run_local.py ended: {printed}")
        # Nobody reads on, and a full pipe would stop the run.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield LocalRun(offset)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, printed


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program("chromium"), args=CHROMIUM_ARGUMENTS
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, local_run: LocalRun) -> Iterator[Page]:
    """The page, freshly loaded, with services that work; a script error fails the test."""
    local_run.recover()
    errors: list[str] = []
    tab = browser.new_page()
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(local_run.page)
    yield tab
    tab.close()
    assert errors == []


def ask(page: Page) -> None:
    page.get_by_label("Message", exact=True).fill(QUESTION)
    page.get_by_role("button", name="Send").click()


def upload(page: Page, kind: str, name: str, media_type: str, content: bytes) -> None:
    page.get_by_role("tab", name=kind).click()
    choose = page.get_by_label(f"Choose {'an' if kind == 'Image' else 'a'} {kind.lower()}")
    choose.set_input_files({"name": name, "mimeType": media_type, "buffer": content})


def upload_image(page: Page) -> None:
    upload(page, "Image", "grey.png", "image/png", png(64, 64))


def upload_document(page: Page) -> None:
    upload(page, "Document", "letter.pdf", "application/pdf", b"%PDF-1.7\n%%EOF\n")


def test_an_answer_appears_as_it_is_written(page: Page) -> None:
    ask(page)
    answer = page.get_by_role("article", name="Assistant")
    seen: set[int] = set()
    while not answer.get_by_label("Token usage").is_visible():
        seen.add(len(answer.inner_text()))
        page.wait_for_timeout(20)
    assert len(seen) > 5, "the answer came at once"
    assert "clouds" in answer.inner_text()
    expect(answer.get_by_label("Token usage")).to_contain_text("tokens in")


def test_an_answer_can_be_stopped(page: Page, local_run: LocalRun) -> None:
    local_run.fail(service="openai", mode="slow", after_events=6, seconds=30)
    ask(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("You stopped this answer.")).to_be_visible()
    local_run.recover()
    ask(page)
    expect(page.get_by_label("Token usage")).to_be_visible()


def test_an_image_is_described(page: Page) -> None:
    upload_image(page)
    for section in ("Caption", "Tags", "Text"):
        expect(page.get_by_role("region", name=section)).to_be_visible()


def test_a_document_is_read(page: Page) -> None:
    upload_document(page)
    for section in ("Text", "Key-value pairs", "Table 1"):
        expect(page.get_by_role("region", name=section, exact=True)).to_be_visible()
    expect(page.get_by_role("columnheader").first).to_be_visible()


CONSEQUENCES = {
    "throttle": "Too many requests",
    "error": "did not answer properly",
    "slow": "took too long",
}


@pytest.mark.parametrize(
    ("service", "mode", "message"),
    [
        *(
            (service, *item)
            for service in ("openai", "vision", "documents")
            for item in CONSEQUENCES.items()
        ),
        ("openai", "cut", "did not answer properly"),
        ("vision", "cut", "did not answer properly"),
        ("documents", "cut", "did not answer properly"),
    ],
)
def test_every_failure_is_a_clear_message(
    page: Page, local_run: LocalRun, service: str, mode: str, message: str
) -> None:
    local_run.fail(service=service, mode=mode)
    {"openai": ask, "vision": upload_image, "documents": upload_document}[service](page)
    alert = page.get_by_role("alert").filter(visible=True)
    expect(alert).to_contain_text(message, timeout=20_000)
    local_run.recover()


def test_a_file_of_the_wrong_kind_never_leaves_the_page(page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    upload(page, "Image", "notes.txt", "text/plain", b"hello")
    expect(page.get_by_role("alert").filter(visible=True)).to_be_visible()
    assert not [url for url in requests if "/api/" in url]
