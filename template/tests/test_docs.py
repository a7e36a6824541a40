"""What the documentation names exists: files, headings and azd variables."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MADE_LATER = {"node_modules", "dist"}


def tracked(folder: Path) -> Iterator[Path]:
    """Every path below a folder, but for what tools make."""
    for path in sorted(folder.iterdir()):
        if path.name in MADE_LATER or (path.name.startswith(".") and path.name != ".github"):
            continue
        yield path
        if path.is_dir():
            yield from tracked(path)


PATHS = list(tracked(ROOT))
PAGES = [path for path in PATHS if path.suffix == ".md"]
FOLDERS = sorted(path.name for path in PATHS if path.parent == ROOT and path.is_dir())
PARAMETERS = (ROOT / "infra/main.parameters.json").read_text(encoding="utf-8")
VARIABLES = set(re.findall(r"\$\{(\w+)", PARAMETERS))

every_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(ROOT).as_posix())
)


def prose(page: Path) -> str:
    """Text of a page without its fenced blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as a forge makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https://|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@every_page
def test_named_paths_exist(page: Path) -> None:
    folders = "|".join(map(re.escape, FOLDERS))
    named = re.findall(
        rf"(?<![\w./<-])((?:{folders})/[\w./-]*\w)(?![\w<*])", page.read_text(encoding="utf-8")
    )
    for name in named:
        if not MADE_LATER.intersection(Path(name).parts):
            assert (ROOT / name).exists(), name


@every_page
def test_a_page_has_one_title_and_says_the_language_of_its_blocks(page: Path) -> None:
    assert len(re.findall(r"^# ", prose(page), re.MULTILINE)) == 1
    fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert all(fences[::2])


@every_page
def test_commands_set_variables_that_exist(page: Path) -> None:
    commands = re.findall(r"azd env set (\w+)", page.read_text(encoding="utf-8"))
    # azd itself reads these two.
    assert set(commands) - {"AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID"} <= VARIABLES


def test_every_azd_variable_is_described() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    chapters = page.partition("## What a workload reads")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", chapters, re.MULTILINE)) == sorted(VARIABLES)
