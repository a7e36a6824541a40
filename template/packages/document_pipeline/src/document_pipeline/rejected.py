"""What operators do with rejected documents."""

from collections.abc import Callable, Sequence
from datetime import datetime

from document_pipeline.model import DocumentRecord, RejectedDocument, State, Step
from document_pipeline.ports import DocumentQueue, DocumentTable, RejectedDocuments, Source
from document_pipeline.process import utc_now


class RejectedOperations:
    """Lists, shows, replays and discards."""

    def __init__(
        self,
        rejected: RejectedDocuments,
        queue: DocumentQueue,
        table: DocumentTable,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._rejected = rejected
        self._queue = queue
        self._table = table
        self._now = now

    async def peek(self, source: Source, *, after: int, limit: int) -> Sequence[RejectedDocument]:
        """Return documents with a number above `after`, lowest first."""
        return await self._rejected.peek(source, after=after, limit=limit)

    async def get(self, source: Source, number: int) -> RejectedDocument:
        """Raises `NotFoundError`."""
        return await self._rejected.get(source, number)

    async def replay(self, source: Source, number: int) -> RejectedDocument:
        """Send a document through the pipeline again; raises `NotFoundError`."""
        found = await self._rejected.get(source, number)
        rejection = found.rejection
        step = Step(at=self._now(), action="replayed")
        # Sent before it is removed: a crash in between doubles a message, which does no harm.
        copy = rejection.message.followed_by(step, rejection.id.partition(".")[0])
        stored = await self._table.get(rejection.document_id) if rejection.document_id else None
        await self._queue.send(copy)
        await self._rejected.remove(source, number)
        if stored is not None and stored.record.state == State.REJECTED:
            # Not where the outcome is already recorded: then the row has another version.
            await self._table.replace(_accepted(stored.record, step), stored.version)
        return found

    async def discard(self, source: Source, number: int) -> None:
        """Take a document out for good; raises `NotFoundError`."""
        await self._rejected.remove(source, number)


def _accepted(record: DocumentRecord, step: Step) -> DocumentRecord:
    return DocumentRecord(
        id=record.id,
        name=record.name,
        state=State.ACCEPTED,
        updated_at=step.at,
        replays=record.replays + 1,
    )
