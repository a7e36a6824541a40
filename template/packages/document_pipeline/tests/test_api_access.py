"""Attacks on the API: users need a token, and rejected documents are for operators only."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from ai_standin.testing import StandIn
from document_pipeline.api import create_app
from document_pipeline.composition import Pipeline
from document_pipeline.settings import PipelineSettings
from document_pipeline.testing import memory_adapters

TENANT = "11111111-1111-4111-8111-111111111111"
OTHER_TENANT = "22222222-2222-4222-8222-222222222222"
API = "33333333-3333-4333-8333-333333333333"
SOMEONE = "44444444-4444-4444-8444-444444444444"

# A caller who is let in learns that these are not right; nobody else learns anything.
DOCUMENT = "/api/documents/unknown"
RESULT = f"{DOCUMENT}/result"
REJECTED = "/api/rejected/rejected/first"
USER: dict[str, Any] = {"scp": "Api.Access"}
OPERATOR: dict[str, Any] = {"roles": ["Documents.Operate"]}


def running(standin: StandIn, **changes: str) -> Iterator[TestClient]:
    values = {
        "storage_blob_endpoint": standin.url,
        "storage_table_endpoint": standin.url,
        "azure_document_intelligence_endpoint": standin.url,
        "azure_openai_endpoint": standin.url,
        "azure_openai_deployment": "model",
        "azure_tenant_id": TENANT,
        "api_client_id": API,
        "token_authority": standin.authority,
    }
    settings = PipelineSettings.model_validate(values | changes)
    with TestClient(create_app(settings, Pipeline(settings, memory_adapters))) as client:
        yield client


@pytest.fixture
def client(standin: StandIn) -> Iterator[TestClient]:
    yield from running(standin)


@pytest.fixture
def open_client(standin: StandIn) -> Iterator[TestClient]:
    yield from running(standin, user_authentication="none")


def bearer(standin: StandIn, tenant: str = TENANT, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {standin.token(tenant, API, SOMEONE, **claims)}"}


@pytest.mark.parametrize(
    ("claims", "document", "rejected"),
    [
        ({}, 403, 403),
        (USER, 422, 403),
        ({"roles": ["Api.Call"]}, 422, 403),
        (OPERATOR, 422, 422),
        (USER | OPERATOR, 422, 422),
        ({"scp": "Documents.Operate"}, 403, 403),
        (USER | OPERATOR | {"aud": OTHER_TENANT}, 401, 401),
        (USER | OPERATOR | {"exp": 1}, 401, 401),
        (USER | OPERATOR | {"tenant": OTHER_TENANT}, 401, 401),
    ],
)
def test_who_may_do_what(
    client: TestClient, standin: StandIn, claims: dict[str, Any], document: int, rejected: int
) -> None:
    headers = bearer(standin, **claims)
    for path in (DOCUMENT, RESULT):
        assert client.get(path, headers=headers).status_code == document
    for method in ("GET", "DELETE"):
        assert client.request(method, REJECTED, headers=headers).status_code == rejected
    assert client.post(f"{REJECTED}/replay", headers=headers).status_code == rejected


def test_without_a_token_only_health_answers(client: TestClient) -> None:
    for path in (
        DOCUMENT,
        RESULT,
        REJECTED,
        "/api/openapi.json",
        "/api/nowhere",
        "/api/health/../rejected",
    ):
        assert client.get(path).status_code == 401
    assert client.post("/api/documents?name=a.pdf", content=b"%PDF").status_code == 401
    assert client.get("/api/health/live").status_code == 200


def test_operators_need_their_role_where_users_need_no_token(
    open_client: TestClient, standin: StandIn
) -> None:
    assert open_client.get(DOCUMENT).status_code == 422
    assert open_client.get(REJECTED).status_code == 401
    assert open_client.get(REJECTED, headers=bearer(standin, **USER)).status_code == 403
    assert open_client.get(REJECTED, headers=bearer(standin, **OPERATOR)).status_code == 422


def test_an_address_is_no_document(client: TestClient, standin: StandIn) -> None:
    """Nothing is fetched for a caller: documents come as bytes."""
    for address in ("http://169.254.169.254/metadata", "file:///etc/passwd"):
        response = client.post(
            "/api/documents?name=a.pdf", json={"url": address}, headers=bearer(standin, **USER)
        )
        assert response.status_code == 415
