"""The documentation is current, and its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented import PAGES, page_name
from tests.rendering import ROOT
from tools.reference import PAGES as GENERATED
from tools.template import Template


@pytest.mark.parametrize("page", GENERATED)
def test_the_reference_is_current(page: str) -> None:
    current = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert current == GENERATED[page](Template()), "run python -m tools.reference"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_within_the_project_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    for link in links:
        if "://" not in link:
            assert (page.parent / link).exists(), link


def test_the_readme_has_every_question_and_value() -> None:
    template = Template()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    named = [name for questions, _ in rows for name in re.findall(r"`(\w+)`", questions)]
    assert named == list(template.questions)
    for questions, values in rows:
        if listed := re.findall(r"`([\w-]+)`", values):
            (question,) = re.findall(r"`(\w+)`", questions)
            assert listed == list(template.choices(question, **template.answers()))


def test_prices_are_those_of_the_questions() -> None:
    template = Template()
    services: list[object] = [["chat"], ["chat", "vision"], ["chat", "vision", "text"]]
    asked: list[dict[str, object]] = [
        {"pattern": "event-driven"},
        *({"services": chosen} for chosen in services),
    ]
    labels = " ".join(
        label
        for given in asked
        for question in ("network", "edge")
        for label in template.choices(question, **template.answers(**given)).values()
    )
    page = (ROOT / "docs/explanation/security-choices.md").read_text(encoding="utf-8")
    assert (prices := set(re.findall(r"\$\d+", page)))
    assert prices == set(re.findall(r"\$\d+", labels)) - {"$61", "$86"}  # within a range


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
