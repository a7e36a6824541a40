"""Which credential a workload uses, and that it has no second one to fall back to."""

from azure.identity import ManagedIdentityCredential as BlockingManagedIdentityCredential
from azure.identity.aio import ManagedIdentityCredential

from ai_runtime.identity import (
    LOCAL_TOKEN,
    LocalCredential,
    exporter_credential,
    workload_credential,
)
from ai_runtime.settings import Settings

DEPLOYED = Settings(environment_type="dev", azure_client_id="11111111-2222-3333-4444-555555555555")


async def test_local() -> None:
    credential = workload_credential(Settings())
    assert isinstance(credential, LocalCredential)
    assert (await credential.get_token("scope")).token == LOCAL_TOKEN
    assert exporter_credential(Settings()) is None


async def test_deployed() -> None:
    credential = workload_credential(DEPLOYED)
    assert type(credential) is ManagedIdentityCredential
    await credential.close()
    assert type(exporter_credential(DEPLOYED)) is BlockingManagedIdentityCredential
