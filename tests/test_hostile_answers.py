"""Answers nobody should give: refused in one line, or rendered literally into valid files."""

import contextlib
import functools
import html.parser
import io
import itertools
import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from copier import run_copy
from hypothesis import HealthCheck, example, given, seed, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from azd_ai_scaffold import cli
from tests.rendering import export_template
from tests.templates import ANSWERS_FILE, questions_repository
from tools.template import Template

TEMPLATE = Template()
FREE_TEXT = ("project_name", "project_slug", "owner_email")
# What free text is written into: no code, Bicep, shell or workflow, so it can break none.
CARRIERS = {".yaml", ".json", ".toml", ".md", ".html", ".yml", "LICENSE"}
GROUPS, EXAMPLES = 4, 250  # 1,000 sets of answers, shared by pytest's workers

CHARACTERS = (
    "'\"`\\|<>#-:?!&*@%~={}[]$;,._+() \n\r\t\x00\x1b\x7f\x85\u2028\u202e\u200b\ufeff\ud800"
    "\u00a0\u3000\u0301éßİſⅧ¼東नםش👩"
)
WORDS = r"""
${HOME} $(id) {{7*7}} [[7*7]] [%if%] [#c#] {%raw%} %s %00 ../.. C:\\ // /* */ -- --- ''' && ||
null true no ~ 0x1F 1e3 007 2026-11-25 << !!python/none %YAML &anchor *alias 1. ## C# ### AI R&D
<script> </title> &lt; &amp; &#x27; &copy *em* _em_ __b__ ~~s~~ `c` ![i](u) [l](u)
https://example.com www.example.com ada@example.com :smile: l'équipe नमस्ते 👩‍💻 שלום مرحبا
"""
FRAGMENTS = [*CHARACTERS, *WORDS.split(), "Ada", "B", " ", "x" * 60, "n" * 10_000]
TEXT = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=5).map("".join),
    st.text(max_size=70),
    # Only what the validator lets pass, so that many of the examples are rendered.
    st.text(
        st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters='"\\<>{}[]$|`'),
        min_size=1,
        max_size=60,
    ).map(str.strip),
)
ADDRESS = st.one_of(
    st.emails(), st.just("ada@example.com"), st.just("ada@example.com, b+c@example.org"), TEXT
)
SLUG = st.one_of(st.from_regex(r"[a-z][a-z0-9-]{1,28}[a-z0-9]", fullmatch=True), TEXT)
ANSWERS = st.fixed_dictionaries(
    {"project_name": TEXT}, optional={"project_slug": SLUG, "owner_email": ADDRESS}
)


def carriers(template: Path) -> list[Path]:
    """Files of the template that free text is written into."""
    names = re.compile("|".join(FREE_TEXT))
    return [
        path
        for path in sorted((template / "template").rglob("*.jinja"))
        if names.search(path.read_text(encoding="utf-8")) or "answers_file" in path.name
    ]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template without the files that no free text reaches: those are the same for all text."""
    source = export_template()
    dest = tmp_path_factory.mktemp("hostile") / "template"
    for path in [source / "copier.yml", *(source / "tables").iterdir(), *carriers(source)]:
        target = dest / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return dest


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The questions as a git repository, which the command line asks for: enough to refuse."""
    return questions_repository(tmp_path_factory.mktemp("repository") / "template")


@pytest.fixture(scope="module")
def plain(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What harmless answers give."""
    dest = tmp_path_factory.mktemp("plain") / "plain"
    run_copy(str(template), dest, defaults=True, quiet=True)
    return dest


class Structure(html.parser.HTMLParser):
    """Tags with their attributes, and the texts between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@functools.cache
def markdown_structure(text: str) -> list[str]:
    """Kinds of block and inline elements, in order."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    inline = [[child.type for child in token.children or []] for token in tokens]
    return [*(token.type for token in tokens), *itertools.chain(*inline)]


def first_heading(text: str) -> str:
    """The text of the first heading, as a reader sees it."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    heading = tokens[[token.type for token in tokens].index("heading_open") + 1]
    return " ".join("".join(child.content for child in heading.children or []).split())


def check(dest: Path, plain: Path, answers: dict[str, str]) -> None:
    """Every rendered file is valid, carries the answers literally and gains nothing else."""
    name = answers["project_name"]
    recorded = yaml.safe_load((dest / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert {key: recorded[key] for key in answers} == answers
    slug, addresses = recorded["project_slug"], re.split(r", *", recorded["owner_email"])
    assert yaml.safe_load((dest / "azure.yaml").read_text())["name"] == slug
    assert json.loads((dest / ".devcontainer/devcontainer.json").read_text())["name"] == name
    assert tomllib.loads((dest / "pyproject.toml").read_text())["project"]["name"].startswith(slug)
    assert f" the {name} authors\n" in (dest / "LICENSE").read_text(encoding="utf-8")

    page, plain_page = (
        Structure((folder / "web/index.html").read_text(encoding="utf-8"))
        for folder in (dest, plain)
    )
    assert page.tags == plain_page.tags
    shown = " ".join(name.split())
    assert [text.strip() for text in page.texts].count(shown) == 2
    for path in dest.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        if path.name == "README.md":
            assert first_heading(text) == shown
        if len(addresses) == 1 or not any(address in text for address in addresses):
            assert markdown_structure(text) == markdown_structure(
                (plain / path.relative_to(dest)).read_text(encoding="utf-8")
            )
    for name_of_file in ("SECURITY.md", "CODE_OF_CONDUCT.md"):
        text = (dest / name_of_file).read_text(encoding="utf-8")
        assert all(f"<{address}>" in text for address in addresses)


@contextlib.contextmanager
def temporary_destination() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "rendered"


def test_free_text_reaches_no_code() -> None:
    found = {
        path.with_suffix("") for path in carriers(export_template()) if "answers" not in path.name
    }
    assert {path.suffix or path.name for path in found} <= CARRIERS


@pytest.mark.parametrize("group", range(GROUPS))
def test_hostile_answers_are_refused_or_rendered_literally(
    template: Path, repository: Path, plain: Path, group: int
) -> None:
    rendered = refused = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @example(answers={"project_name": "C #"})
    @example(answers={"project_name": "*R&D* _x_ ~~y~~ &amp; &copy; 1. ###"})
    @example(answers={"project_name": "x", "owner_email": "a*b@example.com"})
    @seed(group)
    @given(answers=ANSWERS)
    def each(answers: dict[str, str]) -> None:
        nonlocal rendered, refused
        with temporary_destination() as dest:
            if accepted(answers):
                rendered += 1
                run_copy(str(template), dest, data=dict(answers), defaults=True, quiet=True)
                check(dest, plain, answers)
            else:
                refused += 1
                refused_by_command_line(repository, dest, answers)

    each()
    assert min(rendered, refused) > EXAMPLES / 10, (rendered, refused)


def accepted(answers: dict[str, str]) -> bool:
    """Whether the validators have nothing to say."""
    return not any(
        TEMPLATE.render(TEMPLATE.questions[name]["validator"], **answers).strip()
        for name in answers
    )


def refused_by_command_line(repository: Path, dest: Path, answers: dict[str, str]) -> None:
    data = [f"--data={name}={value}" for name, value in answers.items()]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = cli.run(["new", str(dest), "--defaults", f"--template={repository}", *data])
    assert code == 1
    assert re.fullmatch(r"azd-ai-scaffold: [^\n]+\n", said.getvalue()), said.getvalue()
    assert not dest.exists()
