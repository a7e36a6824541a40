"""The HTTP API as its callers see it, with ports in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from ai_runtime.clients.documents import DocumentAnalysis
from ai_runtime.clients.openai import Usage
from ai_standin.testing import StandIn
from document_pipeline.api import create_app
from document_pipeline.composition import CHECKS, Adapters, Pipeline
from document_pipeline.model import (
    MAX_DOCUMENT_BYTES,
    DocumentVersion,
    Insights,
    PromptVersion,
    Reason,
    Rejection,
    Result,
    State,
    Step,
    result_name,
)
from document_pipeline.settings import PipelineSettings
from document_pipeline.testing import (
    PDF,
    Breaking,
    MemoryBlobs,
    MemoryBroker,
    MemoryTable,
    blob_created,
    memory_adapters,
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
TYPE = {"Content-Type": "application/pdf"}


@dataclass
class Api:
    """The running API and what stands behind it."""

    settings: dict[str, Any]
    blobs: MemoryBlobs = field(default_factory=lambda: MemoryBlobs(Breaking()))
    broker: MemoryBroker = field(default_factory=lambda: MemoryBroker(Breaking()))
    table: MemoryTable = field(default_factory=MemoryTable)

    def client(self, **settings: Any) -> TestClient:
        read = PipelineSettings.model_validate(self.settings | settings)
        return TestClient(create_app(read, Pipeline(read, self.adapters)), base_url="http://api")

    def adapters(self) -> Adapters:
        return memory_adapters(self.blobs, self.broker, self.table)

    def rejection(self, number: int = 1) -> Rejection:
        document = DocumentVersion(f"{number}.pdf", "1")
        rejection = Rejection(
            message=blob_created(document),
            rejected_at=NOON,
            reason=Reason.INVALID_ANSWER,
            detail="Not the schema.",
            document_id=document.id,
            name=document.name,
        )
        self.broker.rejections[number] = rejection
        return rejection

    def result(self, document_id: str) -> bytes:
        result = Result(
            document_id=document_id,
            name="a.pdf",
            media_type="application/pdf",
            completed_at=NOON,
            analysis=DocumentAnalysis(text="Grüße", pages=1, tables=[], key_value_pairs=[]),
            insights=Insights(
                title="Brief", language="de", category="letter", summary="Ein Gruß.", facts=[]
            ),
            prompt=PromptVersion(name="insights", version="1.0.0"),
            model="model",
            usage=Usage(input_tokens=2, output_tokens=1),
        )
        content = result.model_dump_json().encode()
        self.blobs.results[result_name(document_id)] = content
        return content


@pytest.fixture
def api(standin: StandIn) -> Api:
    return Api(
        {
            "azure_document_intelligence_endpoint": standin.url,
            "azure_openai_endpoint": standin.url,
            "azure_openai_deployment": "stand-in",
            "storage_blob_endpoint": "http://127.0.0.1:1/account",
            "storage_table_endpoint": "http://127.0.0.1:1/account",
        }
    )


@pytest.fixture
def client(api: Api) -> Iterator[TestClient]:
    with api.client() as client:
        yield client


def send(
    client: TestClient, name: str, content: bytes = PDF, headers: dict[str, str] = TYPE
) -> Any:
    return client.post("/api/documents", params={"name": name}, content=content, headers=headers)


def assert_problem(response: Any, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_document_is_accepted_and_has_a_state(client: TestClient, api: Api) -> None:
    response = send(client, "Rechnung März.pdf")
    assert response.status_code == 202, response.text
    accepted = response.json()
    ((name, (etag, content)),) = api.blobs.incoming.items()
    assert content == PDF
    assert name.endswith("/Rechnung März.pdf")
    assert accepted["id"] == DocumentVersion(name, etag).id
    assert accepted["status_url"] == response.headers["location"]
    state = client.get(accepted["status_url"]).json()
    assert (state["id"], state["state"], state["name"]) == (accepted["id"], "accepted", name)


def test_result_is_what_was_stored(client: TestClient, api: Api) -> None:
    url = f"{send(client, 'a.pdf').json()['status_url']}/result"
    waiting = client.get(url)
    assert_problem(waiting, 409)
    assert waiting.json()["detail"] == "The document has no result: it is accepted."
    stored = api.result(url.split("/")[3])
    # The row still says `accepted`: the result comes first.
    response = client.get(url)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.content == stored


def test_rejected_document_has_no_result(client: TestClient, api: Api) -> None:
    document_id = send(client, "a.pdf").json()["id"]
    stored = api.table.rows[document_id]
    row = stored.record.model_copy(update={"state": State.REJECTED})
    api.table.rows[document_id] = type(stored)(row, "2")
    response = client.get(f"/api/documents/{document_id}/result")
    assert_problem(response, 409)
    assert response.json()["detail"] == "The document has no result: it is rejected."


def test_one_name_twice_is_two_documents(client: TestClient, api: Api) -> None:
    first, second = (send(client, "a.pdf").json()["id"] for _ in range(2))
    assert first != second
    assert len(api.blobs.incoming) == 2


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "../secret.pdf",
        "a/b.pdf",
        "..\\b.pdf",
        "/etc/passwd",
        "C:a.pdf",
        "a\x00.pdf",
        "a\n.pdf",
        "a\u2028b.pdf",
        " a.pdf",
        "a.pdf.",
        "a" * 201,
    ],
)
def test_bad_name_is_refused(client: TestClient, api: Api, name: str) -> None:
    assert_problem(send(client, name), 422)
    assert not api.blobs.incoming


def test_name_is_required(client: TestClient) -> None:
    assert_problem(client.post("/api/documents", content=PDF, headers=TYPE), 422)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", TYPE, 422),
        (b"words", TYPE, 422),
        (b"\x89PNG\r\n\x1a\n", TYPE, 422),
        (PDF, {}, 415),
        (PDF, {"Content-Type": "application/octet-stream"}, 415),
        (PDF, {"Content-Type": "application/x-msdownload"}, 415),
        (PDF.ljust(MAX_DOCUMENT_BYTES + 1, b"\n"), TYPE, 413),
    ],
)
def test_bad_content_is_refused(
    client: TestClient, api: Api, content: bytes, headers: dict[str, str], status: int
) -> None:
    assert_problem(send(client, "a.pdf", content, headers), status)
    assert not api.blobs.incoming


def test_largest_document_is_accepted(client: TestClient, api: Api) -> None:
    assert send(client, "a.pdf", PDF.ljust(MAX_DOCUMENT_BYTES, b"\n")).status_code == 202
    ((_, content),) = api.blobs.incoming.values()
    assert len(content) == MAX_DOCUMENT_BYTES


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/documents/" + "0" * 32, 404),
        ("/api/documents/1", 422),
        ("/api/documents/" + "Z" * 32, 422),
        ("/api/documents/" + "0" * 32 + "/result", 404),
        ("/api/documents/../result", 404),
        ("/api/documents/1/result", 422),
        ("/api/nothing", 404),
    ],
)
def test_unknown_document_or_path(client: TestClient, path: str, status: int) -> None:
    assert_problem(client.get(path), status)


def test_health_has_the_contract_of_every_workload(client: TestClient, standin: StandIn) -> None:
    assert client.get("/api/health/live").json() == {"status": "alive"}
    client.get("/api/documents/" + "0" * 32)  # waits until the app has loaded
    assert client.get("/api/health/ready").json() == {"status": "ready"}
    report = client.get("/api/health").json()
    assert report["status"] == "healthy"
    assert set(report["dependencies"]) == {"document-intelligence", "openai", *CHECKS}
    assert standin.control.calls["documents.analyze"] == 0


def test_openapi_describes_every_path(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    assert {"/documents", "/documents/{document_id}", "/rejected", "/health"} <= set(
        document["paths"]
    )
    result = document["paths"]["/documents/{document_id}/result"]["get"]["responses"]
    assert result["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Result")
    assert {"401", "403", "404", "409"} <= set(result)
    operation = document["paths"]["/documents"]["post"]
    assert operation["requestBody"]["content"]["application/pdf"]["schema"]["maxLength"] == (
        MAX_DOCUMENT_BYTES
    )


def test_rejected_documents_are_listed_in_pages(client: TestClient, api: Api) -> None:
    for number in (3, 5, 9):
        api.rejection(number)
    page = client.get("/api/rejected", params={"limit": 2}).json()
    assert [found["number"] for found in page["documents"]] == [3, 5]
    assert page["next_after"] == 5
    page = client.get("/api/rejected", params={"limit": 2, "after": 5}).json()
    assert [found["number"] for found in page["documents"]] == [9]
    assert page["next_after"] is None
    assert client.get("/api/rejected?source=dead-letter").json()["documents"] == []


def test_rejected_document_is_inspected(client: TestClient, api: Api) -> None:
    rejection = api.rejection()
    found = client.get("/api/rejected/rejected/1").json()
    assert found["rejection"]["reason"] == "invalid-answer"
    assert found["rejection"]["message"]["body"] == rejection.message.body
    assert api.broker.rejections


def test_replay_sends_a_copy_and_says_so(client: TestClient, api: Api) -> None:
    rejection = api.rejection()
    assert rejection.document_id is not None
    send(client, "a.pdf")
    (stored,) = api.table.rows.values()
    row = stored.record.model_copy(
        update={"id": rejection.document_id, "state": State.REJECTED, "reason": rejection.reason}
    )
    api.table.rows.clear()
    api.table.rows[row.id] = type(stored)(row, "1")
    assert client.post("/api/rejected/rejected/1/replay").status_code == 202
    ((copy, delay),) = api.broker.sent
    assert copy.id == f"{rejection.document_id}.1"
    assert (copy.original_id, copy.body, delay) == (rejection.message.id, rejection.message.body, 0)
    assert copy.replays == 1
    assert not api.broker.rejections
    state = client.get(f"/api/documents/{row.id}").json()
    assert (state["state"], state["replays"], state["reason"]) == ("accepted", 1, None)


def test_replay_of_a_message_that_nobody_can_read(client: TestClient, api: Api) -> None:
    step = Step(at=NOON, action="rejected")
    message = blob_created(DocumentVersion("a", "1")).model_copy(
        update={"body": "{", "history": (step,)}
    )
    api.broker.rejections[1] = Rejection(
        message=message, rejected_at=NOON, reason=Reason.UNKNOWN_MESSAGE, detail=""
    )
    assert client.post("/api/rejected/rejected/1/replay").status_code == 202
    assert len(api.broker.sent[0][0].id) < 128


def test_discard_takes_it_out(client: TestClient, api: Api) -> None:
    api.rejection()
    assert client.delete("/api/rejected/rejected/1").status_code == 204
    assert not api.broker.rejections
    assert not api.broker.sent


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/rejected/rejected/1", 404),
        ("POST", "/api/rejected/rejected/1/replay", 404),
        ("DELETE", "/api/rejected/rejected/1", 404),
        ("GET", "/api/rejected/other/1", 422),
        ("DELETE", "/api/rejected/rejected/x", 422),
        ("DELETE", "/api/rejected/rejected/-1", 422),
        ("GET", "/api/rejected/rejected/99999999999999999999", 422),
        ("GET", "/api/rejected?limit=0", 422),
        ("GET", "/api/rejected?limit=1000", 422),
        ("GET", "/api/rejected?after=-1", 422),
        ("PUT", "/api/rejected", 405),
    ],
)
def test_bad_operation(client: TestClient, method: str, path: str, status: int) -> None:
    assert_problem(client.request(method, path), status)


OPERATIONS = [
    ("GET", "/api/rejected"),
    ("GET", "/api/rejected/rejected/1"),
    ("POST", "/api/rejected/rejected/1/replay"),
    ("DELETE", "/api/rejected/rejected/1"),
]
AZURE = {
    "environment_type": "dev",
    "azure_client_id": "1",
    "azure_document_intelligence_endpoint": "https://documents.example.com",
    "azure_openai_endpoint": "https://openai.example.com",
    "storage_blob_endpoint": "https://account.example.com",
    "storage_table_endpoint": "https://account.example.com",
}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("users", ["required", "none"])
def test_nobody_is_an_operator_without_a_registration(
    api: Api, users: str, method: str, path: str
) -> None:
    api.rejection()
    with api.client(**AZURE, user_authentication=users) as client:
        assert_problem(client.request(method, path), 403)
    assert api.broker.rejections
    assert not api.broker.sent
