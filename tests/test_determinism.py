"""The same answers render the same bytes, whatever the machine and the moment."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import Render
from tests.matrix import DEFAULT
from tests.rendering import export_template
from tests.templates import tree

# Copier's command line in a process that finds the files of the template in the opposite order.
COPIER = """
import sys
from copier import _main
from copier._cli import CopierApp
scantree = _main.scantree
_main.scantree = lambda *options: reversed(list(scantree(*options)))
CopierApp.run(["copier", *sys.argv[1:]])
"""
NAME = {"project_name": "R&D l'équipe – Iİ東京"}  # no argument of a process whose locale is C
ANSWERS: dict[str, object] = {
    **NAME,
    "owner_email": "ada@example.com, ben@example.org",
    "services": ["vision", "chat"],
    "prod_size": "large",
    "edge": "front-door",
}
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Etc/GMT-14"}
# Where this locale is not installed, it is an unknown one, as in many containers.
TURKISH = {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr", "PYTHONUTF8": "1", "TZ": "Etc/GMT+12"}
MACHINES = {"c": (C_LOCALE, 0o077), "turkish": (TURKISH, 0o000)}


def executables(folder: Path) -> set[str]:
    """Files that their owner may run: all that git records of a file's mode."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o100
    }


@pytest.mark.parametrize("machine", MACHINES)
def test_another_machine_renders_the_same(rendering: Render, tmp_path: Path, machine: str) -> None:
    here = rendering(ANSWERS)
    locale, umask = MACHINES[machine]
    elsewhere = tmp_path / "another-folder"  # YAML would break the line of a path with spaces
    elsewhere.mkdir()
    template = shutil.copytree(export_template(), elsewhere / "template")
    (elsewhere / "name.yml").write_text(yaml.safe_dump(NAME))
    others = [(name, value) for name, value in reversed(ANSWERS.items()) if name not in NAME]
    data = ["--data-file=name.yml", *(f"--data={name}={value}" for name, value in others)]
    subprocess.run(
        [sys.executable, "-c", COPIER, "copy", "--defaults", "--quiet", *data, template, "there"],
        cwd=elsewhere,
        umask=umask,
        env=os.environ | locale | {"PYTHONHASHSEED": str(umask)},
        check=True,
    )
    there = elsewhere / "there"
    assert tree(there) == tree(here)
    assert executables(there) == executables(here)


def dates(folder: Path) -> set[str]:
    """Every date that a file below a folder holds."""
    texts = (path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())
    return set(itertools.chain(*(re.findall(r"\b20\d\d-\d\d-\d\d\b", text) for text in texts)))


def test_every_date_is_written_in_the_template(rendering: Render) -> None:
    found = dates(rendering(DEFAULT))
    assert found
    assert found <= dates(export_template())
