"""Runs the command line: in this process, which is quick, or as a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from azd_ai_scaffold.cli import run

CHOICE_WIDTH = 77  # a terminal's 80 columns without the indentation of questions and choices
COMMAND = [sys.executable, "-m", "azd_ai_scaffold"]


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it said."""

    code: int
    output: str
    error: str

    def assert_refused(self, reason: str, code: int = 1) -> None:
        """One line on standard error, nothing else, and the exit code."""
        assert (self.code, self.output) == (code, ""), self.error
        assert self.error.startswith("azd-ai-scaffold: "), self.error
        assert self.error.count("\n") == 1, self.error
        assert reason in self.error


class CommandLine:
    """The command line in this process, without a terminal."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: object) -> Result:
        """Run a command."""
        self._capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        said = self._capfd.readouterr()
        return Result(code, said.out, said.err)


def start(
    *arguments: object, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start a command as a process without a terminal."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: "subprocess.Popen[str]", folder: Path, pattern: str) -> None:
    """Until a running command has made a file of a pattern below a folder."""
    deadline = time.monotonic() + 180
    while not list(folder.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
