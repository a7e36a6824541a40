"""JSON for programs; its keys are a public interface."""

from collections.abc import Iterable
from typing import Any

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.access import role_assignments
from azd_ai_scaffold.plan.calls import calls
from azd_ai_scaffold.plan.comparison import MISSING, Comparison, ResourceChange
from azd_ai_scaffold.plan.facts import Reachability, has_system_identity, sku, user_identities
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
                "isDeployment": comparison.is_deployment,
                "unchanged": comparison.unchanged,
                "changes": [_change(change) for change in comparison.changes],
            }
            for comparison in comparisons
        ]
    }


def _profile(profile: Profile) -> Document:
    reachability = Reachability(profile.resources)
    return {
        "name": profile.name,
        "resources": [_resource(resource, reachability) for resource in profile.resources],
        "access": [
            {
                "principal": found.principal,
                "principalId": found.principal_id,
                "role": found.role,
                "scope": found.scope,
            }
            for found in role_assignments(profile.resources)
        ],
        "calls": [
            {"source": call.source.id, "verb": call.verb, "target": call.target.id}
            for call in calls(profile.resources)
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


def _resource(resource: Resource, reachability: Reachability) -> Document:
    return {
        "type": resource.type,
        "name": resource.name,
        "id": resource.id,
        "sku": sku(resource) or None,
        "region": resource.location,
        "access": reachability.of(resource),
        "privateEndpoint": reachability.has_private_endpoint(resource),
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
