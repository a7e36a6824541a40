"""What every view of a plan shows: one row for each resource, and remarks on what is not known."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.access import ROLE_ASSIGNMENT, role_assignments
from azd_ai_scaffold.plan.facts import Exposure, Reachability, identity, sku
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
    reachability = Reachability(profile.resources)
    for resource in profile.resources:
        if not resource.is_a(ROLE_ASSIGNMENT):
            yield Row(
                type=resource.type,
                name=full_name(resource),
                sku=sku(resource),
                region=resource.location or "",
                access=_access(resource, reachability),
                identity=identity(resource),
            )


def common_region(found: Iterable[Row]) -> str:
    """The region that most rows have; empty when none has one."""
    regions = Counter(row.region for row in found if row.region not in ("", "global"))
    return regions.most_common(1)[0][0] if regions else ""


def full_name(resource: Resource) -> str:
    """The name of a resource, with what it extends; a role assignment's says what it grants."""
    if resource.is_a(ROLE_ASSIGNMENT):
        (found,) = role_assignments([resource])
        return f"{found.role} for {found.principal} on {scope_name(found.scope)}"
    extends = "/providers/" in resource.scope.lower()
    return f"{resource.name} of {scope_name(resource.scope)}" if extends else resource.name


def scope_name(scope: str) -> str:
    """The name of what an id names; of a part that is called `default` the type says more."""
    _, found, path = scope.rpartition("/providers/")
    if not found:
        return _last(scope)
    parts = path.split("/")[1:]
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return "/".join(type_ if name == "default" else name for type_, name in pairs)


def counted(number: int, noun: str) -> str:
    """`1 resource`, `2 resources`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _access(resource: Resource, reachability: Reachability) -> str:
    exposure = reachability.of(resource)
    if not reachability.has_private_endpoint(resource):
        return exposure or ""
    # Of a private resource the endpoint is the way in.
    also = "" if exposure is Exposure.PRIVATE else f"{exposure}, "
    return f"{also}private endpoint"


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
