"""What copier.yml asks, and what its answers render: read without copier, which is slow to ask."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = "---\n!include tables/*.yml\n---\n"
# These ask copier itself whether it updates; here nothing is updated.
FIRST_RENDERING = ("is_update", "candidate_regions")
# Questions whose answers decide which files and variables there are.
STRUCTURAL = ("license", "services", "network", "edge", "user_auth", "ci")

Answers = dict[str, Any]


class Template:
    """copier.yml with its tables: what is asked, what is hidden, and how a value of it renders."""

    def __init__(self) -> None:
        documents = (ROOT / "copier.yml").read_text(encoding="utf-8").split(INCLUDE)
        tables = sorted((ROOT / "tables").glob("*.yml"))
        self.configuration: dict[str, Any] = {}
        for text in [*documents, *(path.read_text(encoding="utf-8") for path in tables)]:
            self.configuration |= yaml.safe_load(text)
        self.variables = {k: v for k, v in self.configuration.items() if not k.startswith("_")}
        self.questions = {k: v for k, v in self.variables.items() if v.get("when") is not False}
        self.hidden = {
            k: v["default"]
            for k, v in self.variables.items()
            if v.get("when") is False and not isinstance(v["default"], str)
        }
        delimiters = {k: v for k, v in self.configuration["_envops"].items() if k != "undefined"}
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(ROOT),
            extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
            undefined=jinja2.StrictUndefined,
            **delimiters,
        )
        self._rendered: dict[tuple[str, str], str] = {}

    def render(self, text: str, **context: object) -> str:
        """A value of copier.yml as copier renders it with these answers and the hidden tables."""
        key = (text, repr(context))
        if key not in self._rendered:
            first = {"candidate_regions": list(self.hidden["regions"]), "is_update": False}
            values = {**self.hidden, **first, **context}
            self._rendered[key] = self.environment.from_string(text).render(values)
        return self._rendered[key]

    def answers(self, **given: object) -> Answers:
        """Every answer and computed value: what is given and asked for, else the default."""
        answers: Answers = {}
        for name, variable in self.variables.items():
            if name in self.hidden or name in FIRST_RENDERING:
                continue
            asked = name in self.questions and self.truth(variable.get("when", True), answers)
            default = variable["default"]
            if isinstance(default, str):
                default = yaml.safe_load(self.render(default, **answers))
            answers[name] = given.get(name, default) if asked else default
        return answers

    def truth(self, condition: str | bool, answers: Mapping[str, object]) -> bool:
        """Whether the condition of a question holds."""
        return bool(
            condition
            if isinstance(condition, bool)
            else yaml.safe_load(self.render(condition, **answers))
        )

    def choices(self, question: str, **answers: object) -> dict[str, str]:
        """Labels of a question's values, by value."""
        found = self.questions[question].get("choices", {})
        if isinstance(found, str):
            found = yaml.safe_load(self.render(found, **answers))
        pairs = found.items() if isinstance(found, dict) else found
        return {
            value["value"] if isinstance(value, dict) else value: label for label, value in pairs
        }

    def rendered_file(self, path: str, answers: Answers) -> str:
        """Text of a file of the template with these answers."""
        return self.render((ROOT / "template" / path).read_text(encoding="utf-8"), **answers)

    def excluded(self, answers: Answers) -> list[str]:
        """Paths, from the root of the rendering, that these answers remove."""
        anchored = [line for line in self.configuration["_exclude"] if "]/" in line]
        # A newline after a block is trimmed, so two of them are one.
        lines = self.render("\n\n".join(anchored), **answers).splitlines()
        return [line.removeprefix("/") for line in lines if line]


def rendered_paths(template: Template) -> list[str]:
    """Every file that some answers render, by its path in the repository, in the tree's order."""
    ignored = [line for line in template.configuration["_exclude"] if "]/" not in line]
    folder = ROOT / "template"
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        re.sub(r"^\[\[.*\]\]$", ".copier-answers.yml", name.removesuffix(".jinja"))
        for path in paths
        if not any(part.match(glob) for glob in ignored for part in (path, *path.parents))
        and (name := path.relative_to(folder).as_posix())
    ]


def rendered_when(template: Template, present: Callable[[Answers], bool]) -> str:
    """In words, the answers with which something is there.

    Args:
        template: The questions.
        present: Whether it is there with these answers.
    """
    found = {}
    patterns = template.choices("pattern", **template.answers())
    for pattern in patterns:
        conditions = _conditions(template, present, pattern)
        if conditions is not None:
            found[pattern] = conditions
    if len(found) == len(patterns) and len(set(found.values())) == 1:
        return next(iter(found.values())) or "always"
    return "; ".join(
        f"`{pattern}`{f' with {conditions}' if conditions else ''}"
        for pattern, conditions in found.items()
    )


def _conditions(template: Template, present: Callable[[Answers], bool], pattern: str) -> str | None:
    """The values of other questions that it needs in this pattern; None where it never is."""
    values = {name: list(template.choices(name, **template.answers())) for name in STRUCTURAL}
    # Edges exclude each other: start from one with which it is there.
    fullest = [
        template.answers(pattern=pattern, network=values["network"][-1], edge=edge)
        for edge in values["edge"]
    ]
    start = next(filter(present, fullest), None)
    if start is None:
        return None
    needed = []
    for name in STRUCTURAL:
        several = template.questions[name].get("multiselect")
        enough = [
            value
            for value in values[name]
            if present(template.answers(**{**start, name: [value] if several else value}))
        ]
        if 0 < len(enough) < len(values[name]):
            needed.append(f"`{name}` {' or '.join(f'`{value}`' for value in enough)}")
    return ", ".join(needed)
