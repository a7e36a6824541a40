"""Attacks on the services behind the gateway: only the gateway's own identity may call them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from harness import System, assert_problem

STRANGER = "00000000-0000-4000-8000-0000000000bb"
ELSEWHERE = "00000000-0000-4000-8000-0000000000cc"


@pytest.fixture(scope="module")
def addresses(system: System, gateway_id: str) -> list[str]:
    """What a service has, as its own description tells the gateway, and what it has not."""
    headers = {"Authorization": f"Bearer {system.token(oid=gateway_id, scp=None)}"}
    found = []
    for url in system.services.values():
        paths = httpx2.get(f"{url}/openapi.json", headers=headers).json()["paths"]
        operations = [path for path in paths if not path.startswith("/health")]
        assert operations
        found += [url + path for path in (*operations, "/openapi.json", "/nowhere")]
    return found


Knock = Callable[[dict[str, str], int], None]


@pytest.fixture
def knock(system: System, addresses: list[str]) -> Knock:
    """Send headers to every address and compare the answer; no AI service may notice."""

    def send(headers: dict[str, str], status: int) -> None:
        with system.nothing_called():
            for address in addresses:
                assert_problem(httpx2.post(address, headers=headers, content=b"{}"), status)

    return send


def test_without_a_token(system: System, knock: Knock) -> None:
    knock({}, 401)
    for url in system.services.values():
        assert httpx2.get(f"{url}/health").json()["status"] == "healthy"


def test_a_person_is_no_caller(system: System, knock: Knock) -> None:
    knock({"Authorization": f"Bearer {system.token()}"}, 403)


def test_a_stranger_is_no_caller(system: System, knock: Knock) -> None:
    token = system.token(oid=STRANGER, azp=STRANGER, scp=None, roles=["Api.Call"])
    knock({"Authorization": f"Bearer {token}"}, 403)


def test_the_gateway_is_proven_by_its_token_alone(
    system: System, gateway_id: str, knock: Knock
) -> None:
    """No header makes a stranger the gateway, whatever platforms and proxies would write there."""
    token = system.token(oid=STRANGER, scp=None)
    smuggled = {
        "Authorization": f"Bearer {token}",
        "X-MS-CLIENT-PRINCIPAL-ID": gateway_id,
        "X-MS-CLIENT-PRINCIPAL": gateway_id,
        "X-MS-TOKEN-AAD-ACCESS-TOKEN": system.token(oid=gateway_id),
        "X-Forwarded-Authorization": f"Bearer {system.token(oid=gateway_id)}",
        "X-Forwarded-User": gateway_id,
        "Forwarded": f"for={gateway_id}",
    }
    knock(smuggled, 403)


@pytest.mark.parametrize(
    "claims",
    [
        {"audience": ELSEWHERE},
        {"tenant_id": ELSEWHERE},
        {"tid": ELSEWHERE},
        {"exp": int(time.time()) - 600},
        {"nbf": int(time.time()) + 600},
        {"iss": "https://login.microsoftonline.com/common/v2.0"},
        {"aud": None},
    ],
    ids=str,
)
def test_the_gateways_name_in_a_wrong_token(
    system: System, gateway_id: str, knock: Knock, claims: dict[str, Any]
) -> None:
    token = system.token(**{"oid": gateway_id} | claims)
    knock({"Authorization": f"Bearer {token}"}, 401)


def test_forged_signatures(system: System, gateway_id: str, knock: Knock) -> None:
    header, payload, signature = system.token(oid=gateway_id).split(".")
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    keys = system.standin.get(f"/entra/{system.tenant_id}/discovery/v2.0/keys").content

    def signed(algorithm: str, identifier: str, key: bytes) -> str:
        parts = f"{_segment({'alg': algorithm, 'kid': identifier})}.{payload}"
        return f"{parts}.{_segment(hmac.digest(key, parts.encode(), hashlib.sha256))}"

    public = json.loads(keys)["keys"][0]
    for token in (
        f"{_segment({'alg': 'none', 'kid': kid})}.{payload}.",
        f"{header}.{payload}.{signature[::-1]}",
        f"{header}.{payload}.",
        signed("HS256", kid, public["n"].encode()),
        signed("HS256", kid, json.dumps(public).encode()),
        signed("RS256", "unknown", b"key"),
        signed("RS256", "../../keys", b"key"),
    ):
        knock({"Authorization": f"Bearer {token}"}, 401)


def _segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_keys_rotate_without_a_restart(system: System, gateway_id: str) -> None:
    assert system.standin.post("/entra/keys").status_code == 204
    until = time.monotonic() + 15
    for url in system.services.values():
        headers = {"Authorization": f"Bearer {system.token(oid=gateway_id, scp=None)}"}
        # An unknown key is looked up at most once in ten seconds.
        while (response := httpx2.get(f"{url}/nowhere", headers=headers)).status_code == 401:
            assert time.monotonic() < until
            time.sleep(0.2)
        assert_problem(response, 404)


def test_an_outage_of_the_key_endpoint_is_survived(system: System, gateway_id: str) -> None:
    headers = {"Authorization": f"Bearer {system.token(oid=gateway_id, scp=None)}"}
    for url in system.services.values():
        httpx2.get(f"{url}/nowhere", headers=headers)
    assert system.standin.put("/entra/outage").status_code == 204
    try:
        for url in system.services.values():
            assert_problem(httpx2.get(f"{url}/nowhere", headers=headers), 404)
    finally:
        assert system.standin.delete("/entra/outage").status_code == 204
