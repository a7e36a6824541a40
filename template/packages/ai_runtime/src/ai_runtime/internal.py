"""Calls between the workloads of this repository: who may make them, and with which token."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from ai_runtime.access import Access
from ai_runtime.problems import Problem
from ai_runtime.settings import IDENTIFIER, Settings

if TYPE_CHECKING:
    from azure.identity.aio import ManagedIdentityCredential


class InternalSettings(Settings):
    """What a workload reads that only other workloads call."""

    allowed_callers: str = Field(default="", description="Object ids, comma-separated.")

    @property
    def callers(self) -> frozenset[str]:
        return frozenset(item.strip() for item in self.allowed_callers.lower().split(","))

    @model_validator(mode="after")
    def _callers_are_identifiers(self) -> Self:
        if self.authenticates and not all(re.fullmatch(IDENTIFIER, item) for item in self.callers):
            raise ValueError("ALLOWED_CALLERS: must be object ids, separated by commas")
        return self


def internal_access(settings: InternalSettings) -> Access:
    """Let in only the identities that ALLOWED_CALLERS lists."""
    callers = settings.callers
    return Access(settings, lambda caller: caller.object_id in callers)


class ApiToken:
    """The token of this workload's identity for the services of this repository.

    azure-identity keeps it until it nears its end. In a local run the stand-in plays the endpoint
    of managed identities.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._credential: ManagedIdentityCredential | None = None
        self._token: Callable[[], Awaitable[str]] | None = None

    def load(self) -> None:
        if not self._settings.authenticates or self._token is not None:
            return
        from azure.identity.aio import ManagedIdentityCredential, get_bearer_token_provider

        self._credential = ManagedIdentityCredential(client_id=self._settings.azure_client_id)
        scope = f"{self._settings.api_client_id}/.default"
        self._token = get_bearer_token_provider(self._credential, scope)

    async def header(self) -> dict[str, str]:
        """Return the `Authorization` header of a call; none where services ask for none.

        Raises a 503 problem when the identity gets no token.
        """
        if self._token is None:
            return {}
        from azure.core.exceptions import AzureError

        try:
            return {"Authorization": f"Bearer {await self._token()}"}
        except AzureError as error:
            raise Problem(
                503,
                "The services cannot be called at the moment.",
                kind="identity-unavailable",
                retry_after=5,
            ) from error

    async def close(self) -> None:
        if self._credential is not None:
            await self._credential.close()
