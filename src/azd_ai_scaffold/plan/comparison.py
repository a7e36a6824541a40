"""What changes between two evaluated environments, property by property."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.access import ROLE_ASSIGNMENT
from azd_ai_scaffold.plan.immutable import why_replaced
from azd_ai_scaffold.plan.model import Plan, Profile

# Not part of what a resource is: its identity, and how the deployment speaks to Azure.
_NO_PROPERTIES = ("id", "name", "type", "apiVersion", "dependsOn", "condition", "scope")
_Key = Callable[[Resource], object]


class Action(StrEnum):
    """What a deployment of `after` over `before` does to a resource."""

    ADDED = "added"
    REMOVED = "removed"
    """No longer in the repository. An incremental deployment deletes nothing: it stays in Azure."""
    REPLACED = "replaced"
    """Azure refuses the change in place, or the resource is another one by its name."""
    CHANGED = "changed"


class Missing:
    """The value of a property that one side does not have; there is one instance, `MISSING`."""

    def __repr__(self) -> str:
        return "(none)"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property that differs.

    Attributes:
        path: Where it is: `sku.name`, `properties.template.containers[chat].image`.
        before: JSON value, or `MISSING`.
        after: JSON value, or `MISSING`.
        replaces: Why Azure does not change it in place; None when it does.
    """

    path: str
    before: Any
    after: Any
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource that differs.

    Attributes:
        action: What the deployment does.
        before: The resource before; None when it is added.
        after: The resource after; None when it is removed.
        properties: What differs, in the order of the resource; empty for added and removed.
    """

    action: Action
    before: Resource | None
    after: Resource | None
    properties: tuple[PropertyChange, ...] = ()

    @property
    def resource(self) -> Resource:
        """The resource as it will be, or as it was when it is removed."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 (one of the two is always there)
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences of two evaluated environments.

    Attributes:
        before: Name of what was compared: a profile, or a profile at a revision.
        after: The same, of the other side.
        changes: Resources that differ, in the order of `after`; those removed are last.
        unchanged: How many resources are the same on both sides.
        is_deployment: Whether `after` is deployed over `before`. Two profiles stand side by side:
            of them nothing is replaced.
    """

    before: str
    after: str
    changes: tuple[ResourceChange, ...]
    unchanged: int
    is_deployment: bool = True

    def of(self, action: Action) -> tuple[ResourceChange, ...]:
        """The changes with one action."""
        return tuple(change for change in self.changes if change.action is action)


def compare(before: Profile, after: Profile, *, is_deployment: bool = True) -> Comparison:
    """Compare two evaluated environments, by default as one deployed over the other.

    Resources are the same when their ids are; role assignments when scope, role and principal are.
    What is left over is paired where it is certain which resource became which: then it is
    `REPLACED`, with `name` or `scope` among the properties.
    """
    pairs, removed, added = _match(before.resources, after.resources, _identity)
    for key in (_same_but_scope, _service, _alone):
        more, removed, added = _match(removed, added, key)
        pairs += more
    changed = {id(new): _difference(old, new) for old, new in pairs}
    changed |= {id(new): ResourceChange(Action.ADDED, None, new) for new in added}
    changes = [changed[id(new)] for new in after.resources]
    gone = [ResourceChange(Action.REMOVED, old, None) for old in removed]
    found = [change for change in changes if change is not None]
    everything = found + gone
    if not is_deployment:
        everything = [_side_by_side(change) for change in everything]
    return Comparison(
        before.name,
        after.name,
        tuple(everything),
        unchanged=len(changes) - len(found),
        is_deployment=is_deployment,
    )


def compare_plans(before: Plan, after: Plan) -> tuple[Comparison, ...]:
    """Compare two plans, profile by profile.

    A profile that the plan before lacks is compared with its only one, if it has but one.
    """
    only = before.profiles[0] if len(before.profiles) == 1 else None
    pairs = ((before.profile(new.name) or only, new) for new in after.profiles)
    return tuple(compare(old, new) for old, new in pairs if old is not None)


def _match(
    before: Sequence[Resource], after: Sequence[Resource], key: _Key
) -> tuple[list[tuple[Resource, Resource]], list[Resource], list[Resource]]:
    """Pair resources whose key is the same and, on each side, theirs alone; and the rest."""
    old, new = _by_key(before, key), _by_key(after, key)
    pairs = [
        (old[which][0], new[which][0])
        for which in old
        if len(old[which]) == 1 and len(new.get(which, ())) == 1
    ]
    paired = {id(resource) for pair in pairs for resource in pair}
    return (
        pairs,
        [resource for resource in before if id(resource) not in paired],
        [resource for resource in after if id(resource) not in paired],
    )


def _by_key(resources: Iterable[Resource], key: _Key) -> dict[object, list[Resource]]:
    found: dict[object, list[Resource]] = defaultdict(list)
    for resource in resources:
        if (value := key(resource)) is not None:
            found[value].append(resource)
    return found


def _identity(resource: Resource) -> object:
    if not resource.is_a(ROLE_ASSIGNMENT):
        return resource.id.lower()
    # Its name is a hash of these three, in whatever order the author liked.
    granted = (resource.properties.get(name) for name in ("roleDefinitionId", "principalId"))
    return (resource.scope.lower(), *(str(value).lower() for value in granted))


def _same_but_scope(resource: Resource) -> object:
    return None if _is_relation(resource) else (resource.type.lower(), resource.name.lower())


def _service(resource: Resource) -> object:
    service = resource.tags.get("azd-service-name")
    return (resource.type.lower(), service) if service else None


def _alone(resource: Resource) -> object:
    return None if _is_relation(resource) else resource.type.lower()


def _is_relation(resource: Resource) -> bool:
    """Whether a resource says something about others, so that another one is no successor."""
    return resource.type.lower().startswith(("microsoft.authorization/", "microsoft.insights/diag"))


def _difference(before: Resource, after: Resource) -> ResourceChange | None:
    changes = list(_resource_changes(before, after))
    if not changes:
        return None
    replaced = any(change.replaces for change in changes)
    action = Action.REPLACED if replaced else Action.CHANGED
    return ResourceChange(action, before, after, tuple(changes))


def _side_by_side(change: ResourceChange) -> ResourceChange:
    """The difference without what a deployment would make of it."""
    if change.action is not Action.REPLACED:
        return change
    properties = tuple(replace(found, replaces=None) for found in change.properties)
    return replace(change, action=Action.CHANGED, properties=properties)


def _resource_changes(before: Resource, after: Resource) -> Iterator[PropertyChange]:
    is_assignment = after.is_a(ROLE_ASSIGNMENT)
    if before.name.lower() != after.name.lower() and not is_assignment:
        reason = "a resource is not renamed: the old one stays beside the new one"
        yield PropertyChange("name", before.name, after.name, reason)
    if before.scope.lower() != after.scope.lower():
        reason = "a deployment does not move a resource: the old one stays"
        yield PropertyChange("scope", before.scope, after.scope, reason)
    old = {key: value for key, value in before.body.items() if key not in _NO_PROPERTIES}
    new = {key: value for key, value in after.body.items() if key not in _NO_PROPERTIES}
    for path, left, right in _differences("", old, new):
        yield PropertyChange(path, left, right, why_replaced(after.type, path, left, right))


def _differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Paths of what differs in two JSON values; lists of named objects are compared by name."""
    # To Azure null is a property that is not there.
    before, after = (MISSING if value is None else value for value in (before, after))
    if isinstance(before, list) and isinstance(after, list):
        old, new = _by_name(before), _by_name(after)
        if old is not None and new is not None:
            for name in [*old, *(name for name in new if name not in old)]:
                found = old.get(name, MISSING), new.get(name, MISSING)
                yield from _differences(f"{path}[{name}]", *found)
            return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            found = before.get(name, MISSING), after.get(name, MISSING)
            yield from _differences(_join(path, name), *found)
        return
    if before is not after and _text(before) != _text(after):
        yield path, before, after


def _text(value: Any) -> str:
    """JSON in which 1, true and "1" differ, as they do to Azure."""
    return repr(value) if value is MISSING else json.dumps(value, sort_keys=True)


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    """The objects of a list by their names; None when they have none of their own."""
    if not all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in items):
        return None
    named = {item["name"]: item for item in items}
    return named if len(named) == len(items) else None


def _join(path: str, name: str) -> str:
    part = name if name.replace("_", "").replace("-", "").isalnum() else f"[{json.dumps(name)}]"
    return f"{path}.{part}" if path and not part.startswith("[") else f"{path}{part}"
