"""Entra ID as the stand-in plays it: real signatures, a real key set, tokens without a password.

The tenant is the first part of each path. An identity's object id is its client id.
"""

import time
import uuid
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

PERSON_ID = "00000000-0000-4000-8000-0000000000aa"
USER_SCOPE = "Api.Access"
LIFETIME_SECONDS = 3600


class SigningKey:
    """An RSA key, made when first used, and the id that tokens name it by."""

    def __init__(self) -> None:
        self.identifier = uuid.uuid4().hex

    @cached_property
    def private(self) -> RSAPrivateKey:
        return generate_private_key(public_exponent=65537, key_size=2048)

    def published(self) -> dict[str, Any]:
        """Return the entry of the key set; like Entra ID's it names no algorithm."""
        algorithm = jwt.algorithms.RSAAlgorithm
        key = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {
            "kty": key["kty"],
            "use": "sig",
            "kid": self.identifier,
            "n": key["n"],
            "e": key["e"],
        }


class Issuer:
    """Signs tokens and publishes its keys; tests rotate the keys and take the key set away."""

    def __init__(self) -> None:
        self.keys = [SigningKey()]
        self.outage = False
        self.downloads = 0
        """How often the key set was asked for."""

    def rotate(self, *, keep: bool = True) -> None:
        """Sign with a new key; the others stay published if `keep`."""
        self.keys = [SigningKey(), *(self.keys if keep else ())]

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        key = self.keys[0]
        return jwt.encode(
            claims, key.private, algorithm="RS256", headers={"kid": key.identifier, **header}
        )


def access_claims(
    authority: str, tenant_id: str, audience: str, object_id: str, **changes: Any
) -> dict[str, Any]:
    """Return the claims of a v2.0 access token; a change to None leaves a claim out.

    `authority` ends with a slash.
    """
    now = int(time.time())
    claims: dict[str, Any] = {
        "aud": audience,
        "iss": f"{authority}{tenant_id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_SECONDS,
        "azp": object_id,
        "oid": object_id,
        "sub": object_id,
        "tid": tenant_id,
        "ver": "2.0",
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def routes(issuer: Issuer) -> list[Route]:
    """Return what to mount at the authority."""

    def claims_for(
        request: Request, audience: str, object_id: str, **changes: Any
    ) -> dict[str, Any]:
        # The same issuer, whichever name of this machine the caller used.
        host, port = request.scope["server"]
        authority = f"http://{host}:{port}{request.scope['root_path']}/"
        tenant_id = request.path_params["tenant_id"]
        return access_claims(authority, tenant_id, audience, object_id, **changes)

    async def keys(_: Request) -> Response:
        issuer.downloads += 1
        if issuer.outage:
            return Response(status_code=503)
        return JSONResponse({"keys": [key.published() for key in issuer.keys]})

    async def identity(request: Request) -> Response:
        """The endpoint of managed identities, as the platform of a workload has it."""
        query = request.query_params
        if "X-IDENTITY-HEADER" not in request.headers or not query.keys() >= {
            "resource",
            "client_id",
        }:
            return JSONResponse({"statusCode": 400, "message": "not asked as an identity"}, 400)
        claims = claims_for(request, query["resource"], query["client_id"])
        return JSONResponse(
            {
                "access_token": issuer.sign(claims),
                "expires_on": str(claims["exp"]),
                "resource": query["resource"],
                "token_type": "Bearer",
            }
        )

    async def user(request: Request) -> Response:
        """A token of the one person who is always signed in here. A JSON object that is sent along
        replaces claims, null leaves one out."""
        audience = request.path_params["audience"]
        changes = await request.json() if request.method == "POST" else {}
        claims = claims_for(
            request, audience, PERSON_ID, **{"azp": audience, "scp": USER_SCOPE} | changes
        )
        return PlainTextResponse(issuer.sign(claims), headers={"Cache-Control": "no-store"})

    async def rotate(_: Request) -> Response:
        issuer.rotate()
        return Response(status_code=204)

    async def outage(request: Request) -> Response:
        issuer.outage = request.method == "PUT"
        return Response(status_code=204)

    return [
        Route("/keys", rotate, methods=["POST"]),
        Route("/outage", outage, methods=["PUT", "DELETE"]),
        Route("/{tenant_id}/discovery/v2.0/keys", keys, methods=["GET"]),
        Route("/{tenant_id}/identity", identity, methods=["GET"]),
        Route("/{tenant_id}/{audience}/token", user, methods=["GET", "POST"]),
    ]
