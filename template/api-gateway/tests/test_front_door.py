"""With a Front Door in front, nobody else is answered."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from pydantic import ValidationError

from ai_standin.testing import serving
from api_gateway.main import create_app
from api_gateway.settings import GatewaySettings

OURS = "3f2c9a4e-8d1b-4c57-9e60-7ab1c2d3e4f5"
ANOTHER = "00000000-8d1b-4c57-9e60-7ab1c2d3e4f5"
HEADER = "X-Azure-FDID"


@pytest.fixture
def behind(settings: GatewaySettings, service: Any) -> Iterator[httpx2.Client]:
    """A gateway behind Front Door."""
    app = create_app(settings.model_copy(update={"front_door_id": UUID(OURS)}))
    with serving(app) as url, httpx2.Client(base_url=url, timeout=10) as client:
        yield client


@pytest.fixture
def operations(gateway: httpx2.Client) -> list[str]:
    paths = gateway.get("/openapi.json").json()["paths"]
    return [path for path in paths if path.startswith("/api/")]


def assert_refused(response: httpx2.Response) -> None:
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:problem:not-through-edge"
    assert problem["correlation_id"] == response.headers["X-Correlation-Id"]
    assert OURS not in response.text


def test_what_comes_through_front_door_is_answered(behind: httpx2.Client) -> None:
    for value in (OURS, OURS.upper()):
        assert behind.get("/health", headers={HEADER: value}).status_code == 200
        assert behind.get("/nothing", headers={HEADER: value}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(HEADER, "")],
        [(HEADER, ANOTHER)],
        [(HEADER, OURS[:-1])],
        [(HEADER, f"{OURS}0")],
        [(HEADER, f"{OURS}, {ANOTHER}")],
        [(HEADER, OURS), (HEADER, ANOTHER)],
        [(HEADER, ANOTHER), (HEADER.lower(), OURS)],
        [(HEADER, OURS), (HEADER, OURS)],
        [("X-Azure_FDID", OURS)],
        [("X-Forwarded-For", OURS), ("X-FD-HealthProbe", "1")],
        [(HEADER, "\xe9")],
    ],
    ids=str,
)
def test_anything_else_is_refused_before_a_service_hears_of_it(
    behind: httpx2.Client, service: Any, operations: list[str], headers: list[tuple[str, str]]
) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    for path in operations:
        assert_refused(behind.post(path, headers=sent, content=b"{}"))
    assert service.paths == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/openapi.json",
        "/health/live/",
        "/health//ready",
        "/HEALTH/live",
        "//health/live",
    ],
)
def test_no_path_is_open_but_the_probes(behind: httpx2.Client, path: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        assert behind.request(method, path).status_code == 403


def test_the_platform_may_probe(behind: httpx2.Client) -> None:
    assert behind.get("/health/live").status_code == 200
    assert behind.get("/health/ready").status_code in (200, 503)


def test_a_preflight_of_a_page_comes_through_front_door_too(
    behind: httpx2.Client, settings: GatewaySettings, operations: list[str]
) -> None:
    preflight = {"Origin": settings.origins[0], "Access-Control-Request-Method": "POST"}
    assert_refused(behind.options(operations[0], headers=preflight))
    through = behind.options(operations[0], headers=preflight | {HEADER: OURS})
    assert through.headers["Access-Control-Allow-Origin"] == settings.origins[0]


def test_without_an_id_there_is_no_front_door(gateway: httpx2.Client) -> None:
    assert gateway.get("/health", headers={HEADER: ANOTHER}).status_code == 200


def test_an_id_that_is_none_stops_the_start(settings: GatewaySettings) -> None:
    with pytest.raises(ValidationError, match="front_door_id"):
        GatewaySettings(**settings.model_dump() | {"front_door_id": "any"})
