"""A client of an AI service that lives as long as the app."""

import asyncio
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ai_runtime.identity import workload_credential
from ai_runtime.resilience import Upstream
from ai_runtime.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


class _Closable(Protocol):
    async def close(self) -> None: ...


SettingsT = TypeVar("SettingsT", bound=Settings)
SdkT = TypeVar("SdkT", bound=_Closable)


class ServiceClient(ABC, Generic[SettingsT, SdkT]):
    """Owns one SDK client, with its connections, and the credential that it calls with.

    SDKs take long to import, so nothing is imported before `load`, which runs in a thread; what
    else needs the SDK imports it after `_loaded`.
    """

    def __init__(self, settings: SettingsT, upstream: Upstream) -> None:
        self._settings = settings
        self._upstream = upstream
        self._sdk: SdkT | None = None
        self._credential: AsyncTokenCredential | None = None
        self._loading = threading.Lock()

    @abstractmethod
    def _connect(self, credential: "AsyncTokenCredential") -> SdkT:
        """Import the SDK and make its client."""

    def load(self) -> None:
        with self._loading:
            if self._sdk is None:
                self._credential = workload_credential(self._settings)
                self._sdk = self._connect(self._credential)

    async def close(self) -> None:
        if self._sdk is not None:
            await self._sdk.close()
        if self._credential is not None:
            await self._credential.close()

    async def _loaded(self) -> SdkT:
        if self._sdk is None:
            await asyncio.to_thread(self.load)
        if self._sdk is None:
            raise RuntimeError("the client is not loaded")
        return self._sdk
