"""Events about outcomes in, rows of the table `documents` out."""

from collections.abc import Iterable

from opentelemetry import metrics
from pydantic import ValidationError

from ai_runtime.telemetry import get_logger
from document_pipeline.model import DocumentRecord, Outcome, OutcomeEvent, State
from document_pipeline.ports import DocumentTable

_logger = get_logger("outcomes")


class OutcomeRecorder:
    """Handles the events of the event hub `ai-results`.

    An event that comes twice or late changes nothing, so metrics count each outcome once.
    """

    def __init__(self, table: DocumentTable) -> None:
        self._table = table
        meter = metrics.get_meter("document_pipeline")
        self._outcomes = meter.create_counter(
            "documents.outcomes", unit="{document}", description="Documents that reached an outcome"
        )
        self._pages = meter.create_counter(
            "documents.pages", unit="{page}", description="Pages of documents that succeeded"
        )
        self._unreadable = meter.create_counter(
            "documents.unreadable_events", unit="{event}", description="Events that were skipped"
        )

    async def handle(self, events: Iterable[bytes]) -> None:
        """Record a batch; raises when it is to be delivered again."""
        for body in events:
            try:
                event = OutcomeEvent.model_validate_json(body)
            except ValidationError:
                # To raise would hold up everything behind it, for ever.
                _logger.error(
                    "an event has not the form of an outcome", extra={"event": body[:500]}
                )
                self._unreadable.add(1)
                continue
            if await self._record(event):
                outcome = event.data
                self._outcomes.add(1, {"state": outcome.state, "reason": outcome.reason or ""})
                self._pages.add(outcome.pages)

    async def _record(self, event: OutcomeEvent) -> bool:
        record = _record_of(event)
        while True:
            stored = await self._table.get(record.id)
            if stored is None:
                if await self._table.insert(record):
                    return True
            elif not _supersedes(event.data, stored.record):
                return False
            elif await self._table.replace(record, stored.version):
                return True


def _record_of(event: OutcomeEvent) -> DocumentRecord:
    outcome = event.data
    return DocumentRecord(
        id=outcome.document_id,
        name=outcome.name,
        state=outcome.state,
        updated_at=event.time,
        replays=outcome.replays,
        result=outcome.result,
        reason=outcome.reason,
        detail=outcome.detail,
        pages=outcome.pages,
        input_tokens=outcome.usage.input_tokens,
        output_tokens=outcome.usage.output_tokens,
    )


def _supersedes(outcome: Outcome, record: DocumentRecord) -> bool:
    """Tell whether an outcome is later than a row, in whatever order they come."""
    if record.state == State.SUCCEEDED:
        return False
    if outcome.state == State.SUCCEEDED:
        return True
    if record.state == State.ACCEPTED:
        return outcome.replays >= record.replays
    return outcome.replays > record.replays
