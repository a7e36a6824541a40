"""Writes docs/reference from copier.yml and the command line: `python -m tools.reference`."""

from pathlib import Path
from typing import Any

import click
import jinja2
import yaml

from azd_ai_scaffold.cli import PROGRAM, main
from azd_ai_scaffold.exit_codes import MEANINGS

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = "---\n!include tables/*.yml\n---\n"
# What the condition of a question says in words.
ASKED_WHEN = {
    "services": "for the pattern microservices",
    "chat_model": "when the services include chat, and for the pattern event-driven",
    "edge": "for the pattern microservices",
}
NOTE = "<!-- Written by `python -m tools.reference`; do not edit. -->\n"


class Template:
    """copier.yml with its tables: what is asked, what is hidden, and how a value of it renders."""

    def __init__(self) -> None:
        documents = (ROOT / "copier.yml").read_text(encoding="utf-8").split(INCLUDE)
        tables = sorted((ROOT / "tables").glob("*.yml"))
        self.configuration: dict[str, Any] = {}
        for text in [*documents, *(path.read_text(encoding="utf-8") for path in tables)]:
            self.configuration |= yaml.safe_load(text)
        asked = {k: v for k, v in self.configuration.items() if not k.startswith("_")}
        self.questions = {k: v for k, v in asked.items() if v.get("when") is not False}
        self.hidden = {
            k: v["default"]
            for k, v in asked.items()
            if v.get("when") is False and not isinstance(v["default"], str)
        }
        delimiters = {k: v for k, v in self.configuration["_envops"].items() if k != "undefined"}
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(ROOT),
            extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
            undefined=jinja2.StrictUndefined,
            **delimiters,
        )

    def render(self, text: str, **context: object) -> str:
        """A value of copier.yml as copier renders it with these answers and the hidden tables."""
        regions = {"candidate_regions": list(self.hidden["regions"]), "is_update": False}
        return self.environment.from_string(text).render({**self.hidden, **regions, **context})

    def choices(self, question: str, **answers: object) -> dict[str, str]:
        """Labels of a question's values, by value."""
        found = self.questions[question].get("choices", {})
        if isinstance(found, str):
            found = yaml.safe_load(self.render(found, **answers))
        pairs = found.items() if isinstance(found, dict) else found
        return {
            value["value"] if isinstance(value, dict) else value: label for label, value in pairs
        }


def questions_page(template: Template) -> str:
    """The reference of the questions."""
    answers: dict[str, object] = {"project_name": "AI Platform"}
    lines = [NOTE, "# Questions\n"]
    lines.append(
        "Names and values are a public interface: `--data NAME=VALUE` answers a question, and the"
        " answers file records it.\n"
    )
    for name, question in template.questions.items():
        asked, cost = (line.strip() for line in question["help"].split("\n"))
        default = question["default"]
        if isinstance(default, str):
            default = yaml.safe_load(template.render(default, **answers))
        answers[name] = default
        if name == "services":
            answers["capabilities"] = default
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


def command_line_page() -> str:
    """The reference of the command line."""
    lines = [NOTE, "# Command line\n"]
    group = click.Context(main, info_name=PROGRAM)
    for command in (main, *main.commands.values()):
        context = group if command is main else click.Context(command, group, command.name)
        context.terminal_width = 80
        lines.append(f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n")
    lines.append("## Exit codes\n\n| Code | Meaning |\n|---|---|")
    lines.extend(f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())
    lines.append("")
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    folder = ROOT / "docs" / "reference"
    return {
        folder / "questions.md": questions_page(Template()),
        folder / "command-line.md": command_line_page(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
