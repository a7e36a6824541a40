"""What the documentation tells its readers to run."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tests.rendering import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def page_name(page: Path) -> str:
    """Path of a page from the root of the project."""
    return page.relative_to(ROOT).as_posix()


def fenced_commands(page: Path) -> list[str]:
    """Every command of a page's console and shell blocks, in the order of reading."""
    text = page.read_text(encoding="utf-8")
    return [
        command
        for _, language, body in FENCE.findall(text)
        if language in ("console", "shell")
        for line in textwrap.dedent(body).replace("\\\n", " ").splitlines()
        for command in line.split(" && ")
    ]


def inline_code(page: Path) -> Iterator[str]:
    """Every piece of code within a page's sentences and tables."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    return (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose))


def commands_of(program: str, page: Path) -> list[list[str]]:
    """Arguments of each call of a program on a page, fenced or inline."""
    calls = (code for code in [*fenced_commands(page), *inline_code(page)])
    words = (shlex.split(call) for call in calls if program in call)
    return [
        call[call.index(program) + 1 :]
        for call in words
        if program in call[:2]  # the first word, or after uvx
    ]
