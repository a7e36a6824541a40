"""What every answer of the gateway has in common."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from ai_standin.testing import serving
from api_gateway.main import create_app
from api_gateway.settings import GatewaySettings

ORIGIN = "http://localhost:5173"


@pytest.fixture
def operations(gateway: httpx2.Client) -> list[str]:
    paths = gateway.get("/openapi.json").json()["paths"]
    return [path for path in paths if path.startswith("/api/")]


def assert_problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["correlation_id"] == response.headers["X-Correlation-Id"]
    return problem


def test_openapi_describes_each_operation(gateway: httpx2.Client, operations: list[str]) -> None:
    document = gateway.get("/openapi.json").json()
    assert operations
    for path in operations:
        operation = document["paths"][path]["post"]
        assert operation["requestBody"]["content"]
        assert operation["responses"]["200"]["content"]
        problem = operation["responses"]["502"]["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
    references = {part for part in str(document).split("'") if part.startswith("#/components/")}
    for reference in references:
        assert reference.rpartition("/")[2] in document["components"]["schemas"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/api", "/api/nothing", "/docs"])
def test_unknown_path(gateway: httpx2.Client, path: str) -> None:
    assert_problem(gateway.get(path), 404)
    head = gateway.head(path)
    assert (head.status_code, head.content) == (404, b"")


def test_wrong_method(gateway: httpx2.Client, operations: list[str]) -> None:
    for path in operations:
        response = gateway.get(path)
        assert_problem(response, 405)
        assert response.headers["Allow"] == "POST"


def test_security_headers_are_on_every_answer(
    gateway: httpx2.Client, operations: list[str]
) -> None:
    for response in (gateway.get("/health/live"), gateway.get("/no"), gateway.get(operations[0])):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_page_may_call(gateway: httpx2.Client, operations: list[str]) -> None:
    for path in operations:
        preflight = gateway.options(
            path,
            headers={
                "Origin": ORIGIN,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type,x-correlation-id",
            },
        )
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    problem = gateway.get("/nothing", headers={"Origin": ORIGIN})
    assert problem.headers["Access-Control-Allow-Origin"] == ORIGIN
    exposed = problem.headers["Access-Control-Expose-Headers"].split(", ")
    assert set(exposed) == {"Retry-After", "X-Correlation-Id"}
    assert "Access-Control-Allow-Credentials" not in problem.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:9999", "null"])
def test_other_pages_may_not(gateway: httpx2.Client, operations: list[str], origin: str) -> None:
    preflight = gateway.options(
        operations[0], headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 400
    for response in (preflight, gateway.get("/health/live", headers={"Origin": origin})):
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.fixture
def fresh(settings: GatewaySettings, service: Any) -> Iterator[httpx2.Client]:
    """A gateway that has not asked for the service's health yet."""
    with serving(create_app(settings)) as url, httpx2.Client(base_url=url) as client:
        yield client


def test_health_is_the_aggregate(fresh: httpx2.Client, service: Any) -> None:
    response = fresh.get("/health")
    report = response.json()
    assert (response.status_code, report["status"]) == (200, "healthy")
    assert {item["status"] for item in report["dependencies"].values()} == {"healthy"}
    assert service.url not in response.text


@pytest.mark.parametrize(
    "health", [{"status": "unhealthy", "dependencies": {}}, {"version": "1.2.3"}, "nonsense"]
)
def test_health_when_no_service_works(fresh: httpx2.Client, service: Any, health: object) -> None:
    service.health = health
    response = fresh.get("/health")
    report = response.json()
    assert (response.status_code, report["status"]) == (503, "unhealthy")
    assert set(report) == {"status", "dependencies"}
    assert "1.2.3" not in response.text


def test_live_and_ready_need_no_service(settings: GatewaySettings) -> None:
    nowhere = {
        name: "http://127.0.0.1:9/"
        for name in GatewaySettings.model_fields
        if name.endswith("_service_url")
    }
    app = create_app(settings.model_copy(update=nowhere))
    with serving(app) as url, httpx2.Client(base_url=url) as gateway:
        assert gateway.get("/health/live").json() == {"status": "alive"}
        until = time.monotonic() + 5
        while (ready := gateway.get("/health/ready")).status_code != 200:
            assert time.monotonic() < until
        assert ready.json() == {"status": "ready"}
        assert gateway.get("/health").status_code == 503


@pytest.mark.parametrize(
    "origins", ["*", "localhost:5173", "https://a.example/", "https://a.example,ftp://b.example"]
)
def test_refuses_what_is_no_origin(settings: GatewaySettings, origins: str) -> None:
    values = settings.model_dump() | {"allowed_origins": origins}
    with pytest.raises(ValidationError, match="ALLOWED_ORIGINS"):
        GatewaySettings(**values)


def test_reads_several_origins(settings: GatewaySettings) -> None:
    values = settings.model_dump() | {"allowed_origins": " https://a.example , https://b.example,"}
    assert GatewaySettings(**values).origins == ["https://a.example", "https://b.example"]
