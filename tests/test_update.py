"""`copier update` without trust: owners keep what is theirs, the rest is a fresh rendering."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from copier import run_copy, run_update

from tests.command_line import CommandLine
from tests.templates import (
    ANSWERS_FILE,
    commit,
    git,
    questions_repository,
    reduced,
    template_repository,
    tree,
    write,
)

# Template files of this test's own, so that it does not depend on what the template holds.
LINES = "".join(f"line {number}\n" for number in range(20))
FILES = {f"guide/{name}.txt": LINES for name in ("kept", "merged", "renamed", "deleted", "dropped")}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as its first release, with one file of each kind."""
    return template_repository(tmp_path_factory.mktemp("update") / "template", reduced)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """The questions, as their first release: all that decides about answers."""
    return questions_repository(tmp_path / "template", FILES)


def copy(template: Path, dest: Path, **answers: object) -> Path:
    """A fresh rendering, as plain copier makes it."""
    run_copy(str(template), dest, data=dict(answers), defaults=True, quiet=True, unsafe=False)
    return dest


def repository(template: Path, dest: Path, **answers: object) -> Path:
    """A fresh rendering that its owner committed."""
    copy(template, dest, **answers)
    commit(dest, "First rendering")
    return dest


def update(dest: Path, **answers: object) -> None:
    """An unattended `copier update`."""
    run_update(dest, data=dict(answers), defaults=True, overwrite=True, quiet=True, unsafe=False)


def with_edits(fresh: Mapping[str, bytes], **edits: str | None) -> dict[str, bytes]:
    """A fresh rendering's files with the owner's edits; None removes a file."""
    files = dict(fresh)
    for name, text in edits.items():
        if text is None:
            del files[name]
        else:
            files[name] = text.encode()
    return files


def test_an_update_without_a_change_does_nothing(template: Path, tmp_path: Path) -> None:
    dest = repository(template, tmp_path / "dest")
    update(dest)
    assert git(dest, "status", "--porcelain") == ""


@pytest.mark.parametrize("by", ["copier", "command line"])
def test_edits_and_deletions_survive_a_newer_template(
    questions: Path, tmp_path: Path, command: CommandLine, by: str
) -> None:
    dest = repository(questions, tmp_path / "dest")
    mine = {
        "guide/kept.txt": LINES + "mine\n",
        "guide/merged.txt": LINES.replace("line 18\n", "my line 18\n"),
        "services/own/README.md": "mine\n",
        "notes.txt": "mine\n",
    }
    write(dest, mine)
    (dest / "guide/deleted.txt").unlink()
    git(dest, "mv", "guide/renamed.txt", "guide/my-name.txt")
    commit(dest, "Own work")

    template = questions / "template"
    write(
        template,
        {
            "guide/merged.txt": LINES.replace("line 1\n", "their line 1\n"),
            "guide/added.txt.jinja": "[[ project_name ]]\n",
        },
    )
    (template / "guide/dropped.txt").unlink()
    commit(questions, "feat: second release", "v0.2.0")
    if by == "copier":
        update(dest)
    else:
        assert command("update", dest, "--defaults", "--quiet").code == 0

    fresh = tree(copy(questions, tmp_path / "fresh"))
    assert fresh["guide/added.txt"] == b"AI Platform\n"
    assert "guide/dropped.txt" not in fresh
    expected = with_edits(
        fresh,
        **mine
        | {
            "guide/merged.txt": LINES.replace("line 1\n", "their line 1\n").replace(
                "line 18\n", "my line 18\n"
            ),
            "guide/deleted.txt": None,
            "guide/renamed.txt": None,
            "guide/my-name.txt": LINES,
        },
    )
    assert tree(dest) == expected
    assert ANSWERS_FILE in git(dest, "diff", "HEAD", "--name-only").splitlines()


def test_a_deselected_service_takes_its_files_along_and_nothing_else(
    template: Path, tmp_path: Path
) -> None:
    every, rest = ["chat", "vision", "text"], ["vision", "text"]
    mine = {"notes.txt": "mine\n", "services/chat/NOTES.md": "mine\n"}
    dest = repository(template, tmp_path / "dest")
    whole = tree(dest)
    write(dest, mine)
    commit(dest, "Own work")

    update(dest, services=rest)
    without = tree(copy(template, tmp_path / "without", services=rest))
    assert without.keys() < whole.keys()
    assert tree(dest) == with_edits(without, **mine)
    commit(dest, "Without")

    update(dest, services=every)
    assert tree(dest) == with_edits(whole, **mine)


@pytest.mark.parametrize("first", ["microservices", "event-driven"])
def test_another_pattern_leaves_its_fresh_rendering_and_what_is_the_owners(
    template: Path, tmp_path: Path, first: str
) -> None:
    (second,) = {"microservices", "event-driven"} - {first}
    mine = {
        "notes.txt": "mine\n",
        "services/own/README.md": "mine\n",
        "functions/own/README.md": "mine\n",
        "infra/core/messaging/own.bicep": "param mine string\n",
    }
    dest = repository(template, tmp_path / "dest", pattern=first)
    write(dest, mine)
    commit(dest, "Own work")

    update(dest, pattern=second)
    assert tree(dest) == with_edits(
        tree(copy(template, tmp_path / "fresh", pattern=second)), **mine
    )
    commit(dest, "The other pattern")

    update(dest, pattern=first)
    assert tree(dest) == with_edits(tree(copy(template, tmp_path / "back", pattern=first)), **mine)


@pytest.mark.parametrize(
    "answers",
    [
        {
            "project_name": "R&D l'équipe",
            "project_slug": "another-name",
            "owner_email": "ada@example.com, ben@example.org",
            "dev_size": "small",
            "prod_size": "large",
        },
        {"chat_model": "gpt-5.4", "data_residency": "data-zone", "location": "eastus"},
    ],
    ids=lambda answers: "+".join(answers),
)
def test_a_changed_value_equals_a_fresh_rendering(
    template: Path, tmp_path: Path, answers: dict[str, object]
) -> None:
    """Of answers that are no structure, which are in test_toggles.py."""
    dest = repository(template, tmp_path / "dest")
    update(dest, **answers)
    changed = tree(dest)
    assert changed == tree(copy(template, tmp_path / "fresh", **answers))
    commit(dest, "Changed")
    update(dest, **{name: DEFAULTS[name] for name in answers})
    assert tree(dest) == tree(copy(template, tmp_path / "default"))
    assert tree(dest) != changed


def test_a_repository_older_than_the_network_keeps_what_it_has(
    questions: Path, tmp_path: Path
) -> None:
    dest = repository(questions, tmp_path / "dest", network="public")
    answers = dest / ANSWERS_FILE
    recorded = answers.read_text(encoding="utf-8")
    older = recorded.replace("network: public\n", "")
    assert older != recorded
    answers.write_text(older, encoding="utf-8")
    commit(dest, "Before the question")
    commit(questions, "feat: second release", "v0.2.0")
    update(dest)
    assert tree(dest) == tree(copy(questions, tmp_path / "fresh", network="public"))


DEFAULTS: dict[str, object] = {
    "project_name": "AI Platform",
    "project_slug": "ai-platform",
    "owner_email": "owner@example.com",
    "chat_model": "gpt-5.4-mini",
    "data_residency": "global",
    "location": "francecentral",
    "dev_size": "minimal",
    "prod_size": "small",
}


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ({"services": ["chat", "vision"]}, "no image captions in uksouth: omit vision"),
        ({"chat_model": "gpt-5.5"}, "no region has it with chat: choose another"),
        (
            {"data_residency": "data-zone"},
            "no region has gpt-5.4-mini with chat: change it",
        ),
        ({"location": "westus2"}, "no Azure OpenAI: change region or omit chat"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_the_region_lacks_is_refused_instead_of_moving_the_repository(
    questions: Path, tmp_path: Path, answers: dict[str, object], refusal: str
) -> None:
    """Copier would replace the old location by the default, without a word."""
    dest = repository(questions, tmp_path / "dest", services=["chat"], location="uksouth")
    with pytest.raises(ValueError, match=refusal):
        update(dest, **answers)
    assert git(dest, "status", "--porcelain") == ""


def test_a_pattern_whose_services_the_region_lacks_is_refused(
    questions: Path, tmp_path: Path
) -> None:
    dest = repository(questions, tmp_path / "dest", services=["chat"], location="italynorth")
    with pytest.raises(ValueError, match="no Document Intelligence in italynorth"):
        update(dest, pattern="event-driven")
    assert git(dest, "status", "--porcelain") == ""


def test_a_pattern_takes_the_services_that_the_region_has(questions: Path, tmp_path: Path) -> None:
    old = {"pattern": "event-driven", "location": "swedencentral"}
    dest = repository(questions, tmp_path / "dest", **old)
    update(dest, pattern="microservices")
    answers = {"services": ["chat", "text"], "location": "swedencentral"}
    assert tree(dest) == tree(copy(questions, tmp_path / "fresh", **answers))


def test_a_service_and_a_region_that_has_it_may_come_together(
    questions: Path, tmp_path: Path
) -> None:
    dest = repository(questions, tmp_path / "dest", services=["chat"], location="uksouth")
    answers = {"services": ["chat", "vision"], "location": "koreacentral"}
    update(dest, **answers)
    assert tree(dest) == tree(copy(questions, tmp_path / "fresh", **answers))


def test_answers_outlive_new_defaults(questions: Path, tmp_path: Path) -> None:
    given = {
        "services": ["chat", "text"],
        "chat_model": "gpt-5.5",
        "location": "swedencentral",
        "prod_size": "medium",
        "license": "none",
    }
    dest = repository(questions, tmp_path / "dest", **given)
    configuration = questions / "copier.yml"
    text = configuration.read_text(encoding="utf-8")
    changed = text.replace("default: small\n", "default: large\n")
    assert changed != text
    configuration.write_text(changed, encoding="utf-8")
    commit(questions, "feat: another default", "v0.2.0")
    update(dest)
    assert tree(dest) == tree(copy(questions, tmp_path / "fresh", **given))
    assert git(dest, "status", "--porcelain").splitlines() == [f"M {ANSWERS_FILE}"]
