"""The pipeline on real storage: a file in, a result out, once; everything else is rejected."""

import asyncio
import json
from collections.abc import Iterator
from types import ModuleType

import httpx2
import pytest

from document_pipeline.model import DocumentVersion, Message, Reason, Result, State, result_name
from local_host.broker import LocalDocumentQueue
from pipeline import Account, Stack, eventually, pdf


@pytest.fixture(scope="module", autouse=True)
def host(stack: Stack) -> Iterator[None]:
    with stack.host():
        yield


@pytest.fixture
def api(stack: Stack, run_local: ModuleType) -> Iterator[httpx2.Client]:
    """The API, as an operator calls it."""
    token_url = run_local.token_url(stack.parts["ai-standin"])
    token = stack.standin.post(token_url, json={"roles": ["Documents.Operate"]}).text
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=stack.url, headers=headers, timeout=15) as client:
        yield client


async def test_file_becomes_a_result(stack: Stack, account: Account) -> None:
    before = stack.paid()
    document = await account.put("folder/Rechnung Ä 1.pdf", pdf("happy"))
    [record] = await account.settled(document)
    assert (record.state, record.result) == (State.SUCCEEDED, result_name(document.id))
    stored = await account.results.get_blob_client(result_name(document.id)).download_blob()
    result = Result.model_validate_json(await stored.readall())
    assert (result.document_id, result.name) == (document.id, document.name)
    assert "Stand-in reading of a PDF document" in result.analysis.text
    assert [event.id for event in await account.events() if event.subject == document.id] == [
        document.id
    ]
    assert stack.paid() == (before[0] + 1, before[1] + 1)


async def test_upload_becomes_a_result(api: httpx2.Client, account: Account) -> None:
    headers = {"Content-Type": "application/pdf"}
    sent = api.post("/api/documents?name=upload.pdf", content=pdf("upload"), headers=headers)
    assert sent.status_code == 202

    async def finished() -> bool:
        state = api.get(sent.json()["status_url"])
        return bool(state.json()["state"] == "succeeded")

    await eventually(finished)
    result = api.get(f"{sent.json()['status_url']}/result")
    assert Result.model_validate_json(result.content).document_id == sent.json()["id"]
    page = api.get("/").text
    assert "<td>succeeded</td>" in page
    assert api.get(f"/results/{sent.json()['id']}").content == result.content


async def test_other_version_of_a_file_is_another_document(account: Account) -> None:
    first = await account.put("twice.pdf", pdf("one"))
    await account.settled(first)
    second = await account.put("twice.pdf", pdf("two"))
    await account.settled(second)
    assert {result_name(first.id), result_name(second.id)} <= await account.result_names()


async def test_late_duplicate_costs_nothing(stack: Stack, account: Account) -> None:
    document = await account.put("late.pdf", pdf("late"))
    await account.settled(document)
    paid = stack.paid()
    await account.deliver(document, "late-1")
    await eventually(account.queue_is_empty)
    events = [event for event in await account.events() if event.subject == document.id]
    # The event comes again, because the first delivery may have ended before it was sent.
    assert [event.id for event in events] == [document.id] * 2
    assert events[0] == events[1]
    assert stack.paid() == paid


@pytest.mark.parametrize("service", ["documents", "openai"])
async def test_duplicate_beside_the_first(stack: Stack, account: Account, service: str) -> None:
    """Both deliveries are inside the same paid call when the service goes on."""
    operation = {"documents": "documents.analyze", "openai": "openai.responses"}[service]
    with stack.failing(service, "slow", seconds=3):
        before = stack.calls(operation)
        document = await account.put(f"beside-{service}.pdf", pdf(service))
        await account.deliver(document, f"beside-{service}")

        async def both_called() -> bool:
            return stack.calls(operation) == before + 2

        await eventually(both_called)
    [record] = await account.settled(document)
    assert record.state == State.SUCCEEDED
    events = [event for event in await account.events() if event.subject == document.id]
    assert {event.id for event in events} == {document.id}
    assert all(event == events[0] for event in events)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.pdf", b"", Reason.EMPTY),
        ("note.txt", b"just text", Reason.UNSUPPORTED_TYPE),
        ("corrupt.pdf", b"%PDF-1.7", Reason.UNREADABLE),
        ("encrypted.pdf", pdf("/Encrypt"), Reason.UNREADABLE),
    ],
)
async def test_poison_is_rejected_at_once(
    stack: Stack, account: Account, name: str, content: bytes, reason: Reason
) -> None:
    document = await account.put(name, content)
    [record] = await account.settled(document)
    assert (record.state, record.reason) == (State.REJECTED, reason)
    found = await account.rejections.peek("rejected", after=0, limit=100)
    [rejected] = [item.rejection for item in found if item.rejection.document_id == document.id]
    assert rejected.reason == reason
    assert [step.action for step in rejected.message.history] == ["rejected"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no JSON", Reason.UNKNOWN_MESSAGE),
        ('{"hello": "world"}', Reason.UNKNOWN_MESSAGE),
        (
            json.dumps(
                {
                    "specversion": "1.0",
                    "type": "Microsoft.Storage.BlobCreated",
                    "id": "1",
                    "source": "/subscriptions/x/providers/Microsoft.Storage/storageAccounts/other",
                    "subject": "/blobServices/default/containers/incoming/blobs/a.pdf",
                    "data": {"eTag": "0x1"},
                }
            ),
            Reason.UNKNOWN_PRODUCER,
        ),
    ],
    ids=["no-json", "no-event", "other-account"],
)
async def test_strange_message_is_rejected(
    account: Account, body: str, reason: Reason, request: pytest.FixtureRequest
) -> None:
    identifier = request.node.name
    queue = LocalDocumentQueue(account.queue, account.rejections)
    await queue.send(Message(id=identifier, body=body))
    await eventually(account.queue_is_empty)
    found = await account.rejections.peek("rejected", after=0, limit=100)
    [rejected] = [item.rejection for item in found if item.rejection.message.id == identifier]
    assert rejected.reason == reason


async def test_what_no_pipeline_wrote_is_rejected(account: Account) -> None:
    await account.queue.send_message("not even a message")
    await eventually(account.queue_is_empty)
    found = await account.rejections.peek("rejected", after=0, limit=100)
    assert "not even a message" in [item.rejection.message.body for item in found]


async def test_event_about_a_blob_that_is_gone(account: Account) -> None:
    document = DocumentVersion("gone.pdf", "0x1")
    await account.deliver(document, "gone")
    [record] = await account.settled(document)
    assert (record.state, record.reason) == (State.REJECTED, Reason.BLOB_GONE)


@pytest.mark.parametrize("service", ["documents", "openai"])
async def test_throttled_document_waits_and_succeeds(
    stack: Stack, account: Account, service: str
) -> None:
    # One call is tried three times before the message is deferred.
    with stack.failing(service, "throttle", times=4, retry_after=0):
        document = await account.put(f"throttled-{service}.pdf", pdf(service))
        [record] = await account.settled(document)
    assert record.state == State.SUCCEEDED


async def test_analysis_is_kept_while_the_model_waits(stack: Stack, account: Account) -> None:
    analyses = stack.calls("documents.analyze")
    with stack.failing("openai", "throttle", times=4, retry_after=0):
        await account.settled(await account.put("kept.pdf", pdf("kept")))
    assert stack.calls("documents.analyze") == analyses + 1


async def test_transient_failure_is_retried(stack: Stack, account: Account) -> None:
    with stack.failing("documents", "error", times=4):
        [record] = await account.settled(await account.put("retried.pdf", pdf("retried")))
    assert record.state == State.SUCCEEDED


async def test_answer_that_is_not_the_schema(stack: Stack, account: Account) -> None:
    """It is asked for a few times; then the document is rejected."""
    before = stack.paid()
    with stack.failing("openai", "malformed"):
        [record] = await account.settled(await account.put("malformed.pdf", pdf("malformed")))
    assert (record.state, record.reason) == (State.REJECTED, Reason.INVALID_ANSWER)
    assert stack.paid() == (before[0] + 1, before[1] + 3)


async def test_replay_of_a_rejected_document(api: httpx2.Client, account: Account) -> None:
    document = await account.put("replayed.pdf", b"")
    await account.settled(document)
    [item] = [
        item
        for item in api.get("/api/rejected?limit=200").json()["documents"]
        if item["rejection"]["document_id"] == document.id
    ]
    replayed = api.post(f"/api/rejected/rejected/{item['number']}/replay")
    assert replayed.status_code == 202

    async def rejected_again() -> bool:
        record = (await account.records())[document.id]
        return record.state == State.REJECTED and record.replays == 1

    await eventually(rejected_again)
    assert api.get(f"/api/rejected/rejected/{item['number']}").status_code == 404


async def test_lock_of_a_slow_document_is_renewed(stack: Stack, account: Account) -> None:
    """The model takes longer than the lock lasts (3 s): nobody else gets the message."""
    before = stack.calls("openai.responses")
    with stack.failing("openai", "slow", seconds=10):
        document = await account.put("slow.pdf", pdf("slow"))
        await asyncio.sleep(4.5)
        assert stack.calls("openai.responses") == before + 1
    await account.settled(document)
    assert stack.calls("openai.responses") == before + 1
