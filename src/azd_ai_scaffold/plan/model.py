"""What a plan is: the resources of each profile, and what could not be evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azd_ai_scaffold.evaluation import Resource


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only Azure knows, or that was not given.

    Attributes:
        resource: Name of the resource that has it.
        path: Where in the resource, such as `properties.principalId`.
        expression: The ARM expression that stays, in brackets.
        existing: Id of the resource outside the plan that it depends on; None when there is none.
    """

    resource: str
    path: str
    expression: str
    existing: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One evaluated environment.

    Attributes:
        name: `dev`, `prod`, or `default` for a repository without profiles.
        resources: What a deployment creates or updates, in the order of the compiler.
        outputs: Outputs of the deployment, name to JSON value or expression.
        unknown: Values that could not be evaluated.
        notes: Sentences on what the evaluation had to assume.
    """

    name: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    unknown: tuple[Unknown, ...] = ()
    notes: tuple[str, ...] = ()

    def of_type(self, resource_type: str) -> tuple[Resource, ...]:
        """The resources of one type; case does not matter, as in Azure."""
        return tuple(found for found in self.resources if found.is_a(resource_type))


@dataclass(frozen=True, slots=True)
class Plan:
    """All profiles of a repository.

    Attributes:
        project: The name in azure.yaml.
        profiles: At least one.
    """

    project: str
    profiles: tuple[Profile, ...]

    def profile(self, name: str) -> Profile | None:
        """The profile of a name; None when there is none."""
        return next((found for found in self.profiles if found.name == name), None)
