"""Why the rules of change in copier.yml are what they are: copier and an older repository."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy, run_update
from jinja2 import UndefinedError

from tests import small
from tests.small import FILES, LINES, release, small_template
from tests.templates import ANSWERS_FILE, commit, tree

UNATTENDED: dict[str, Any] = {"defaults": True, "quiet": True, "unsafe": False}
CONFIGURATION = "_envops: {undefined: jinja2.StrictUndefined}\n" + small.CONFIGURATION
CACHE = "cache: {type: str, choices: [none, redis], default: none}\n"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The small template, as strict as the real one."""
    folder = small_template(tmp_path / "template")
    release(folder, "v0.1.1", {"copier.yml": CONFIGURATION})
    return folder


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Path:
    """A rendering of that release, committed."""
    dest = tmp_path / "dest"
    run_copy(str(template), dest, data={"location": "westus2"}, **UNATTENDED)
    commit(dest, "First rendering")
    return dest


def excluding(condition: str, path: str) -> str:
    """The configuration with one more exclusion."""
    line = f'"{{% if {condition} %}}{path}{{% endif %}}"'
    return CONFIGURATION.replace("_exclude: [", f"_exclude: [{line}, ")


def update(dest: Path, **answers: object) -> dict[str, Any]:
    """An unattended update, committed; the answers that it recorded."""
    run_update(dest, data=answers, overwrite=True, **UNATTENDED)
    commit(dest, "Update")
    recorded = yaml.safe_load((dest / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert isinstance(recorded, dict)
    return recorded


def fresh(template: Path, dest: Path, **answers: object) -> dict[str, bytes]:
    """The files of a fresh rendering of the newest release."""
    run_copy(str(template), dest, data=answers, **UNATTENDED)
    return tree(dest)


def test_a_new_question_and_an_exclusion_that_depends_on_it(
    template: Path, repository: Path, tmp_path: Path
) -> None:
    condition = "cache is defined and cache == 'none'"
    configuration = excluding(condition, "/cache.txt") + CACHE
    release(template, "v0.2.0", {"copier.yml": configuration, "template/cache.txt": LINES})
    assert update(repository)["cache"] == "none"
    without = fresh(template, tmp_path / "without", location="westus2")
    assert tree(repository) == without
    assert "cache.txt" not in without

    answers = {"location": "westus2", "cache": "redis"}
    update(repository, cache="redis")
    assert tree(repository) == fresh(template, tmp_path / "with", **answers)
    assert (repository / "cache.txt").exists()
    update(repository, cache="none")
    assert tree(repository) == without


def test_without_asking_whether_it_is_defined_a_new_question_stops_every_older_repository(
    template: Path, repository: Path
) -> None:
    configuration = excluding("cache == 'none'", "/cache.txt") + CACHE
    release(template, "v0.2.0", {"copier.yml": configuration, "template/cache.txt": LINES})
    with pytest.raises(UndefinedError, match="'cache' is undefined"):
        update(repository)


def test_a_renamed_question_takes_over_the_answer(
    template: Path, repository: Path, tmp_path: Path
) -> None:
    default = "\"{{ location if location is defined else 'swedencentral' }}\""
    configuration = CONFIGURATION.replace("location:\n", "region:\n").replace(
        "default: swedencentral", f"default: {default}"
    )
    name = "template/name.txt.jinja"
    renamed = FILES[name].replace("location", "region")
    release(template, "v0.2.0", {"copier.yml": configuration, name: renamed})
    recorded = update(repository)
    assert recorded["region"] == "westus2"
    assert "location" not in recorded
    assert tree(repository) == fresh(template, tmp_path / "fresh", region="westus2")
    # The next update no longer finds the old name, and keeps the answer under the new one.
    release(template, "v0.3.0", {"template/third.txt": LINES})
    assert update(repository)["region"] == "westus2"


def test_a_retired_value_stays_chosen(template: Path, repository: Path, tmp_path: Path) -> None:
    retired = '["westus2 (retired)", westus2], [uksouth, uksouth], [swedencentral, swedencentral]'
    configuration = CONFIGURATION.replace("westus2, uksouth, swedencentral", retired)
    assert configuration != CONFIGURATION
    release(template, "v0.2.0", {"copier.yml": configuration, "template/new.txt": LINES})
    assert update(repository)["location"] == "westus2"
    assert tree(repository) == fresh(template, tmp_path / "fresh", location="westus2")


def test_a_new_condition_on_a_path_leaves_the_file_behind(
    template: Path, repository: Path, tmp_path: Path
) -> None:
    """Copier excludes the path from the old rendering too, and so sees no deletion."""
    configuration = excluding("location == 'westus2'", "/guide.txt")
    release(template, "v0.2.0", {"copier.yml": configuration})
    update(repository)
    wanted = fresh(template, tmp_path / "fresh", location="westus2")
    assert tree(repository).keys() - wanted.keys() == {"guide.txt"}
