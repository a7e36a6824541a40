"""A small template with real questions and real releases: what it tests renders in no time."""

from collections.abc import Mapping
from pathlib import Path

from tests.templates import commit, write

LINES = "".join(f"line {number}\n" for number in range(20))
OLD = LINES.replace("line", "old")

CONFIGURATION = """\
_subdirectory: template
_exclude: ["{% if 'chat' not in services %}/chat.txt{% endif %}"]
project_slug: {type: str, default: ai-platform}
services:
  type: str
  multiselect: true
  choices: [chat, vision, text]
  default: [chat]
location:
  type: str
  choices: [westus2, uksouth, swedencentral]
  default: swedencentral
"""

FILES = {
    "copier.yml": CONFIGURATION,
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "template/chat.txt": LINES,
    "template/guide.txt": LINES,
    "template/name.txt.jinja": "{{ project_slug }} in {{ location }}\n",
    "template/old.txt": OLD,
    "template/run.sh": "#!/bin/sh\n",
    "CHANGELOG.md": "# Changelog\n\n## [0.1.0]\n\n- The beginning.\n",
}

CHANGELOG = """\
# Changelog

## [Unreleased]

- Not yet.

## [0.2.0] - 2026-02-01

- The guide says more.

## [0.1.0]

- The beginning.

[0.2.0]: https://example.com
"""

# Renders until it is interrupted; its folder is made first, so that a test sees when it begins.
ENDLESS = "slow/endless.txt.jinja"


def endless(start: str, end: str) -> str:
    """A file that is never done, in Jinja's blocks of these delimiters."""
    loop, done = f"{start} for n in range(10**5) {end}", f"{start} endfor {end}"
    return f"{loop}{loop}{done}{done}\n"  # copier's range ends at 10**5


# What release v0.2.0 changes: a line, a name, a new file.
SECOND = {
    "CHANGELOG.md": CHANGELOG,
    "template/guide.txt": LINES.replace("line 1\n", "their line 1\n"),
    "template/new.txt": LINES.replace("line", "row"),
}


def small_template(folder: Path) -> Path:
    """The template as release v0.1.0."""
    write(folder, FILES)
    commit(folder, "feat: first release", "v0.1.0")
    return folder


def release(template: Path, tag: str, files: Mapping[str, str | None]) -> None:
    """Commit changed files, and removed ones (None), as a release."""
    write(template, {name: text for name, text in files.items() if text is not None})
    for name, text in files.items():
        if text is None:
            (template / name).unlink()
    commit(template, f"feat: {tag}", tag)
