"""Writes docs/reference from the template and the command line: `python -m tools.reference`."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click
import yaml

from azd_ai_scaffold.cli import PROGRAM, main
from azd_ai_scaffold.exit_codes import MEANINGS
from tools.template import ROOT, Answers, Template, rendered_paths, rendered_when

# What the condition of a question says in words.
ASKED_WHEN = {
    "services": "for the pattern microservices",
    "chat_model": "when the services include chat, and for the pattern event-driven",
}
NOTE = "<!-- Written by `python -m tools.reference`; do not edit. -->\n"
PARAMETERS = "infra/main.parameters.json.jinja"
VARIABLES_INTRODUCTION = """\
`azd env set NAME VALUE` sets one for an azd environment; `infra/main.parameters.json` hands it to a
parameter of `infra/main.bicep`. What begins with `overrides` goes over a value of the profile that
`AZURE_ENV_TYPE` picks. `docs/configuration.md` of a repository has the values of its two profiles.
"""
FILES_INTRODUCTION = """\
What a rendered repository holds. Within a folder, files that belong to a service, a network or an
edge come and go with it.
"""
# What stands in for an empty azd variable, by the parameter it sets.
WITHOUT_DEFAULT = {"overrides": "the profile's", "serviceLocations": "`AZURE_LOCATION`"}
VARIABLE = re.compile(r"\$\{(\w+)(?:=(.*))?\}")


def questions_page(template: Template) -> str:
    """The reference of the questions."""
    answers = template.answers()
    lines = [NOTE, "# Questions\n"]
    lines.append(
        "Names and values are a public interface: `--data NAME=VALUE` answers a question, and the"
        " answers file records it.\n"
    )
    for name, question in template.questions.items():
        asked, cost = (line.strip() for line in question["help"].split("\n"))
        default = answers[name]
        shown = ", ".join(default) if isinstance(default, list) else default
        lines.append(f"## `{name}`\n")
        lines.append(f"{asked} {cost}. Default: `{shown}`.\n")
        if "when" in question:
            lines.append(f"Asked {ASKED_WHEN[name]}.\n")
        if name == "location":
            lines.extend(regions_table(template))
        elif labels := template.choices(name, **answers):
            lines.extend(f"- `{value}`: {label}" for value, label in labels.items())
            lines.append("")
    return "\n".join(lines)


def regions_table(template: Template) -> list[str]:
    """What each region of the dated table has."""
    lines = [
        "A region must have the chosen services (chat and text if event-driven) and the model.\n",
        "| Region | Services | Global | Data zone |",
        "|---|---|---|---|",
    ]
    for name, region in template.hidden["regions"].items():
        zone = ", ".join(region["models"]["data-zone"])
        zone = f"{region['data_zone'].upper()}: {zone}" if zone else "none"
        everywhere = ", ".join(region["models"]["global"]) or "none"
        services = ", ".join(region["services"])
        lines.append(f"| `{name}` | {services} | {everywhere} | {zone} |")
    return [*lines, ""]


def variables_page(template: Template) -> str:
    """The reference of the azd variables: what each sets, and which answers give it."""
    found: dict[str, tuple[AzdVariable, str]] = {}
    for pattern in template.choices("pattern", **template.answers()):
        for edge in template.choices("edge", **template.answers()):
            answers = template.answers(pattern=pattern, network="private", edge=edge)
            for variable in azd_variables(template, answers):
                if variable.name not in found:
                    meaning = parameter_description(template, answers, variable.parameter)
                    found[variable.name] = (variable, meaning)

    lines = [NOTE, "# azd variables\n", VARIABLES_INTRODUCTION]
    lines.append("| Variable | Parameter | Meaning | Default | In repositories |")
    lines.append("|---|---|---|---|---|")
    for name, (variable, meaning) in sorted(found.items()):

        def present(answers: Answers, name: str = name) -> bool:
            return any(variable.name == name for variable in azd_variables(template, answers))

        parameter = ".".join(variable.parameter)
        when = rendered_when(template, present)
        lines.append(
            f"| `{name}` | `{parameter}` | {meaning} | {variable.default_in_words()} | {when} |"
        )
    return "\n".join([*lines, ""])


class AzdVariable(NamedTuple):
    """A variable, the path of the parameter that it sets, and its default (None: azd asks)."""

    name: str
    parameter: tuple[str, ...]
    default: str | None

    def default_in_words(self) -> str:
        """What it is when nobody set it."""
        if self.default is None:
            return "azd asks"
        if self.default in ("", "null"):
            return WITHOUT_DEFAULT.get(self.parameter[0], "none")
        return f"`{self.default}`"


def azd_variables(template: Template, answers: Answers) -> Iterator[AzdVariable]:
    """The azd variables of main.parameters.json with these answers."""
    parameters = json.loads(template.rendered_file(PARAMETERS, answers))["parameters"]
    pending: list[tuple[tuple[str, ...], Any]] = [
        ((name,), entry["value"]) for name, entry in parameters.items()
    ]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            pending.extend(((*path, name), entry) for name, entry in value.items())
        elif variable := VARIABLE.fullmatch(value):
            yield AzdVariable(variable[1], path, variable[2])


def parameter_description(template: Template, answers: Answers, path: tuple[str, ...]) -> str:
    """What Bicep says about a parameter of main.bicep, or about a property of its type."""
    modules = sorted((ROOT / "template" / "infra").rglob("*.bicep*"))
    names = [module.relative_to(ROOT / "template").as_posix() for module in modules]
    text = template.rendered_file("infra/main.bicep.jinja", answers)
    if len(path) > 1:
        (kind,) = re.findall(rf"^param {path[0]} (\w+)", text, re.MULTILINE)
        every = (template.rendered_file(name, answers) for name in names)
        (text,) = [
            body
            for file in every
            for body in re.findall(rf"^type {kind} = \{{(.*?)^\}}", file, re.M | re.S)
        ]
    described = rf"@description\('(.*)'\)\n(?:\s*@.*\n)*\s*(?:param )?{path[-1]}\b"
    (description,) = re.findall(described, text)
    return str(description)


def files_page(template: Template) -> str:
    """The reference of the files: what is in each, and which answers give it."""
    groups = yaml.safe_load((ROOT / "tools" / "files.yml").read_text(encoding="utf-8"))
    members: dict[str, list[str]] = {group: [] for group in groups}
    for path in rendered_paths(template):
        within = [group for group in groups if path == group or path.startswith(f"{group}/")]
        if not within:
            raise ValueError(f"tools/files.yml has no line for {path}")
        members[max(within, key=len)].append(path)

    lines = [NOTE, "# Files\n", FILES_INTRODUCTION]
    lines.append("| Path | Holds | In repositories |")
    lines.append("|---|---|---|")
    for group, meaning in groups.items():
        if not members[group]:
            raise ValueError(f"tools/files.yml has a line for {group}, which is not rendered")

        def present(answers: Answers, group: str = group) -> bool:
            removed = template.excluded(answers)
            return any(
                not any(path == gone or path.startswith(f"{gone}/") for gone in removed)
                for path in members[group]
            )

        folder = "" if group in members[group] else "/"
        lines.append(f"| `{group}{folder}` | {meaning} | {rendered_when(template, present)} |")
    return "\n".join([*lines, ""])


def command_line_page(_: Template) -> str:
    """The reference of the command line."""
    lines = [NOTE, "# Command line\n"]
    group = main.make_context(PROGRAM, [], resilient_parsing=True)
    for command in (main, *main.commands.values()):
        context = group if command is main else click.Context(command, group, command.name)
        context.terminal_width = 80
        lines.append(f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n")
    lines.append("## Exit codes\n\n| Code | Meaning |\n|---|---|")
    lines.extend(f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())
    lines.append("")
    return "\n".join(lines)


PAGES: dict[str, Callable[[Template], str]] = {
    "questions.md": questions_page,
    "azd-variables.md": variables_page,
    "files.md": files_page,
    "command-line.md": command_line_page,
}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (ROOT / "docs" / "reference" / page).write_text(write(Template()), encoding="utf-8")
