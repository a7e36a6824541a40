"""Attacks on the gateway: people need a token of their own, and nothing else opens it."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from harness import System, assert_problem

ELSEWHERE = "00000000-0000-4000-8000-0000000000cc"


@pytest.fixture
def visitor(system: System) -> Iterator[httpx2.Client]:
    """A caller of the gateway without a token."""
    with httpx2.Client(base_url=system.gateway.base_url) as client:
        yield client


def test_only_health_is_open(system: System, visitor: httpx2.Client) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert visitor.get(path).status_code == 200
    with system.nothing_called():
        for path in (*_operations(system), "/openapi.json", "/", "/nowhere"):
            assert_problem(visitor.post(path, content=b"{}"), 401)


@pytest.mark.parametrize(
    "path",
    [
        b"/health/../openapi.json",
        b"//health/../openapi.json",
        b"/health/%2e%2e/openapi.json",
        b"/health%2f..%2fopenapi.json",
        b"/health/live;/../../openapi.json",
        b"/health\\..\\openapi.json",
        b"/health/live%00",
        b"/HEALTH",
        b"/openapi.json?/health",
        b"http://health/openapi.json",
    ],
)
def test_path_tricks(system: System, path: bytes) -> None:
    assert _raw_status(system, b"GET " + path + b" HTTP/1.1\r\nHost: health\r\n\r\n") in (400, 401)


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"scp": "User.Read"}, 403),
        ({"scp": None}, 403),
        ({"scp": None, "roles": ["Api.Call"]}, 404),
        ({"audience": ELSEWHERE}, 401),
        ({"tenant_id": ELSEWHERE}, 401),
        ({"exp": int(time.time()) - 600}, 401),
        ({"nbf": int(time.time()) + 600}, 401),
        ({"azp": None}, 401),
    ],
    ids=str,
)
def test_claims(
    system: System, visitor: httpx2.Client, claims: dict[str, Any], status: int
) -> None:
    token = system.token(**claims)
    response = visitor.get("/nowhere", headers={"Authorization": f"Bearer {token}"})
    problem = assert_problem(response, status)
    if status == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
        expired = "exp" in claims
        assert problem["type"] == f"urn:problem:token-{'expired' if expired else 'invalid'}"


def test_the_gateways_token_is_no_persons(system: System, visitor: httpx2.Client) -> None:
    """What a service would accept does not open the gateway."""
    identity = system.standin.get(
        f"/entra/{system.tenant_id}/identity",
        params={"resource": system.audience, "client_id": ELSEWHERE},
        headers={"X-IDENTITY-HEADER": "local"},
    ).json()["access_token"]
    assert_problem(visitor.get("/nowhere", headers={"Authorization": f"Bearer {identity}"}), 403)


def test_no_token_outside_the_header(system: System, visitor: httpx2.Client) -> None:
    token = system.token()
    for headers, query, cookies in (
        ({}, {"access_token": token}, {}),
        ({}, {}, {"Authorization": f"Bearer {token}"}),
        ({"X-Forwarded-Authorization": f"Bearer {token}"}, {}, {}),
        ({"X-MS-TOKEN-AAD-ACCESS-TOKEN": token}, {}, {}),
        ({"Authorization": token}, {}, {}),
    ):
        visitor.cookies = httpx2.Cookies(cookies)
        assert_problem(visitor.get("/nowhere", headers=headers, params=query), 401)


def test_preflight_needs_no_token(system: System, visitor: httpx2.Client) -> None:
    """A browser asks without a token whether it may send one."""
    origin = f"http://localhost:{(system.gateway.base_url.port or 0) - 8080 + 5173}"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    response = visitor.options(_operations(system)[0], headers=asked)
    assert response.status_code == 200
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    refused = visitor.post(_operations(system)[0], headers={"Origin": origin})
    assert_problem(refused, 401)
    # Without it the page could not tell a refusal from a network that is down.
    assert refused.headers["Access-Control-Allow-Origin"] == origin


def test_oversized_header(system: System) -> None:
    request = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"x" * 200_000
    assert _raw_status(system, request + b"\r\n\r\n") in (400, 401, 431)
    assert system.gateway.get("/health/live").status_code == 200


def test_a_body_is_not_read_before_the_token(system: System) -> None:
    path = _operations(system)[0].encode()
    request = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    assert _raw_status(system, request) == 401


def _operations(system: System) -> list[str]:
    paths: dict[str, object] = system.gateway.get("/openapi.json").json()["paths"]
    return [path for path in paths if path.startswith("/api/")]


def _raw_status(system: System, request: bytes) -> int:
    """Send bytes that no client would, and return the status of the answer."""
    address = urlsplit(str(system.gateway.base_url))
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall(request)
        line = connection.makefile("rb").readline()
    return int(line.split()[1])
