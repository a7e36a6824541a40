"""The host is killed after each of its steps and started again: nothing is lost or doubled.

The moment before a step is the one after the step before it: a host that dies forgets everything,
so the next one sees the same.
"""

import asyncio
import re
from collections.abc import Iterator

import pytest

from breakpoints import Breakpoints
from document_pipeline.model import State, analysis_name, result_name
from pipeline import WAIT_SECONDS, Account, Stack, eventually, pdf

DOCUMENT = "[0-9a-f]{32}"

# Every call that changes something, in order: the proxy holds its answer, and the host dies.
STEPS = {
    "event-sent": r"storage-queue POST /local/documents/messages",
    "event-noted": r"storage-table (PATCH|PUT|MERGE) /local/announced\(.*",
    "message-received": r"storage-queue GET /local/documents/messages",
    "document-read": r"storage-blob GET /local/incoming/.*\.pdf",
    "analysis-started": r"ai-standin POST /documentintelligence/.*:analyze",
    "analysis-read": r"ai-standin GET /documentintelligence/.*/analyzeResults/.*",
    "analysis-stored": rf"storage-blob PUT /local/results/{DOCUMENT}/analysis\.json",
    "model-answered": r"ai-standin POST /openai/v1/responses",
    "result-stored": rf"storage-blob PUT /local/results/{DOCUMENT}/result\.json",
    "outcome-published": r"storage-blob PUT /local/ai-results/partition-0\?comp=appendblock",
    "message-completed": r"storage-queue DELETE /local/documents/messages/.*",
    "outcome-recorded": r"storage-table POST /local/documents",
    "checkpoint-moved": r"storage-blob PUT /local/ai-results/record-result/checkpoint",
}
# A paid call is made again only where its answer was not stored yet.
ANALYSED_AGAIN = {"analysis-started", "analysis-read"}
ANSWERED_AGAIN = {"model-answered"}

# One document at a time, so that a second delivery begins only when the first has ended, and paid
# calls can be counted. The message of a dead host comes again soon.
ONE_AT_A_TIME = {"CONCURRENCY": "1", "LOCK_SECONDS": "2"}


@pytest.fixture
def breakpoints(stack: Stack) -> Iterator[Breakpoints]:
    ports = {name: part.port for name, part in stack.parts.items() if name != "processor"}
    with Breakpoints(ports) as proxies:
        yield proxies


@pytest.mark.parametrize("step", STEPS)
async def test_killed_after(
    stack: Stack, account: Account, breakpoints: Breakpoints, step: str
) -> None:
    await account.create()
    breakpoints.break_after(rf"{STEPS[step]}([?&].*)?")
    paid = stack.paid()
    document = await account.put(f"{step}.pdf", pdf(step))
    with stack.host(breakpoints.ports, **ONE_AT_A_TIME) as host:
        assert await asyncio.to_thread(breakpoints.reached.wait, WAIT_SECONDS)
        host.kill()
        host.wait()
    breakpoints.go_on()
    with stack.host(breakpoints.ports, **ONE_AT_A_TIME):
        [record] = await account.settled(document)
    assert (record.state, record.replays) == (State.SUCCEEDED, 0)
    written = {name for name in await account.result_names() if name.startswith(document.id)}
    assert written == {analysis_name(document.id), result_name(document.id)}
    events = [event for event in await account.events() if event.subject == document.id]
    assert {event.id for event in events} == {document.id}
    assert all(event == events[0] for event in events)
    analyses, answers = stack.paid()
    assert analyses - paid[0] == 1 + (step in ANALYSED_AGAIN)
    assert answers - paid[1] == 1 + (step in ANSWERED_AGAIN)


async def test_no_step_is_left_out(
    stack: Stack, account: Account, breakpoints: Breakpoints
) -> None:
    """What changes something on the way of a document is one of the steps above."""
    steps = {name: re.compile(rf"{step}([?&].*)?") for name, step in STEPS.items()}
    made_at_start = re.compile(
        r"restype=container| PUT /local/(documents|ai-results/partition-0)$|/Tables"
    )

    def changing() -> list[str]:
        return [
            call
            for call in breakpoints.calls
            if not re.search(" (GET|HEAD) ", call) and not made_at_start.search(call)
        ]

    async def all_met() -> bool:
        met = {name for name, step in steps.items() if any(map(step.fullmatch, changing()))}
        return met == {name for name, step in STEPS.items() if " GET " not in step}

    await account.create()
    # A lock that needs no renewal, however busy the machine is.
    with stack.host(breakpoints.ports, LOCK_SECONDS="60"):
        await account.settled(await account.put("steps.pdf", pdf("steps")))
        await eventually(all_met)
    assert not [call for call in changing() if not any(s.fullmatch(call) for s in steps.values())]
