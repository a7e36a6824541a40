"""Answers that are given instead of asked: `--data` and `--data-file`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from azd_ai_scaffold.errors import ScaffoldError, WrongUsageError

Answers = dict[str, Any]


def given_answers(data: Sequence[str], data_file: Path | None) -> Answers:
    """Answers of `--data-file`, and over them those of `--data`."""
    return {**(read_data_file(data_file) if data_file else {}), **parse_data(data)}


def parse_data(data: Sequence[str]) -> dict[str, str]:
    """Answers of `--data NAME=VALUE`, as they were written."""
    answers: dict[str, str] = {}
    for item in data:
        name, separator, value = item.partition("=")
        if not separator or not name.isidentifier():
            raise WrongUsageError(f"--data {item!r} is not of the form NAME=VALUE")
        if name in answers:
            raise WrongUsageError(f"--data answers {name} twice")
        answers[name] = value
    return answers


def read_data_file(path: Path) -> Answers:
    """Answers of a YAML file that maps names to values."""
    import yaml

    try:
        answers = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ScaffoldError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "unreadable characters"
        raise ScaffoldError(f"{place} is no YAML: {problem}") from error
    if not isinstance(answers, dict) or not all(isinstance(name, str) for name in answers):
        raise ScaffoldError(f"{path} does not map names to values")
    return answers


def typed_answers(
    answers: Mapping[str, Any], questions: Mapping[str, Mapping[str, Any]], template: str
) -> Answers:
    """Refuse unknown names; split the values of questions that take several.

    Args:
        answers: Answers as they were given.
        questions: The template's questions, by name, as copier.yml has them.
        template: URL or path of the template, for the message.

    Raises:
        WrongUsageError: The template has no such question.
        ScaffoldError: The source is no template at all.
    """
    asked = [name for name, question in questions.items() if question.get("when") is not False]
    if not asked:
        raise ScaffoldError(f"{template} is no template: it has no copier.yml with questions")
    for name in answers:
        if name not in asked:
            raise WrongUsageError(
                f"--data: no question is called {name}; there are {', '.join(asked)}"
            )
    return {
        name: _several(value)
        if questions[name].get("multiselect") and isinstance(value, str)
        else value
        for name, value in answers.items()
    }


def _several(value: str) -> list[str]:
    """`a,b` and `[a, b]` alike."""
    inner = value.strip().removeprefix("[").removesuffix("]")
    return [item.strip().strip("'\"") for item in inner.split(",") if item.strip()]
