"""JSON for programs; its keys are a public interface."""

from collections.abc import Iterable, Mapping
from typing import Any

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.access import grants
from azd_ai_scaffold.plan.comparison import MISSING, Comparison, ResourceChange
from azd_ai_scaffold.plan.facts import (
    exposure,
    has_system_identity,
    private_endpoint_targets,
    sku,
    user_identities,
)
from azd_ai_scaffold.plan.model import Plan, Profile

Document = dict[str, Any]


def plan_as_document(plan: Plan) -> Document:
    """The plan as a JSON object."""
    return {"project": plan.project, "profiles": [_profile(found) for found in plan.profiles]}


def comparisons_as_document(comparisons: Iterable[Comparison]) -> Document:
    """Comparisons as a JSON object; a value that a side does not have is null."""
    return {
        "comparisons": [
            {
                "before": comparison.before,
                "after": comparison.after,
                "unchanged": comparison.unchanged,
                "changes": [_change(change) for change in comparison.changes],
            }
            for comparison in comparisons
        ]
    }


def _profile(profile: Profile) -> Document:
    endpoints = private_endpoint_targets(profile.resources)
    return {
        "name": profile.name,
        "resources": [_resource(resource, endpoints) for resource in profile.resources],
        "access": [
            {
                "principal": grant.principal,
                "principalId": grant.principal_id,
                "role": grant.role,
                "scope": grant.scope,
            }
            for grant in grants(profile.resources)
        ],
        "outputs": dict(profile.outputs),
        "unknown": [
            {
                "resource": found.resource,
                "path": found.path,
                "expression": found.expression,
                "existing": found.existing,
            }
            for found in profile.unknown
        ],
        "notes": list(profile.notes),
    }


def _resource(resource: Resource, endpoints: Mapping[str, Resource]) -> Document:
    return {
        "type": resource.type,
        "name": resource.name,
        "id": resource.id,
        "sku": sku(resource) or None,
        "region": resource.location,
        "access": exposure(resource, endpoints),
        "privateEndpoint": resource.id.lower() in endpoints,
        "systemIdentity": has_system_identity(resource),
        "userIdentities": list(user_identities(resource)),
        "body": dict(resource.body),
    }


def _change(change: ResourceChange) -> Document:
    return {
        "action": change.action,
        "type": change.resource.type,
        "name": change.resource.name,
        "id": change.resource.id,
        "properties": [
            {
                "path": found.path,
                "before": None if found.before is MISSING else found.before,
                "after": None if found.after is MISSING else found.after,
                "replaces": found.replaces,
            }
            for found in change.properties
        ],
    }
