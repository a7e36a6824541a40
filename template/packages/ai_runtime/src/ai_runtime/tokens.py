"""Access tokens of Entra ID: who calls, proven by the tenant's signature.

PyJWT, because azure-identity brings it along already. Its client for key sets blocks the event loop
and forgets every key while the key endpoint is down, so the keys are kept here.
"""

import asyncio
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from ai_runtime.problems import Problem
from ai_runtime.settings import Settings
from ai_runtime.telemetry import get_logger

if TYPE_CHECKING:
    from jwt import PyJWK

USER_SCOPE = "Api.Access"
"""What a signed-in person grants an application."""
APPLICATION_ROLE = "Api.Call"
"""App role of an application that calls the API for itself."""

ALGORITHM = "RS256"
LEEWAY_SECONDS = 60.0
MAX_TOKEN_CHARACTERS = 16 * 1024
MAX_KEY_SET_BYTES = 1024 * 1024

_logger = get_logger("tokens")


@dataclass(frozen=True)
class Caller:
    """Who a valid token speaks for. A person has scopes; an application that acts for itself has
    none, and its `object_id` is that of its service principal or managed identity."""

    object_id: str
    client_id: str
    tenant_id: str
    scopes: frozenset[str]
    roles: frozenset[str]


class _Claims(BaseModel):
    """The claims that matter, beside those that PyJWT checks.

    No ID token, which has the same issuer and audience, has an `azp`.
    """

    model_config = ConfigDict(strict=True)

    oid: str = Field(min_length=1)
    azp: str = Field(min_length=1)
    tid: str
    scp: str = ""
    roles: list[str] = []


class _KeySet(BaseModel):
    keys: list[dict[str, Any]]


class TokenValidator:
    """Accepts v2.0 access tokens that one tenant issued for one app registration.

    Apps use `Access` (access.py), which adds the rule on who may call.
    """

    def __init__(self, settings: Settings) -> None:
        """Raise `ValueError` unless `settings.authenticates`."""
        if not settings.azure_tenant_id or not settings.api_client_id:
            raise ValueError("AZURE_TENANT_ID and API_CLIENT_ID are required to validate tokens")
        authority = settings.token_authority or "https://login.microsoftonline.com/"
        tenant = f"{authority}{settings.azure_tenant_id}"
        self._issuer = f"{tenant}/v2.0"
        self._tenant_id = settings.azure_tenant_id
        self._audience = settings.api_client_id
        self._keys = SigningKeys(lambda: _download(f"{tenant}/discovery/v2.0/keys"))

    def load(self) -> None:
        """Import what the first validation would otherwise wait for; safe to call in a thread."""
        import jwt  # noqa: F401 - brings the cryptography along

    async def validate(self, authorization: str | None) -> Caller:
        """Return whom the `Authorization` header speaks for.

        Raises a 401 problem when there is no valid token, and a 503 problem while the keys that
        could prove it cannot be loaded. What the caller may do is not decided here.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if not authorization:
            raise unauthorized("A token is required.")
        if scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN_CHARACTERS:
            raise unauthorized("The Authorization header holds no bearer token.")
        return await self._caller(token)

    async def _caller(self, token: str) -> Caller:
        import jwt

        try:
            identifier = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.get(identifier) if isinstance(identifier, str) else None
            if key is None:
                raise jwt.InvalidKeyError("no key of the tenant")
            payload = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "nbf", "iat", "iss", "aud"], "strict_aud": True},
            )
            claims = _Claims.model_validate(payload)
            if claims.tid != self._tenant_id:
                raise jwt.InvalidTokenError("another tenant")
        except jwt.ExpiredSignatureError:
            raise unauthorized("The token has expired.", kind="token-expired") from None
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            # The caller learns no more than that; the log says what was wrong with it.
            _logger.warning("token refused: %s", type(error).__name__)
            raise unauthorized("The token is not valid.") from None
        return Caller(
            object_id=claims.oid,
            client_id=claims.azp,
            tenant_id=claims.tid,
            scopes=frozenset(claims.scp.split()),
            roles=frozenset(claims.roles),
        )


def unauthorized(detail: str, *, kind: str = "token-invalid") -> Problem:
    return Problem(401, detail, kind=kind, headers={"WWW-Authenticate": "Bearer"})


class SigningKeys:
    """The key set of a tenant: loaded when first asked, again when old or when a key is unknown.

    A flood of unknown keys loads it once in `cooldown_seconds`; requests at the same time share one
    load. While the endpoint is down, the keys known so far hold for `keep_seconds`.
    """

    def __init__(
        self,
        download: Callable[[], bytes],
        *,
        refresh_seconds: float = 3600.0,
        keep_seconds: float = 24 * 3600.0,
        cooldown_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._download = download
        self._refresh_seconds = refresh_seconds
        self._keep_seconds = keep_seconds
        self._cooldown_seconds = cooldown_seconds
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._loaded_at = self._tried_at = float("-inf")
        self._loading: asyncio.Task[None] | None = None

    async def get(self, identifier: str) -> "PyJWK | None":
        """Return the key, None if the tenant has no such key; 503 if that cannot be known."""
        age = self._clock() - self._loaded_at
        if age < self._keep_seconds and (key := self._keys.get(identifier)):
            if age >= self._refresh_seconds:
                self._load()
            return key
        if loading := self._load():
            # A caller that goes away must not take the keys from the others.
            await asyncio.shield(loading)
        if self._tried_at > self._loaded_at:
            raise Problem(
                503,
                "Tokens cannot be checked at the moment.",
                kind="keys-unavailable",
                retry_after=self._cooldown_seconds,
            )
        return self._keys.get(identifier)

    def _load(self) -> Awaitable[None] | None:
        """Return the load in progress, after starting one unless the last was a moment ago."""
        if self._loading is None or self._loading.done():
            if self._clock() - self._tried_at < self._cooldown_seconds:
                return None
            self._tried_at = self._clock()
            self._loading = asyncio.create_task(self._replace())
        return self._loading

    async def _replace(self) -> None:
        try:
            self._keys = await asyncio.to_thread(lambda: _keys_of(self._download()))
        except (OSError, HTTPException, ValueError) as error:
            _logger.warning("signing keys cannot be loaded: %s", error)
        else:
            self._loaded_at = self._tried_at


def _download(url: str) -> bytes:
    # Neither a proxy that the environment names nor a redirect decides whose keys are trusted.
    opener = urllib.request.OpenerDirector()
    opener.add_handler(urllib.request.HTTPHandler())
    opener.add_handler(urllib.request.HTTPSHandler())
    with opener.open(url, timeout=5) as response:
        if response.status != 200:
            raise OSError(f"status {response.status}")
        body: bytes = response.read(MAX_KEY_SET_BYTES + 1)
    if len(body) > MAX_KEY_SET_BYTES:
        raise OSError("the key set is too large")
    return body


def _keys_of(body: bytes) -> "Mapping[str, PyJWK]":
    """Read a key set; as RFC 7517 asks, keys that cannot be used here are left out."""
    import jwt

    keys = {}
    for key in _KeySet.model_validate_json(body).keys:
        if key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and "kid" in key:
            try:
                keys[str(key["kid"])] = jwt.PyJWK(key, ALGORITHM)
            except (jwt.PyJWTError, TypeError, ValueError) as error:
                _logger.warning("a signing key is left out: %s", error)
    if not keys:
        raise ValueError("no RSA key in the key set")
    return keys
