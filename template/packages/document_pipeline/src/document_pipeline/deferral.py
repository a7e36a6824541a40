"""When a message that failed is tried again, and where it waits until then."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from ai_runtime.problems import Problem
from document_pipeline.model import Delivery, DocumentVersion, Message, Reason, RejectedError, Step
from document_pipeline.settings import ProcessingSettings

MAX_REDELIVERY_SECONDS = 60.0
MAX_DEFERRAL_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Deferral:
    """The copy of a message that is sent for later: waiting must not use up deliveries."""

    message: Message
    delay_seconds: float


class DeferralPolicy:
    """Decides by the settings; reads and sends nothing."""

    def __init__(self, settings: ProcessingSettings) -> None:
        self._settings = settings

    def defers(self, delivery: Delivery, problem: Problem) -> bool:
        """Tell whether a message waits in the queue, not in a worker for its next delivery."""
        # Throttled, or the circuit is open: the service itself says that it wants time.
        asks_for_time = problem.status in (429, 503)
        return asks_for_time or delivery.count >= self._settings.deliveries_before_deferral

    def deferral(
        self, message: Message, document: DocumentVersion, problem: Problem, now: datetime
    ) -> Deferral:
        """Return what to send; raises `RejectedError` when the message has waited too long."""
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
        return Deferral(message.followed_by(step, document.id), wait * random.uniform(1, 1.5))  # noqa: S311

    def redelivery_seconds(self, count: int) -> float:
        """Return how long a message is held after its delivery number `count` has failed."""
        wait = min(MAX_REDELIVERY_SECONDS, self._settings.redelivery_seconds * 2.0 ** (count - 1))
        return wait * random.uniform(0.5, 1)  # noqa: S311 - jitter is no secret
