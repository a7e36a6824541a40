"""Values of a plan that only Azure knows: expressions that stayed."""

import re
from collections.abc import Iterator
from typing import Any

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.access import ROLE_ASSIGNMENT
from azd_ai_scaffold.plan.model import Unknown

_BRACKETS = re.compile(r"\[(?!\[).*\]", re.DOTALL)
_REFERENCE = re.compile(r"reference\('([^']+)'")


def unknown_values(resources: tuple[Resource, ...]) -> Iterator[Unknown]:
    """Every expression that stayed, but for the names of role assignments, which are hashes."""
    planned = {resource.id.lower() for resource in resources}
    for resource in resources:
        for path, expression in _expressions("", resource.body):
            if path == "id" or (path == "name" and resource.is_a(ROLE_ASSIGNMENT)):
                continue
            outside = (
                found
                for found in _REFERENCE.findall(expression)
                if found.startswith("/") and found.lower() not in planned
            )
            yield Unknown(resource.name, path, expression, next(outside, None))


def _expressions(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and _BRACKETS.fullmatch(value):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _expressions(f"{path}.{name}" if path else name, item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions(f"{path}[{index}]", item)
