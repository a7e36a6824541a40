"""Tokens are accepted only with a signature of the tenant's keys, for this API, in their time."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from ai_runtime.problems import Problem
from ai_runtime.settings import Settings
from ai_runtime.tokens import Caller, SigningKeys, TokenValidator
from ai_standin.entra import Issuer, SigningKey
from ai_standin.testing import StandIn

TENANT = "11111111-1111-4111-8111-111111111111"
OTHER_TENANT = "22222222-2222-4222-8222-222222222222"
API = "33333333-3333-4333-8333-333333333333"
SOMEONE = "44444444-4444-4444-8444-444444444444"


@pytest.fixture
def validator(standin: StandIn) -> TokenValidator:
    return TokenValidator(
        Settings(azure_tenant_id=TENANT, api_client_id=API, token_authority=f"{standin.url}/entra")
    )


async def refusal(validator: TokenValidator, authorization: str | None) -> Problem:
    with pytest.raises(Problem) as refused:
        await validator.validate(authorization)
    return refused.value


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_person(validator: TokenValidator, standin: StandIn) -> None:
    token = standin.token(TENANT, API, SOMEONE, azp=API, scp="Api.Access profile")
    assert await validator.validate(f"Bearer {token}") == Caller(
        object_id=SOMEONE,
        client_id=API,
        tenant_id=TENANT,
        scopes=frozenset({"Api.Access", "profile"}),
        roles=frozenset(),
    )


async def test_application(validator: TokenValidator, standin: StandIn) -> None:
    token = standin.token(TENANT, API, SOMEONE, roles=["Api.Call"])
    caller = await validator.validate(f"bearer {token}")
    assert caller.scopes == frozenset()
    assert caller.roles == frozenset({"Api.Call"})


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dTpw",
        "Bearer a.b.c",
        "Bearer ...",
        "Bearer \u00e9.\u00e9.\u00e9",
        "Bearer " + "x" * 20_000,
        "Bearer " + "[" * 10_000,
        f"Bearer {segment(b'[' * 5_000)}.e30.e30",
        f"Bearer {segment([])}.e30.e30",
        f"Bearer {segment({'alg': 'RS256', 'kid': 5})}.e30.e30",
    ],
)
async def test_no_token(validator: TokenValidator, authorization: str | None) -> None:
    problem = await refusal(validator, authorization)
    assert problem.status == 401
    assert problem.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": OTHER_TENANT},
        {"aud": [API]},
        {"aud": None},
        {"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0"},
        {"iss": f"https://sts.windows.net/{TENANT}/"},
        {"iss": None},
        {"tid": OTHER_TENANT},
        {"tid": None},
        {"oid": None},
        {"oid": 5},
        {"azp": None, "name": "what an ID token looks like"},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": None},
        {"nbf": int(time.time()) + 3600},
        {"iat": None},
        {"roles": "Api.Call"},
    ],
    ids=json.dumps,
)
async def test_wrong_claim(
    validator: TokenValidator, standin: StandIn, changes: dict[str, Any]
) -> None:
    token = standin.token(TENANT, API, SOMEONE, **changes)
    problem = await refusal(validator, f"Bearer {token}")
    assert (problem.status, problem.kind) == (401, "token-invalid")


async def test_expiry_is_told(validator: TokenValidator, standin: StandIn) -> None:
    def expired(seconds: int) -> str:
        return f"Bearer {standin.token(TENANT, API, SOMEONE, exp=int(time.time()) - seconds)}"

    assert (await refusal(validator, expired(120))).kind == "token-expired"
    # Clocks differ by seconds.
    assert (await validator.validate(expired(5))).object_id == SOMEONE


async def test_issuer_of_another_tenant(validator: TokenValidator, standin: StandIn) -> None:
    token = standin.token(OTHER_TENANT, API, SOMEONE)
    assert (await refusal(validator, f"Bearer {token}")).status == 401


async def test_forged_signatures(validator: TokenValidator, standin: StandIn) -> None:
    header, payload, signature = standin.token(TENANT, API, SOMEONE).split(".")
    kid = jwt.get_unverified_header(f"{header}.{payload}.{signature}")["kid"]
    public = standin.issuer.keys[0].private.public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    hs256 = segment({"alg": "HS256", "typ": "JWT", "kid": kid})
    mac = hmac.digest(pem, f"{hs256}.{payload}".encode(), hashlib.sha256)
    stranger = Issuer()
    stranger.keys[0].identifier = kid
    claims = jwt.decode(f"{header}.{payload}.{signature}", options={"verify_signature": False})
    own_key = stranger.keys[0].published()
    other_payload = segment(claims | {"roles": ["Documents.Operate"]})
    forged = {
        "none": f"{segment({'alg': 'none', 'kid': kid})}.{payload}.",
        "None": f"{segment({'alg': 'None', 'kid': kid})}.{payload}.{signature}",
        "no algorithm": f"{segment({'kid': kid})}.{payload}.{signature}",
        "HS256 with the public key": f"{hs256}.{payload}.{segment(mac)}",
        "RS512": jwt.encode(claims, standin.issuer.keys[0].private, "RS512", headers={"kid": kid}),
        "no signature": f"{header}.{payload}.",
        "other payload": f"{header}.{other_payload}.{signature}",
        "a stranger's key": stranger.sign(claims),
        "a key in the header": stranger.sign(claims, jwk=own_key),
        "an address in the header": stranger.sign(claims, jku=f"{standin.url}/elsewhere"),
        "an unknown critical header": standin.issuer.sign(claims, crit=["x"], x=1),
        "a detached payload": standin.issuer.sign(claims, crit=["b64"], b64=False),
    }
    statuses = {
        name: (await refusal(validator, f"Bearer {token}")).status for name, token in forged.items()
    }
    assert statuses == dict.fromkeys(forged, 401)


async def test_keys_are_loaded_once(validator: TokenValidator, standin: StandIn) -> None:
    before = standin.issuer.downloads
    authorization = f"Bearer {standin.token(TENANT, API, SOMEONE)}"
    await asyncio.gather(*(validator.validate(authorization) for _ in range(20)))
    await validator.validate(authorization)
    assert standin.issuer.downloads == before + 1


class Endpoint:
    """A key endpoint and a clock for `SigningKeys`."""

    def __init__(self) -> None:
        self.issuer = Issuer()
        self.now = 0.0
        self.error: Exception | None = None
        self.body: bytes | None = None
        self.keys = SigningKeys(self.download, clock=lambda: self.now)

    def download(self) -> bytes:
        self.issuer.downloads += 1
        if self.error:
            raise self.error
        published = [key.published() for key in self.issuer.keys]
        return self.body or json.dumps({"keys": published}).encode()

    async def knows(self, key: SigningKey) -> bool:
        return await self.keys.get(key.identifier) is not None


async def test_rotation_is_noticed_at_once() -> None:
    endpoint = Endpoint()
    [old] = endpoint.issuer.keys
    assert await endpoint.knows(old)
    endpoint.issuer.rotate()
    endpoint.now = 11
    assert await endpoint.knows(endpoint.issuer.keys[0])
    assert await endpoint.knows(old)
    assert endpoint.issuer.downloads == 2


async def test_withdrawn_key_is_forgotten() -> None:
    endpoint = Endpoint()
    [old] = endpoint.issuer.keys
    assert await endpoint.knows(old)
    endpoint.issuer.rotate(keep=False)
    endpoint.now = 3601
    # The request that finds the keys old does not wait for new ones.
    assert await endpoint.knows(old)
    assert await endpoint.knows(endpoint.issuer.keys[0])
    assert not await endpoint.knows(old)
    assert endpoint.issuer.downloads == 2


async def test_unknown_keys_cannot_flood_the_endpoint() -> None:
    endpoint = Endpoint()
    for second in range(20):
        endpoint.now = float(second)
        assert await endpoint.keys.get(f"unknown-{second}") is None
    assert endpoint.issuer.downloads == 2


async def test_outage_is_survived_for_a_day() -> None:
    endpoint = Endpoint()
    [key] = endpoint.issuer.keys
    assert await endpoint.knows(key)
    endpoint.error = TimeoutError("no answer")
    endpoint.now = 23 * 3600
    assert await endpoint.knows(key)
    endpoint.now = 25 * 3600
    with pytest.raises(Problem, match="cannot be checked") as refused:
        await endpoint.knows(key)
    assert (refused.value.status, refused.value.retry_after) == (503, 10)
    endpoint.error = None
    endpoint.now += 11
    assert await endpoint.knows(key)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"keys": []}',
        b'{"keys": 5}',
        b'{"keys": [5]}',
        b'{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "a", "use": "enc", "n": "AQAB", "e": "AQAB"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "a"}]}',
    ],
)
async def test_what_is_no_key_set_changes_nothing(body: bytes) -> None:
    endpoint = Endpoint()
    [key] = endpoint.issuer.keys
    assert await endpoint.knows(key)
    endpoint.body = body
    endpoint.now = 11
    with pytest.raises(Problem):
        await endpoint.keys.get("a")
    assert await endpoint.knows(key)


@pytest.mark.parametrize(
    "odd",
    [
        {"kty": "OKP", "kid": "odd", "crv": "Ed25519", "exp": 1},
        {"kty": "RSA", "kid": "odd"},
        {"kty": "RSA", "kid": "odd", "n": 5, "e": None},
        {"kty": "RSA", "kid": "odd", "n": "AQAB", "e": "!"},
    ],
)
async def test_a_key_that_cannot_be_used_hides_no_other(odd: dict[str, object]) -> None:
    endpoint = Endpoint()
    [key] = endpoint.issuer.keys
    endpoint.body = json.dumps({"keys": [odd, key.published() | {"exp": 1}]}).encode()
    assert await endpoint.knows(key)
    assert await endpoint.keys.get("odd") is None


async def test_outage_at_the_start(validator: TokenValidator, standin: StandIn) -> None:
    standin.issuer.outage = True
    problem = await refusal(validator, f"Bearer {standin.token(TENANT, API, SOMEONE)}")
    assert problem.status == 503


def test_needs_a_tenant_and_an_api() -> None:
    with pytest.raises(ValueError, match="API_CLIENT_ID"):
        TokenValidator(Settings())
