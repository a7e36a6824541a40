"""A message in, a result or a rejection out: once, however often the message comes.

Each step stores what it did before the next one begins, under a name that follows from the
document. A second delivery, after a crash or beside the first one, finds it and goes on from it.
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from pydantic import ValidationError

from ai_runtime.clients.documents import DocumentsClient
from ai_runtime.clients.openai import OpenAIClient
from ai_runtime.context import correlation_id, deadline
from ai_runtime.contracts.text import DOCUMENT_TYPES, OFFICE_TYPES
from ai_runtime.problems import Problem
from ai_runtime.prompts import Prompt
from ai_runtime.resilience import UpstreamError
from ai_runtime.telemetry import get_logger
from document_pipeline.model import (
    INCOMING_CONTAINER,
    MAX_DOCUMENT_BYTES,
    BlobCreated,
    Delivery,
    DocumentVersion,
    Insights,
    Message,
    Outcome,
    OutcomeEvent,
    PromptVersion,
    Reason,
    Rejection,
    Result,
    State,
    Step,
    StoredAnalysis,
    analysis_name,
    result_name,
)
from document_pipeline.ports import (
    BlobGoneError,
    BlobReplacedError,
    DocumentQueue,
    IncomingDocuments,
    OutcomeStream,
    RejectedQueue,
    Results,
)
from document_pipeline.settings import ProcessingSettings

MAX_REDELIVERY_SECONDS = 60.0
MAX_DEFERRAL_SECONDS = 3600.0

_logger = get_logger("documents")


class RejectedError(Exception):
    """The document cannot be processed, however often it is tried."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


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
        self._settings = settings
        self._ports = ports
        self._storage_account = storage_account
        self._documents = documents
        self._openai = openai
        self._prompt = prompt
        self._now = now

    async def handle(self, delivery: Delivery) -> None:
        """Process, defer or reject a message; raises when it is to be delivered again."""
        try:
            async with asyncio.timeout(self._settings.processing_seconds) as timeout:
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
            base, limit = self._settings.redelivery_seconds, MAX_REDELIVERY_SECONDS
            await asyncio.sleep(_jittered(min(limit, base * 2.0 ** (delivery.count - 1))))
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
                if not self._waits(delivery, problem):
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
        name = result_name(document.id)
        if (stored := await self._ports.results.get(name)) is not None:
            return Result.model_validate_json(stored)
        result = await self._ask(document, await self._analysis(document))
        if await self._ports.results.put_if_absent(name, _json(result)):
            return result
        # Another delivery was faster: its result is the one.
        if (stored := await self._ports.results.get(name)) is None:
            raise RuntimeError(f"{name} was there and is gone")
        return Result.model_validate_json(stored)

    async def _analysis(self, document: DocumentVersion) -> StoredAnalysis:
        name = analysis_name(document.id)
        if (stored := await self._ports.results.get(name)) is not None:
            return StoredAnalysis.model_validate_json(stored)
        # On disk, so that memory stays flat whatever the size.
        with NamedTemporaryFile() as file:
            media_type = await self._fetch(document, file)
            try:
                analysis = await self._documents.analyze(
                    Path(file.name), key_value_pairs=media_type not in OFFICE_TYPES
                )
            except UpstreamError as error:
                raise _as_rejection(error, Reason.UNREADABLE) from error
        result = StoredAnalysis(media_type=media_type, analysis=analysis)
        await self._ports.results.put_if_absent(name, _json(result))
        return result

    async def _fetch(self, document: DocumentVersion, file: IO[bytes]) -> str:
        """Download a document and return its media type."""
        try:
            properties = await self._ports.incoming.properties(document.name)
            if properties.etag != document.etag:
                raise BlobReplacedError
            if properties.size == 0:
                raise RejectedError(Reason.EMPTY, "The file is empty.")
            if properties.size > MAX_DOCUMENT_BYTES:
                raise RejectedError(
                    Reason.TOO_LARGE, f"The file is larger than {MAX_DOCUMENT_BYTES} bytes."
                )
            await self._ports.incoming.download(document, file)
        except BlobGoneError as error:
            raise RejectedError(Reason.BLOB_GONE, "The file was deleted.") from error
        except BlobReplacedError as error:
            raise RejectedError(
                Reason.BLOB_REPLACED, "The file was replaced; the new one has an event of its own."
            ) from error
        file.flush()
        if (media_type := sniff(file)) is None:
            raise RejectedError(
                Reason.UNSUPPORTED_TYPE, "The content is not a PDF, image or Office document."
            )
        return media_type

    async def _ask(self, document: DocumentVersion, stored: StoredAnalysis) -> Result:
        text = stored.analysis.text
        if not text.strip():
            raise RejectedError(Reason.NO_TEXT, "The document holds no text.")
        for _ in range(self._settings.answer_attempts):
            try:
                answer = await self._openai.answer(
                    instructions=self._prompt.instructions,
                    content=marked(text),
                    schema=Insights,
                    max_output_tokens=self._prompt.parameters.max_output_tokens,
                    reasoning_effort=self._prompt.parameters.reasoning_effort,
                )
            except UpstreamError as error:
                raise _as_rejection(error, Reason.REFUSED_BY_MODEL) from error
            completion = answer.completion
            if completion.finish_reason == "content_filter":
                raise RejectedError(
                    Reason.REFUSED_BY_MODEL, "The content filter blocked the answer."
                )
            try:
                insights = Insights.model_validate_json(answer.text)
            except ValidationError:
                _logger.warning("the model's answer has not the form that was asked for")
                continue
            return Result(
                document_id=document.id,
                name=document.name,
                media_type=stored.media_type,
                completed_at=self._now(),
                analysis=stored.analysis,
                insights=insights,
                prompt=PromptVersion(name=self._prompt.name, version=self._prompt.version),
                model=completion.model,
                usage=completion.usage,
            )
        raise RejectedError(
            Reason.INVALID_ANSWER,
            f"The model's answer had the wrong form {self._settings.answer_attempts} times.",
        )

    def _waits(self, delivery: Delivery, problem: Problem) -> bool:
        """Tell whether a message waits in the queue, not in a worker for its next delivery."""
        # Throttled, or the circuit is open: the service itself says that it wants time.
        asks_for_time = problem.status in (429, 503)
        return asks_for_time or delivery.count >= self._settings.deliveries_before_deferral

    async def _defer(self, message: Message, document: DocumentVersion, problem: Problem) -> None:
        """Send a copy that comes later: waiting must not use up deliveries."""
        now = self._now()
        deferrals = message.deferrals
        since = deferrals[0].at if deferrals else now
        limit = timedelta(hours=self._settings.max_deferral_hours)
        if len(deferrals) >= self._settings.max_deferrals or now - since >= limit:
            raise RejectedError(
                Reason.WAITED_TOO_LONG, f"It waited {len(deferrals)} times. {problem.detail}"
            )
        wait = self._settings.deferral_seconds * 2.0 ** len(deferrals)
        wait = min(MAX_DEFERRAL_SECONDS, max(wait, problem.retry_after or 0))
        step = Step(at=now, action="deferred", detail=problem.detail)
        # Jitter comes on top: a `Retry-After` is a lower bound.
        seconds = wait * random.uniform(1, 1.5)  # noqa: S311
        await self._ports.queue.send(message.followed_by(step, document.id), delay_seconds=seconds)
        _logger.info("deferred: %s", problem.detail, extra={"seconds": round(seconds)})

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


def sniff(file: IO[bytes]) -> str | None:
    """Return the media type that the content of a file shows, whatever its name says."""
    for media_type, is_type in DOCUMENT_TYPES.items():
        file.seek(0)
        if is_type(file):
            return media_type
    return None


def marked(text: str) -> str:
    """Mark the text of a document for the shield against attacks in documents.

    The shield of Azure OpenAI looks between these tags only, at text escaped as in JSON. No text
    can close the tag.
    """
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].replace("<", r"\u003c")
    return f'""" <documents>\n{escaped}\n</documents> """'


def _as_rejection(error: UpstreamError, reason: Reason) -> Exception:
    """Return what to raise: a refusal is final, everything else may pass."""
    return RejectedError(reason, error.detail) if error.status == 422 else error


def _json(model: Result | StoredAnalysis) -> bytes:
    return model.model_dump_json().encode()


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1)  # noqa: S311 - jitter is no secret


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
