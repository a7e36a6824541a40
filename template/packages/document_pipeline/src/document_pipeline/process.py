"""A message in, a result or a rejection out: once, however often the message comes.

Each step stores what it did before the next one begins, under a name that follows from the
document. A second delivery, after a crash or beside the first one, finds it and goes on from it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ai_runtime.clients.documents import DocumentsClient
from ai_runtime.clients.openai import OpenAIClient
from ai_runtime.context import correlation_id, deadline
from ai_runtime.problems import Problem
from ai_runtime.prompts import Prompt
from ai_runtime.telemetry import get_logger
from document_pipeline.analysis import DocumentAnalyzer
from document_pipeline.deferral import DeferralPolicy
from document_pipeline.insights import InsightsExtractor
from document_pipeline.model import (
    INCOMING_CONTAINER,
    BlobCreated,
    Delivery,
    DocumentVersion,
    Message,
    Outcome,
    OutcomeEvent,
    Reason,
    RejectedError,
    Rejection,
    Result,
    State,
    Step,
    StoredAnalysis,
    analysis_name,
    result_name,
)
from document_pipeline.ports import (
    DocumentQueue,
    IncomingDocuments,
    OutcomeStream,
    RejectedQueue,
    Results,
)
from document_pipeline.settings import ProcessingSettings

_logger = get_logger("documents")

Stored = TypeVar("Stored", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ProcessingPorts:
    """What a processor reads from and writes to."""

    incoming: IncomingDocuments
    results: Results
    queue: DocumentQueue
    rejected: RejectedQueue
    outcomes: OutcomeStream


def utc_now() -> datetime:
    return datetime.now(UTC)


class DocumentProcessor:
    """Handles the messages of the queue `documents`."""

    def __init__(
        self,
        settings: ProcessingSettings,
        ports: ProcessingPorts,
        *,
        storage_account: str,
        documents: DocumentsClient,
        openai: OpenAIClient,
        prompt: Prompt,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._ports = ports
        self._storage_account = storage_account
        self._seconds = settings.processing_seconds
        self._policy = DeferralPolicy(settings)
        self._analyzer = DocumentAnalyzer(ports.incoming, documents)
        self._extractor = InsightsExtractor(openai, prompt, settings.answer_attempts, now)
        self._now = now

    async def handle(self, delivery: Delivery) -> None:
        """Process, defer or reject a message; raises when it is to be delivered again."""
        try:
            async with asyncio.timeout(self._seconds) as timeout:
                token = deadline.set(timeout.when())
                try:
                    await self._handle(delivery)
                finally:
                    deadline.reset(token)
        except Exception as error:
            _logger.warning(
                "message is given back: %s",
                type(error).__name__,
                extra={"message_id": delivery.message.id, "delivery": delivery.count},
            )
            # Brokers deliver again at once, so the wait is here, while the lock is renewed.
            await asyncio.sleep(self._policy.redelivery_seconds(delivery.count))
            raise

    async def _handle(self, delivery: Delivery) -> None:
        message = delivery.message
        document: DocumentVersion | None = None
        token = correlation_id.set(None)
        try:
            document = self._read(message)
            correlation_id.set(document.id)
            try:
                result = await self._result(document)
            except Problem as problem:
                if not self._policy.defers(delivery, problem):
                    raise
                await self._defer(message, document, problem)
            else:
                await self._ports.outcomes.publish(_succeeded(result))
        except RejectedError as rejected:
            await self._reject(message, document, rejected)
        finally:
            correlation_id.reset(token)

    def _read(self, message: Message) -> DocumentVersion:
        try:
            event = BlobCreated.model_validate_json(message.body)
        except ValidationError as error:
            wrong = {str(item["loc"][0]) if item["loc"] else "" for item in error.errors()}
            if wrong == {"specversion"}:
                raise RejectedError(
                    Reason.UNSUPPORTED_VERSION, "The event is not CloudEvents 1.0."
                ) from error
            raise RejectedError(
                Reason.UNKNOWN_MESSAGE, "The message is not a CloudEvent about a created blob."
            ) from error
        account = event.source.rpartition("/")[2]
        if account != self._storage_account or event.container != INCOMING_CONTAINER:
            raise RejectedError(
                Reason.UNKNOWN_PRODUCER,
                f"The event is not about the container {INCOMING_CONTAINER} of this system.",
            )
        return event.document

    async def _result(self, document: DocumentVersion) -> Result:
        async def extract() -> Result:
            return await self._extractor.extract(document, await self._analysis(document))

        return await self._once(result_name(document.id), Result, extract)

    async def _analysis(self, document: DocumentVersion) -> StoredAnalysis:
        async def analyze() -> StoredAnalysis:
            return await self._analyzer.analyze(document)

        return await self._once(analysis_name(document.id), StoredAnalysis, analyze)

    async def _once(
        self, name: str, kind: type[Stored], make: Callable[[], Awaitable[Stored]]
    ) -> Stored:
        """Return what is stored under a name; where nothing is, make it and store it."""
        if (stored := await self._ports.results.get(name)) is not None:
            return kind.model_validate_json(stored)
        made = await make()
        if await self._ports.results.put_if_absent(name, made.model_dump_json().encode()):
            return made
        # Another delivery was faster: what it stored counts.
        if (stored := await self._ports.results.get(name)) is None:
            raise RuntimeError(f"{name} was there and is gone")
        return kind.model_validate_json(stored)

    async def _defer(self, message: Message, document: DocumentVersion, problem: Problem) -> None:
        deferral = self._policy.deferral(message, document, problem, self._now())
        await self._ports.queue.send(deferral.message, delay_seconds=deferral.delay_seconds)
        seconds = round(deferral.delay_seconds)
        _logger.info("deferred: %s", problem.detail, extra={"seconds": seconds})

    async def _reject(
        self, message: Message, document: DocumentVersion | None, rejected: RejectedError
    ) -> None:
        if document is not None:
            # Another delivery of the same document may have succeeded meanwhile; success is final.
            stored = await self._ports.results.get(result_name(document.id))
            if stored is not None:
                await self._ports.outcomes.publish(_succeeded(Result.model_validate_json(stored)))
                return
        step = Step(at=self._now(), action="rejected", detail=rejected.detail)
        rejection = Rejection(
            message=message.model_copy(update={"history": (*message.history, step)}),
            rejected_at=step.at,
            reason=rejected.reason,
            detail=rejected.detail,
            document_id=document.id if document else None,
            name=document.name if document else None,
        )
        await self._ports.rejected.reject(rejection)
        _logger.warning("rejected: %s", rejected.reason, extra={"detail": rejected.detail})
        if document is not None:
            await self._ports.outcomes.publish(_rejected(rejection, document))


def _succeeded(result: Result) -> OutcomeEvent:
    # All of it comes from the stored result, so that the event is the same whoever sends it.
    return OutcomeEvent(
        id=result.document_id,
        type="document.succeeded.v1",
        subject=result.document_id,
        time=result.completed_at,
        data=Outcome(
            document_id=result.document_id,
            name=result.name,
            state=State.SUCCEEDED,
            result=result_name(result.document_id),
            pages=result.analysis.pages,
            usage=result.usage,
        ),
    )


def _rejected(rejection: Rejection, document: DocumentVersion) -> OutcomeEvent:
    return OutcomeEvent(
        id=rejection.id,
        type="document.rejected.v1",
        subject=document.id,
        time=rejection.rejected_at,
        data=Outcome(
            document_id=document.id,
            name=document.name,
            state=State.REJECTED,
            replays=rejection.message.replays,
            reason=rejection.reason,
            detail=rejection.detail,
        ),
    )
