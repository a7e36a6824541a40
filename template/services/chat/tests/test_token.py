"""Tokens for Azure OpenAI: asked for once, for the right scope; without one the call is denied."""

import time
from typing import Any, Self

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from ai_runtime.clients.openai import token_source
from ai_runtime.identity import LOCAL_TOKEN, LocalCredential
from ai_runtime.resilience import UpstreamError


class Identity:
    """Gives tokens as a managed identity does, or none."""

    def __init__(self, token: str | None) -> None:
        self.token = token
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        self.scopes.extend(scopes)
        if self.token is None:
            raise ClientAuthenticationError("the identity does not exist")
        return AccessToken(self.token, int(time.time()) + 3600)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


async def test_token_is_kept() -> None:
    identity = Identity("a token")
    token = token_source(identity)
    assert [await token() for _ in range(3)] == ["a token"] * 3
    assert identity.scopes == ["https://ai.azure.com/.default"]


async def test_no_token() -> None:
    with pytest.raises(UpstreamError) as raised:
        await token_source(Identity(None))()
    assert raised.value.status == 502
    assert "identity" not in raised.value.detail


async def test_local() -> None:
    assert await token_source(LocalCredential())() == LOCAL_TOKEN
