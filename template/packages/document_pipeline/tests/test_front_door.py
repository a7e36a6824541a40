"""With a Front Door in front, the API answers nobody else."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from ai_standin.testing import StandIn
from document_pipeline.api import create_app
from document_pipeline.composition import Pipeline
from document_pipeline.settings import PipelineSettings
from document_pipeline.testing import memory_adapters

OURS = "3f2c9a4e-8d1b-4c57-9e60-7ab1c2d3e4f5"
ANOTHER = "00000000-8d1b-4c57-9e60-7ab1c2d3e4f5"
HEADER = "X-Azure-FDID"
# Who is let in learns that this is no document's id.
DOCUMENT = "/api/documents/unknown"


def settings_of(standin: StandIn, front_door_id: str | None) -> PipelineSettings:
    values = {
        "storage_blob_endpoint": standin.url,
        "storage_table_endpoint": standin.url,
        "azure_document_intelligence_endpoint": standin.url,
        "azure_openai_endpoint": standin.url,
        "azure_openai_deployment": "model",
        "front_door_id": front_door_id,
    }
    return PipelineSettings.model_validate(values)


def running(standin: StandIn, front_door_id: str | None) -> Iterator[TestClient]:
    settings = settings_of(standin, front_door_id)
    with TestClient(create_app(settings, Pipeline(settings, memory_adapters))) as client:
        yield client


@pytest.fixture
def behind(standin: StandIn) -> Iterator[TestClient]:
    """An API behind Front Door."""
    yield from running(standin, OURS)


@pytest.fixture
def alone(standin: StandIn) -> Iterator[TestClient]:
    """An API that nothing stands in front of."""
    yield from running(standin, None)


def test_what_comes_through_front_door_is_answered(behind: TestClient) -> None:
    for value in (OURS, OURS.upper()):
        assert behind.get(DOCUMENT, headers={HEADER: value}).status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(HEADER, "")],
        [(HEADER, ANOTHER)],
        [(HEADER, f"{OURS}, {ANOTHER}")],
        [(HEADER, ANOTHER), (HEADER, OURS)],
        [(HEADER, OURS), (HEADER, OURS)],
    ],
    ids=str,
)
def test_anything_else_is_refused(behind: TestClient, headers: list[tuple[str, str]]) -> None:
    for path in ("/api/documents", DOCUMENT, "/api/rejected", "/api/health", "/api/nothing"):
        response = behind.post(path, headers=headers, content=b"{}")
        assert response.status_code == 403
        assert response.json()["type"] == "urn:problem:not-through-edge"
        assert OURS not in response.text


@pytest.mark.parametrize(
    "path",
    ["/api/health/ready/", "/api//health/ready", "/api/HEALTH/ready", "/api/api/health/ready"],
)
def test_no_path_is_open_but_the_probes(behind: TestClient, path: str) -> None:
    assert behind.get("/api/health/live").status_code == 200
    assert behind.get("/api/health/ready").status_code in (200, 503)
    assert behind.get(path).status_code == 403


def test_without_an_id_there_is_no_front_door(alone: TestClient) -> None:
    assert alone.get(DOCUMENT, headers={HEADER: ANOTHER}).status_code == 422


def test_an_id_that_is_none_stops_the_start(standin: StandIn) -> None:
    with pytest.raises(ValidationError, match="front_door_id"):
        settings_of(standin, "any")
