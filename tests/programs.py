"""Programs that a test runs and a user's machine may lack."""

import os
import shutil
from typing import NoReturn

import pytest

PROGRAMS = {
    "npm": "Node.js 20 or later (https://nodejs.org)",
    "chromium": "Chromium (Debian: apt-get install chromium)",
}


def missing(what: str) -> NoReturn:
    """Skip the test with one line that names what is missing; in the gate (``CI``) fail it."""
    reason = f"{what} is missing"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def program(name: str) -> str:
    """Path of a program on PATH; without it the test is skipped, or fails in the gate."""
    found = shutil.which(name)
    if not found:
        missing(PROGRAMS[name])
    return found
