"""Nothing but health is reached without a valid token of a caller that the rule lets in."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ai_runtime.access import Access
from ai_runtime.app import create_app
from ai_runtime.settings import PublicSettings
from ai_runtime.tokens import APPLICATION_ROLE
from ai_standin.testing import StandIn

TENANT = "11111111-1111-4111-8111-111111111111"
API = "33333333-3333-4333-8333-333333333333"
SOMEONE = "44444444-4444-4444-8444-444444444444"

router = APIRouter()


@router.get("/things")
async def things() -> str:
    return "things"


def build(**values: Any) -> FastAPI:
    settings = PublicSettings.model_validate(values)
    access = Access.of_users(settings, {APPLICATION_ROLE})
    return create_app(settings, title="Test", access=access, routers=[router])


@pytest.fixture
def client(standin: StandIn) -> Iterator[TestClient]:
    app = build(azure_tenant_id=TENANT, api_client_id=API, token_authority=standin.authority)
    with TestClient(app) as client:
        yield client


def bearer(standin: StandIn, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {standin.token(TENANT, API, SOMEONE, **claims)}"}


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"scp": "Api.Access"}, 200),
        ({"roles": ["Api.Call"]}, 200),
        ({}, 403),
        ({"scp": "Api.AccessAll", "roles": ["Api"]}, 403),
        ({"scp": "User.Read", "roles": ["Other"]}, 403),
    ],
)
def test_who_may_call(
    client: TestClient, standin: StandIn, claims: dict[str, Any], status: int
) -> None:
    response = client.get("/things", headers=bearer(standin, **claims))
    assert response.status_code == status
    if status == 403:
        assert response.json()["type"] == "urn:problem:forbidden"


@pytest.mark.parametrize(
    "path",
    ["/things", "/nowhere", "/openapi.json", "/health/", "/health/live/", "//health", "/HEALTH",
     "/health/../things", "/health%2f..%2fthings", "/health;/things", "/health/live/../../things"],
)  # fmt: skip
def test_without_a_token_nothing_is_told(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["detail"] == "A token is required."


def test_health_needs_no_token(client: TestClient) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert client.get(path).status_code == 200


def test_two_tokens_are_none(client: TestClient, standin: StandIn) -> None:
    good = bearer(standin, scp="Api.Access")["Authorization"]
    for values in ((good, good), (good, "Bearer x"), ("Basic dTpw", good)):
        headers = [("Authorization", value) for value in values]
        assert client.get("/things", headers=headers).status_code == 401


def test_no_web_socket(client: TestClient, standin: StandIn) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/things", headers=bearer(standin, scp="Api.Access")),
    ):
        pass


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "API_CLIENT_ID is not set"),
        (
            {
                "azure_tenant_id": TENANT,
                "api_client_id": API,
                "token_authority": "http://127.0.0.1:9/",
                "user_authentication": "none",
            },
            "USER_AUTHENTICATION is none",
        ),
    ],
)
def test_an_open_app_says_so(
    capsys: pytest.CaptureFixture[str], values: dict[str, Any], reason: str
) -> None:
    with TestClient(build(**values)) as client:
        assert client.get("/things").status_code == 200
    said = [line for line in capsys.readouterr().out.splitlines() if "open to everybody" in line]
    assert len(said) == 1
    assert reason in said[0]
