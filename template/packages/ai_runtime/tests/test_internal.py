"""Workloads call each other with the token of their identity, and accept only those they list."""

import asyncio

import pytest
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from ai_runtime.app import create_app
from ai_runtime.internal import ApiToken, InternalSettings, internal_access
from ai_runtime.problems import Problem
from ai_runtime.settings import Settings
from ai_standin.testing import StandIn

TENANT = "11111111-1111-4111-8111-111111111111"
API = "33333333-3333-4333-8333-333333333333"
CALLER = "44444444-4444-4444-8444-44444444abcd"
STRANGER = "55555555-5555-4555-8555-555555555555"

router = APIRouter()


@router.get("/things")
async def things() -> str:
    return "things"


def values(standin: StandIn, **changes: str) -> dict[str, str]:
    configured = {
        "azure_tenant_id": TENANT,
        "api_client_id": API,
        "token_authority": standin.authority,
        "allowed_callers": CALLER.upper(),
    }
    return configured | changes


def service(settings: InternalSettings) -> FastAPI:
    return create_app(settings, title="Test", access=internal_access(settings), routers=[router])


@pytest.fixture
def identity_endpoint(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{standin.authority}{TENANT}/identity")
    monkeypatch.setenv("IDENTITY_HEADER", "local")


def test_only_listed_callers(standin: StandIn) -> None:
    settings = InternalSettings.model_validate(values(standin))
    with TestClient(service(settings)) as client:
        for caller, status in ((CALLER, 200), (STRANGER, 403)):
            # Neither a person's scope nor a role makes a stranger a caller.
            token = standin.token(TENANT, API, caller, scp="Api.Access", roles=["Api.Call"])
            response = client.get("/things", headers={"Authorization": f"Bearer {token}"})
            assert response.status_code == status
        assert client.get("/things").status_code == 401
        assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("callers", ["", " ", "*", CALLER + ",", f"{CALLER};{STRANGER}", "name"])
def test_callers_are_object_ids(standin: StandIn, callers: str) -> None:
    with pytest.raises(ValueError, match="ALLOWED_CALLERS: must be object ids"):
        InternalSettings.model_validate(values(standin, allowed_callers=callers))


@pytest.mark.usefixtures("identity_endpoint")
async def test_the_token_of_the_identity_opens_the_service(standin: StandIn) -> None:
    settings = Settings.model_validate(values(standin, azure_client_id=CALLER))
    token = ApiToken(settings)
    await asyncio.to_thread(token.load)
    try:
        header = await token.header()
        assert await token.header() == header
        access = internal_access(InternalSettings.model_validate(values(standin)))
        caller = await access.check(header["Authorization"])
    finally:
        await token.close()
    assert caller is not None
    assert (caller.object_id, caller.scopes) == (CALLER, frozenset())


async def test_without_its_identity_a_workload_calls_nobody(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{standin.url}/nowhere")
    monkeypatch.setenv("IDENTITY_HEADER", "local")
    token = ApiToken(Settings.model_validate(values(standin, azure_client_id=CALLER)))
    await asyncio.to_thread(token.load)
    try:
        with pytest.raises(Problem) as refused:
            await token.header()
    finally:
        await token.close()
    assert (refused.value.status, refused.value.retry_after) == (503, 5)


async def test_nothing_is_attached_where_nothing_is_asked() -> None:
    token = ApiToken(Settings())
    await asyncio.to_thread(token.load)
    assert await token.header() == {}
    await token.close()
