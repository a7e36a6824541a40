"""What git refuses to tell is told in git's words, and is never taken for a no."""

from pathlib import Path

import pytest

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.git import ask_git
from azd_ai_scaffold.plan.revision import exported
from tests.command_line import CommandLine
from tests.small import small_template
from tests.templates import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of two files and a commit."""
    return small_template(tmp_path / "repository")


def test_a_question_whose_answer_is_no_is_no_failure(repository: Path, tmp_path: Path) -> None:
    assert ask_git(repository, "rev-parse", "--show-toplevel") == str(repository)
    assert ask_git(repository, "config", "--get", "no.such") == ""
    assert ask_git(repository, "rev-parse", "--verify", "--quiet", "no-such") == ""
    (tmp_path / "plain").mkdir()
    assert ask_git(tmp_path / "plain", "rev-parse", "--show-toplevel") == ""


@pytest.mark.parametrize(
    ("variable", "reason"),
    [
        (
            "GIT_TEST_ASSUME_DIFFERENT_OWNER",
            (
                "git in {0}: fatal: detected dubious ownership in repository at '{0}': "
                "git config --global --add safe.directory {0}"
            ),
        ),
        ("GIT_CONFIG_GLOBAL", "git in {0}: fatal: bad config line 1 in file {1}"),
    ],
)
def test_a_repository_that_git_refuses_is_not_called_something_else(
    repository: Path,
    tmp_path: Path,
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    reason: str,
) -> None:
    dest, template = tmp_path / "dest", f"--template={repository}"
    assert command("new", dest, "--defaults", "--quiet", template).code == 0
    broken = tmp_path / "broken"
    broken.write_text("[core\n", encoding="utf-8")
    monkeypatch.setenv(variable, str(broken) if variable == "GIT_CONFIG_GLOBAL" else "1")
    command("update", dest, "--defaults").assert_refused(reason.format(dest, broken))
    again = command("new", tmp_path / "again", "--defaults", template)
    again.assert_refused(reason.format(repository, broken))
    with pytest.raises(ScaffoldError) as refused, exported(dest, "HEAD"):
        pass
    assert str(refused.value) == reason.format(dest, broken)


def test_a_folder_in_a_repository_that_git_refuses_gets_its_files_and_no_commit(
    repository: Path, tmp_path: Path, command: CommandLine
) -> None:
    outer = tmp_path / "outer"
    git(tmp_path, "init", "--quiet", str(outer))
    git(outer, "config", "core.repositoryFormatVersion", "99")
    result = command("new", outer / "dest", "--defaults", f"--template={repository}")
    assert result.code == 0, result.error
    assert "there is no first commit: git in " in result.error
    assert "git init" not in result.output
    assert sorted(path.name for path in outer.iterdir()) == [".git", "dest"]
    assert (outer / "dest/guide.txt").is_file()
    assert not (outer / "dest/.git").exists()
