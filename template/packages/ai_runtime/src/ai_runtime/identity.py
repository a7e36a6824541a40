"""Credentials: the workload's managed identity in Azure, none at all on a developer's machine."""

from typing import TYPE_CHECKING

from ai_runtime.settings import Settings

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential
    from azure.identity.aio import ManagedIdentityCredential as AsyncManagedIdentityCredential


def blocking_credential(settings: Settings) -> "ManagedIdentityCredential | None":
    """Return the credential for exporters that send from a thread; none if local."""
    if settings.is_local:
        return None
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=settings.azure_client_id)


def managed_identity(settings: Settings) -> "AsyncManagedIdentityCredential":
    """Return the credential of the workload's own identity; its owner closes it."""
    if settings.is_local:
        raise RuntimeError("a local run has no managed identity")
    from azure.identity.aio import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=settings.azure_client_id)
