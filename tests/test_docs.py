"""The documentation is current, and its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rendering import ROOT
from tools.reference import PAGES as GENERATED
from tools.template import Template

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", GENERATED)
def test_the_reference_is_current(page: str) -> None:
    current = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert current == GENERATED[page](Template()), "run python -m tools.reference"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_within_the_project_lead_to_files(page: object) -> None:
    (path,) = [known for known in PAGES if known == page]
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    for link in links:
        if "://" not in link:
            assert (path.parent / link).exists(), link


def test_every_page_is_reachable_from_the_readme() -> None:
    found, pending = set(), [ROOT / "README.md"]
    while pending:
        page = pending.pop()
        if page in found:
            continue
        found.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
        pending.extend((page.parent / link).resolve() for link in links)
    assert set(PAGES) <= found


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet"]
    done = subprocess.run(
        [*build, "--doctree-dir", str(tmp_path / "trees"), "docs", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").is_file()
