"""Credentials: the workload's managed identity in Azure, no secret on a developer's machine."""

from typing import TYPE_CHECKING, Any, Self

from ai_runtime.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.identity import ManagedIdentityCredential

LOCAL_TOKEN = "local"  # noqa: S105 - what the stand-in on this machine gets; it opens nothing


class LocalCredential:
    """Stands where a credential must be given; settings let only this machine be its endpoint."""

    async def get_token(self, *_scopes: str, **_options: Any) -> "AccessToken":
        from azure.core.credentials import AccessToken

        return AccessToken(LOCAL_TOKEN, 2**31)

    async def token(self) -> str:
        return LOCAL_TOKEN

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


def workload_credential(settings: Settings) -> "AsyncTokenCredential":
    """Return the workload's own identity; there is no fallback to another. Its user closes it."""
    if settings.is_local:
        return LocalCredential()
    from azure.identity.aio import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=settings.azure_client_id)


def exporter_credential(settings: Settings) -> "ManagedIdentityCredential | None":
    """Return the same identity for telemetry exporters, which send from a thread; none if local."""
    if settings.is_local:
        return None
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=settings.azure_client_id)
