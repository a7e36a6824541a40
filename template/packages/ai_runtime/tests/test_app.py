"""What every app answers, whatever goes wrong inside it."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict
from starlette.testclient import TestClient

from ai_runtime.access import Access
from ai_runtime.app import create_app
from ai_runtime.context import remaining_seconds
from ai_runtime.problems import Problem, problem_responses
from ai_runtime.settings import Settings

EVERYBODY = Access(Settings(), lambda _: True)

router = APIRouter()


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int


@router.post("/orders", responses=problem_responses(422))
async def order(body: Order) -> Order:
    return body


@router.post("/raw")
async def raw(request: Request) -> int:
    return len(await request.body())


@router.get("/problem")
async def problem() -> None:
    raise Problem(429, "Later.", kind="throttled", retry_after=1.2)


@router.get("/defect")
async def defect() -> None:
    raise RuntimeError("a secret of this host")


@router.get("/slow")
async def slow() -> float:
    left = remaining_seconds()
    await asyncio.sleep(60)
    return left


def build(**changes: object) -> FastAPI:
    settings = {"request_timeout_seconds": 1, "max_body_bytes": 100} | changes
    return create_app(
        Settings.model_validate(settings), title="Test", access=EVERYBODY, routers=[router]
    )


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(build()) as client:
        yield client


def test_unknown_path_and_method(client: TestClient) -> None:
    for response in (client.get("/nowhere"), client.post("/health/live")):
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
    assert client.post("/health/live").headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ("{", 400, ["#/1"]),
        ("[" * 100_000, 413, None),
        ("[]", 422, ["#"]),
        ("{}", 422, ["#/count"]),
        ('{"count": "private words"}', 422, ["#/count"]),
        ('{"count": 1, "other": 2}', 422, ["#/other"]),
    ],
)
def test_bad_bodies(client: TestClient, body: str, status: int, errors: list[str] | None) -> None:
    response = client.post("/orders", content=body, headers={"Content-Type": "application/json"})
    problem = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    if errors is not None:
        assert [error["pointer"] for error in problem["errors"]] == errors
    assert "private words" not in response.text


def test_deeply_nested_body_is_no_defect() -> None:
    body = "[" * 50_000
    with TestClient(build(max_body_bytes=100_000)) as client:
        response = client.post(
            "/orders", content=body, headers={"Content-Type": "application/json"}
        )
    assert response.status_code == 400


def test_too_large_by_its_length_and_while_it_streams(client: TestClient) -> None:
    streamed = (b"x" * 60 for _ in range(1000))
    for content in (b"x" * 101, streamed):
        response = client.post("/raw", content=content)
        assert response.status_code == 413
        assert response.headers["content-type"] == "application/problem+json"
    assert client.post("/raw", content=b"x" * 100).json() == 100


def test_problem_with_retry_after(client: TestClient) -> None:
    response = client.get("/problem")
    assert (response.status_code, response.headers["retry-after"]) == (429, "2")
    assert response.json() == {
        "type": "urn:problem:throttled",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Later.",
        "correlation_id": response.headers["x-correlation-id"],
    }


def test_defect_is_told_to_the_log_only(capsys: pytest.CaptureFixture[str]) -> None:
    with TestClient(build()) as client:
        response = client.get("/defect", headers={"X-Correlation-Id": "defect-0001"})
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "RuntimeError" not in response.text
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (error,) = [entry for entry in logged if entry["level"] == "ERROR"]
    assert "a secret of this host" in error["exception"]
    assert error["correlation_id"] == "defect-0001"


def test_deadline(client: TestClient) -> None:
    response = client.get("/slow")
    assert (response.status_code, response.json()["type"]) == (504, "urn:problem:deadline")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("abc-DEF_1.2", True), ("short", False), ("x" * 65, False), ("inject ed", False)],
)
def test_correlation_id(client: TestClient, sent: str, kept: bool) -> None:
    for path in ("/health/live", "/nowhere", "/defect", "/slow"):
        answered = client.get(path, headers={"X-Correlation-Id": sent}).headers["x-correlation-id"]
        assert (answered == sent) is kept
        assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", answered)


def test_security_headers(client: TestClient) -> None:
    for path in ("/health/live", "/nowhere", "/defect"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers
    deployed = build(environment_type="dev", azure_client_id="x")
    with TestClient(deployed) as client:
        assert "max-age" in client.get("/health/live").headers["strict-transport-security"]


def test_one_access_log_line_for_each_request_but_none_for_probes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with TestClient(build()) as client:
        client.get("/health/live")
        client.get("/nowhere?token=private")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (entry,) = [line for line in lines if line["logger"] == "access"]
    assert entry["message"] == "GET /nowhere 404"
    assert entry["duration_ms"] >= 0


def test_openapi_is_complete(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    references = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(schema)))
    assert references <= set(schema["components"]["schemas"])
    answers = schema["paths"]["/orders"]["post"]["responses"]
    assert list(answers["422"]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]


class _Resource:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.events: list[str] = []

    def load(self) -> None:
        self.events.append("load")
        if self.error:
            raise self.error

    async def close(self) -> None:
        self.events.append("close")


def test_resources_live_as_long_as_the_app() -> None:
    resource = _Resource()
    with TestClient(
        create_app(Settings(), title="Test", access=EVERYBODY, resources=[resource])
    ) as client:
        while client.get("/health/ready").status_code != 200:
            pass
        assert resource.events == ["load"]
    assert resource.events == ["load", "close"]


def test_requests_wait_for_a_slow_start_but_probes_do_not() -> None:
    resource = _Resource()
    release = threading.Event()

    def load() -> None:
        release.wait(1)
        resource.events.append("load")

    resource.load = load  # type: ignore[method-assign]
    app = create_app(
        Settings(), title="Test", access=EVERYBODY, routers=[router], resources=[resource]
    )
    with TestClient(app) as client:
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
        assert resource.events == []
        threading.Timer(0.05, release.set).start()
        assert client.get("/problem").status_code == 429
        assert resource.events == ["load"]


def test_an_instance_that_cannot_start_asks_to_be_replaced() -> None:
    resource = _Resource(ImportError("no such module"))
    app = create_app(
        Settings(), title="Test", access=EVERYBODY, routers=[router], resources=[resource]
    )
    with TestClient(app) as client:
        refused = client.get("/problem")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["type"] == "urn:problem:start-failed"
        live, ready = client.get("/health/live"), client.get("/health/ready")
        assert (live.status_code, live.json()) == (503, {"status": "failed"})
        assert (ready.status_code, ready.json()) == (503, {"status": "not-ready"})
        assert "module" not in refused.text + live.text + ready.text


def test_a_passing_failure_of_the_start_needs_no_restart() -> None:
    resource = _Resource(OSError("too many open files"))
    app = create_app(
        Settings(), title="Test", access=EVERYBODY, routers=[router], resources=[resource]
    )
    with TestClient(app) as client:
        assert client.get("/problem").status_code == 503
        resource.error = None
        assert client.get("/problem").status_code == 429
        assert client.get("/health/live").json() == {"status": "alive"}
        assert client.get("/health/ready").json() == {"status": "ready"}
    assert resource.events[-2:] == ["load", "close"]


def test_an_app_serves_without_telemetry(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(
        environment_type="dev",
        azure_client_id="x",
        applicationinsights_connection_string="no connection string",
    )
    with TestClient(
        create_app(settings, title="Test", access=EVERYBODY, routers=[router])
    ) as client:
        assert client.get("/problem").status_code == 429
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 200
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (error,) = [entry for entry in logged if entry["level"] == "ERROR"]
    assert error["message"] == "nothing is sent to Azure Monitor"
