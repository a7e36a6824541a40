"""Every structural answer switched on and off by `copier update` equals a fresh rendering."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from copier import run_copy, run_update

from tests.matrix import STRUCTURAL, case_id, pairs
from tests.templates import commit, reduced, template_repository, tree

Answers = dict[str, object]
Fresh = Callable[[Answers], dict[str, bytes]]

LOCATION = "eastus"  # it has every service, and the default model in both kinds of residency
LENGTH = 10  # pairs that one repository walks through
SINGLE = [(pattern, name) for pattern, values in STRUCTURAL.items() for name in values]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's first release, with one file of each kind."""
    return template_repository(tmp_path_factory.mktemp("toggles") / "template", change=reduced)


@pytest.fixture(scope="module")
def fresh(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """The files of a fresh rendering, made once."""
    folder = tmp_path_factory.mktemp("fresh")
    trees: dict[str, dict[str, bytes]] = {}

    def files(answers: Answers) -> dict[str, bytes]:
        name = case_id(answers)
        if name not in trees:
            trees[name] = tree(copy(template, folder / str(len(trees)), answers))
        return trees[name]

    return files


def copy(template: Path, dest: Path, answers: Answers) -> Path:
    """A rendering by plain copier, without trust."""
    run_copy(str(template), dest, data=answers, defaults=True, quiet=True, unsafe=False)
    return dest


def walk(template: Path, dest: Path, fresh: Fresh, steps: Iterator[Answers]) -> None:
    """Render the first answers, then update to each of the next by what differs."""
    answers = {"location": LOCATION, **next(steps)}
    copy(template, dest, answers)
    commit(dest, "First rendering")
    for step in steps:
        changes = {name: value for name, value in step.items() if answers.get(name) != value}
        run_update(dest, data=changes, defaults=True, overwrite=True, quiet=True, unsafe=False)
        # Once asked for, where prompts may be processed is recorded whatever the services.
        kept = {name: answers[name] for name in ("location", "data_residency") if name in answers}
        answers = kept | step
        assert tree(dest) == fresh(answers), changes
        commit(dest, "Update")


@pytest.mark.parametrize(("pattern", "name"), SINGLE)
def test_each_value_of_an_answer_comes_and_goes(
    template: Path, tmp_path: Path, fresh: Fresh, pattern: str, name: str
) -> None:
    values = STRUCTURAL[pattern][name]
    steps = ({"pattern": pattern, name: value} for value in [*values, values[0]])
    walk(template, tmp_path / "dest", fresh, steps)


def tours() -> list[list[Answers]]:
    """Every pair of values, and the pattern changing again and again, in walks of equal length."""
    by_pattern = [[row for row in pairs() if row["pattern"] == pattern] for pattern in STRUCTURAL]
    rows = [row for both in itertools.zip_longest(*by_pattern) for row in both if row]
    return [rows[start : start + LENGTH + 1] for start in range(0, len(rows) - 1, LENGTH)]


@pytest.mark.parametrize("tour", tours(), ids=lambda tour: case_id(tour[0]))
def test_answers_that_change_together_equal_a_fresh_rendering(
    template: Path, tmp_path: Path, fresh: Fresh, tour: list[Answers]
) -> None:
    walk(template, tmp_path / "dest", fresh, iter(tour))


def test_the_tours_have_every_pair_of_answers() -> None:
    rows = [case_id(row) for row in itertools.chain(*tours())]
    assert set(rows) == {case_id(row) for row in pairs()}
