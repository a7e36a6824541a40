"""Who may use what: the role assignments of a plan."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.facts import has_system_identity

# Built-in roles by the id that every Azure has for them.
ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
    "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd": "Cognitive Services OpenAI User",
    "a001fd3d-188f-4b5d-821b-7da978bf7442": "Cognitive Services OpenAI Contributor",
    "a97b65f3-24c7-4388-baec-2e87135dc908": "Cognitive Services User",
    "25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68": "Cognitive Services Contributor",
    "64702f94-c441-49e6-a78b-ef80e0188fee": "Azure AI Developer",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": "Key Vault Certificate User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "19e7f393-937e-4f77-808e-94535e297925": "Storage Queue Data Reader",
    "8a0f0c08-91a1-4084-bc3d-661d67233fed": "Storage Queue Data Message Processor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
    "090c5cfd-751d-490a-894a-3ce6f1109419": "Azure Service Bus Data Owner",
    "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": "Azure Service Bus Data Receiver",
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Azure Service Bus Data Sender",
    "f526a384-b230-433a-b45c-95f59c4a2dec": "Azure Event Hubs Data Owner",
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
    "2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
    "1407120a-92aa-4202-b7e9-c0e197c71c8f": "Search Index Data Reader",
    "8ebe5a00-799e-43f5-93ac-243d3dce84a7": "Search Index Data Contributor",
    "7ca78c08-252a-4471-8644-bb5ff32d4ba0": "Search Service Contributor",
}
ROLE_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_REFERENCE = re.compile(r"reference\('((?:[^']|'')+)'")


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """One identity's role on one scope.

    Attributes:
        principal: Name of the identity or of the resource with one of its own; else the object id
            or expression of the assignment.
        principal_id: Resource id of the identity; None when it is not one of the plan.
        role: Name of the role; its id where it is none of the table's.
        scope: Id of the resource, group or subscription.
    """

    principal: str
    principal_id: str | None
    role: str
    scope: str


def role_assignments(resources: Iterable[Resource]) -> tuple[RoleAssignment, ...]:
    """The role assignments among the resources of a plan, in their order."""
    planned = list(resources)
    known = {resource.id.lower(): resource for resource in planned}
    found = []
    for resource in planned:
        if not resource.is_a(ROLE_ASSIGNMENT):
            continue
        principal = str(resource.properties.get("principalId", ""))
        reference = _REFERENCE.search(principal)
        target = reference[1].replace("''", "'") if reference else ""
        owner = known.get(target.lower())
        if target and owner is None:
            principal = target.rpartition("/")[2]
        role = str(resource.properties.get("roleDefinitionId", "")).rpartition("/")[2]
        found.append(
            RoleAssignment(
                principal=principal if owner is None else _principal_name(owner),
                principal_id=None if owner is None else owner.id,
                role=ROLES.get(role.lower(), role),
                scope=resource.scope,
            )
        )
    return tuple(found)


def _principal_name(owner: Resource) -> str:
    return f"{owner.name} (system-assigned)" if has_system_identity(owner) else owner.name
