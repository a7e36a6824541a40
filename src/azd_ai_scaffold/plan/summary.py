"""What every view of a plan shows: one row for each resource, and remarks on what is not known."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from azd_ai_scaffold.plan.facts import exposure, identity, private_endpoint_targets, sku
from azd_ai_scaffold.plan.model import Profile

# How many names a remark lists; the JSON has all of them.
LISTED = 6
LONGEST = 80  # characters of an expression
_PROPERTY = re.compile(r"reference\('([^']+)'(?:, '[^']*')*\)((?:\.\w+)+)")
_PARAMETER = re.compile(r"parameters\('([^']+)'\)")


@dataclass(frozen=True, slots=True)
class Row:
    """One resource in words; what it does not have is empty."""

    type: str
    name: str
    sku: str
    region: str
    access: str
    identity: str


def rows(profile: Profile) -> Iterator[Row]:
    """A row for each resource but role assignments, which say who may call what."""
    endpoints = private_endpoint_targets(profile.resources)
    # What a resource extends; a group only holds it.
    names = {
        found.id.lower(): found.name
        for found in profile.resources
        if found.type.lower() != "microsoft.resources/resourcegroups"
    }
    for resource in profile.resources:
        if resource.type.lower() == "microsoft.authorization/roleassignments":
            continue
        access, scope = exposure(resource, endpoints), resource.scope.lower()
        linked = ", private endpoint" if resource.id.lower() in endpoints else ""
        yield Row(
            type=resource.type,
            name=f"{resource.name} of {names[scope]}" if scope in names else resource.name,
            sku=sku(resource),
            region=resource.location or "",
            access=f"{access or ''}{linked}".removeprefix(", "),
            identity=identity(resource),
        )


def remarks(profile: Profile) -> Iterator[str]:
    """What the evaluation assumed, and what it could not evaluate, a sentence each."""
    yield from profile.notes
    outside = {found.existing for found in profile.unknown if found.existing}
    if outside:
        yield f"resources outside the repository were not read: {_listed(map(_last, outside))}"
    secure, values, other = set(), set(), set()
    for found in profile.unknown:
        if found.existing:
            continue
        if properties := _PROPERTY.findall(found.expression):
            values |= {f"{_last(name)}{path}" for name, path in properties}
        elif parameters := _PARAMETER.findall(found.expression):
            secure |= set(parameters)
        else:
            expression = found.expression
            other.add(expression if len(expression) <= LONGEST else f"{expression[:LONGEST]}…")
    if values:
        yield f"known only to Azure, once it has deployed: {_listed(values)}"
    if secure:
        yield f"secure parameters are not evaluated: {_listed(secure)}"
    if other:
        yield f"left as expressions: {_listed(other)}"


def _last(resource_id: str) -> str:
    return resource_id.rpartition("/")[2]


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(set(names))
    more = len(ordered) - LISTED
    return ", ".join(ordered[:LISTED]) + (f" and {more} more" if more > 0 else "")
