"""The part of the template's changelog between two versions."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.version import Version

HEADING = re.compile(r"^## \[?v?([^\]\s]+)\]?.*$", re.MULTILINE)


def changes_between(changelog: str, old: str, new: str) -> str:
    """Sections of a Keep a Changelog file after one version, up to another.

    Args:
        changelog: The text of CHANGELOG.md.
        old: The version that the repository has, as PEP 440 writes it; its section is left out.
        new: The version that it gets. Between releases, *Unreleased* belongs to it.

    Returns:
        The sections, newest first; empty when there are none.
    """
    from packaging.version import Version

    first, last = Version(old), Version(new)
    between_releases = last.is_postrelease or last.is_devrelease or last.local is not None
    sections = [
        text
        for name, text in _sections(changelog)
        if (
            between_releases
            if name.lower() == "unreleased"
            else (version := _version(name)) is not None and first < version <= last
        )
    ]
    return "\n\n".join(sections)


def _sections(changelog: str) -> Iterator[tuple[str, str]]:
    """Each version's name and section, with its heading."""
    headings = list(HEADING.finditer(changelog))
    ends = [*(heading.start() for heading in headings[1:]), len(changelog)]
    for heading, end in zip(headings, ends, strict=False):  # without a heading there is an end
        # Links at the end of the file belong to no version.
        text = re.split(r"^\[[^\]]+\]: ", changelog[heading.start() : end], flags=re.MULTILINE)[0]
        body = text.strip()
        if body != heading[0].strip():
            yield heading[1], body


def _version(name: str) -> "Version | None":
    from packaging.version import InvalidVersion, Version

    try:
        return Version(name)
    except InvalidVersion:
        return None
