"""Outcomes become rows, whatever the order and however often they come."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from document_pipeline.model import (
    DocumentRecord,
    Outcome,
    OutcomeEvent,
    Reason,
    State,
)
from document_pipeline.ports import StoredRecord
from document_pipeline.record import OutcomeRecorder
from document_pipeline.testing import MemoryTable

ID = "0" * 32
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def metrics() -> InMemoryMetricReader:
    reader = InMemoryMetricReader()
    set_meter_provider(MeterProvider([reader]))
    return reader


def event(state: State, replays: int = 0) -> bytes:
    succeeded = state == State.SUCCEEDED
    outcome = Outcome(
        document_id=ID,
        name="letter.pdf",
        state=State.SUCCEEDED if succeeded else State.REJECTED,
        replays=replays,
        result=f"{ID}/result.json" if succeeded else None,
        reason=None if succeeded else Reason.EMPTY,
        pages=2 if succeeded else 0,
    )
    return (
        OutcomeEvent(
            id=ID if succeeded else f"{ID}.rejected.{replays}",
            type="document.succeeded.v1" if succeeded else "document.rejected.v1",
            subject=ID,
            time=NOON,
            data=outcome,
        )
        .model_dump_json()
        .encode()
    )


EVENTS = (event(State.REJECTED), event(State.REJECTED, replays=1), event(State.SUCCEEDED))


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_any_order_ends_in_the_same_row(order: tuple[int, ...]) -> None:
    table = MemoryTable()
    for number in order:
        await OutcomeRecorder(table).handle([EVENTS[number]] * 2)
    row = table.rows[ID].record
    assert (row.state, row.result, row.reason) == (State.SUCCEEDED, f"{ID}/result.json", None)


async def test_later_rejection_supersedes_an_earlier_one() -> None:
    table = MemoryTable()
    for body in (EVENTS[1], EVENTS[0]):
        await OutcomeRecorder(table).handle([body])
    assert table.rows[ID].record.replays == 1


async def test_rejection_before_a_replay_does_not_hide_that_it_was_replayed() -> None:
    table = MemoryTable()
    accepted = DocumentRecord(
        id=ID, name="letter.pdf", state=State.ACCEPTED, updated_at=NOON, replays=1
    )
    await table.insert(accepted)
    await OutcomeRecorder(table).handle([EVENTS[0]])
    assert table.rows[ID].record == accepted
    await OutcomeRecorder(table).handle([EVENTS[1]])
    assert table.rows[ID].record.state == State.REJECTED


async def test_row_that_changes_meanwhile_is_read_again() -> None:
    class Contended(MemoryTable):
        """Another recorder writes between the first read and the first write."""

        async def get(self, document_id: str) -> StoredRecord | None:
            found = await super().get(document_id)
            if found is None:
                await OutcomeRecorder(calm).handle([EVENTS[0]])
                self.rows |= calm.rows
            return found

    calm = MemoryTable()
    table = Contended()
    await OutcomeRecorder(table).handle([EVENTS[2]])
    assert table.rows[ID].record.state == State.SUCCEEDED


async def test_event_that_is_no_outcome_holds_nothing_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = MemoryTable()
    await OutcomeRecorder(table).handle([b"{", b"{}", b"\xff", EVENTS[2]])
    assert table.rows[ID].record.state == State.SUCCEEDED
    assert len(caplog.records) == 3


async def test_metrics_count_each_outcome_once(metrics: InMemoryMetricReader) -> None:
    recorder = OutcomeRecorder(MemoryTable())
    await recorder.handle([EVENTS[0], EVENTS[0], EVENTS[2], EVENTS[2]])
    data = metrics.get_metrics_data()
    assert data is not None
    points = {
        (metric.name, *sorted(map(str, (point.attributes or {}).values()))): point.value  # type: ignore[union-attr]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        if scope.scope.name == "document_pipeline"
        for metric in scope.metrics
        for point in metric.data.data_points
    }
    assert points["documents.outcomes", "", "succeeded"] == 1
    assert points["documents.outcomes", "empty", "rejected"] == 1
    assert points["documents.pages",] == 2
