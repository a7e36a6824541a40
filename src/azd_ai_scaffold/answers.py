"""Answers that are given instead of asked: `--data` and `--data-file`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

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


class _AnswersLoader(yaml.SafeLoader):
    """YAML in which a name is given once, and a date is the text that it was written as."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse what PyYAML passes over: the last of two values would win."""
        seen = []
        for key, _ in node.value:
            if key.value in seen:
                problem = f"{key.value} is given twice"
                raise yaml.constructor.ConstructorError(
                    problem=problem, problem_mark=key.start_mark
                )
            seen.append(key.value)
        return super().construct_mapping(node, deep)


_AnswersLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def read_data_file(path: Path) -> Answers:
    """Answers of a YAML file that maps names to values."""
    try:
        answers = yaml.load(path.read_bytes(), _AnswersLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ScaffoldError(f"{path}: {error.strerror}") from error
    except RecursionError as error:
        raise ScaffoldError(f"{path} is nested too deeply") from error
    # A tag such as !!int lets PyYAML raise whatever converting the text does.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "unreadable characters or values"
        raise ScaffoldError(f"{place} cannot be used: {problem}") from error
    if not isinstance(answers, dict) or not all(isinstance(name, str) for name in answers):
        raise ScaffoldError(f"{path} does not map names to values")
    return answers


def typed_answers(
    answers: Mapping[str, Any], questions: Mapping[str, Mapping[str, Any]], template: str
) -> Answers:
    """Refuse unknown names and values of another shape; split those of questions that take several.

    Args:
        answers: Answers as they were given.
        questions: The template's questions, by name, as copier.yml has them.
        template: URL or path of the template, for the message.

    Raises:
        WrongUsageError: The template has no such question, or it takes no such value.
        ScaffoldError: The source is no template at all.
    """
    asked = [name for name, question in questions.items() if question.get("when") is not False]
    if not asked:
        raise ScaffoldError(f"{template} is no template: it has no copier.yml with questions")
    for name in answers:
        if name not in asked:
            raise WrongUsageError(f"no question is called {name}; there are {', '.join(asked)}")
    return {name: _typed(name, value, questions[name]) for name, value in answers.items()}


def _typed(name: str, value: Any, question: Mapping[str, Any]) -> Any:
    """One value, or a list where the question takes several."""
    if question.get("multiselect"):
        values = _several(value) if isinstance(value, str) else value
        if not isinstance(values, list):
            raise WrongUsageError(f"{name} takes a list of values, not {value!r}")
        return values
    if question.get("type") == "str" and not isinstance(value, (str, int, float)):
        raise WrongUsageError(f"{name} takes one value, not {value!r}")
    return value


def _several(value: str) -> list[str]:
    """`a,b` and `[a, b]` alike."""
    inner = value.strip().removeprefix("[").removesuffix("]")
    return [item.strip().strip("'\"") for item in inner.split(",") if item.strip()]
