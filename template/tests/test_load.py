"""A thousand documents while the host is killed at random: none is lost, each has one result."""

import asyncio
import random

from document_pipeline.model import State, result_name
from pipeline import Account, Stack, eventually, pdf

DOCUMENTS = 1000
KILLS = 6
CONCURRENCY = 8
SECONDS = 600
SEED = 2026


async def upload(account: Account) -> set[str]:
    """Write all documents, some at a time, and return their ids."""
    free = asyncio.Semaphore(4)

    async def put(number: int) -> str:
        async with free:
            return (await account.put(f"load/{number:04}.pdf", pdf(f"load {number}"))).id

    return set(await asyncio.gather(*map(put, range(DOCUMENTS))))


async def test_nothing_is_lost_under_load_with_random_kills(stack: Stack, account: Account) -> None:
    moments = random.Random(SEED)  # noqa: S311 - no secret
    await account.create()
    uploading = asyncio.create_task(upload(account))

    for kill in range(KILLS):
        # Not at a time but at a number of answers, which a slow machine reaches later.
        wanted = (kill + moments.random()) * DOCUMENTS / KILLS

        async def reached(wanted: float = wanted) -> bool:
            _, answers = stack.paid()
            return answers >= wanted

        with stack.host(CONCURRENCY=str(CONCURRENCY)) as host:
            await eventually(reached, SECONDS, every=0.2)
            assert host.poll() is None, stack.log.read_text()[-3000:]
            host.kill()
            await asyncio.to_thread(host.wait)
    documents = await uploading
    assert len(documents) == DOCUMENTS
    with stack.host(CONCURRENCY=str(CONCURRENCY)):

        async def recorded() -> bool:
            records = await account.records()
            return sum(row.state == State.SUCCEEDED for row in records.values()) == DOCUMENTS

        await eventually(recorded, SECONDS, every=1)
        await eventually(account.queue_is_empty)
    assert set(await account.records()) == documents
    assert {result_name(document) for document in documents} <= await account.result_names()
    assert {event.id for event in await account.events()} == documents
    assert list(await account.rejections.peek("rejected", after=0, limit=10)) == []
    assert list(await account.rejections.peek("dead-letter", after=0, limit=10)) == []
    # Only what was in work at a kill may have been paid for twice.
    for calls in stack.paid():
        assert DOCUMENTS <= calls <= DOCUMENTS + KILLS * CONCURRENCY
    for documents_paid, most in stack.paid_for_one_document().values():
        assert documents_paid == DOCUMENTS
        assert most <= 1 + KILLS
