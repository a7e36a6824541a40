"""What a person or a test steers: failures to come and calls that came."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Failure(BaseModel):
    """How the next calls to one AI service fail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str
    mode: Literal["throttle", "error", "slow", "cut", "malformed"]
    times: int | None = Field(default=None, ge=1, description="Calls that fail; null: all of them.")
    retry_after: int = Field(default=2, ge=0, description="`Retry-After` of `throttle`.")
    seconds: float = Field(default=60, gt=0, le=3600, description="How long `slow` holds.")
    after_events: int | None = Field(
        default=None,
        ge=0,
        description="Events of a stream that `slow` (default 0) and `cut` (6) let through.",
    )


@dataclass
class Control:
    """The state behind `/standin`: failures by service, calls by operation."""

    calls: Counter[str] = field(default_factory=Counter)
    aborted: Counter[str] = field(default_factory=Counter)
    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What was paid for: answers by operation and digest of what was sent."""
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the failures of the calls that came so far are over."""
    _failures: dict[str, tuple[Failure, int | None]] = field(default_factory=dict)

    def inputs(self) -> dict[str, dict[str, int]]:
        """By operation: how many different inputs were answered, and how often one at most."""
        answers: defaultdict[str, list[int]] = defaultdict(list)
        for (operation, _), count in self.answered.items():
            answers[operation].append(count)
        return {
            operation: {"different": len(counts), "most": max(counts)}
            for operation, counts in answers.items()
        }

    def arm(self, failure: Failure) -> None:
        self._failures[failure.service] = (failure, failure.times)

    def clear(self) -> None:
        """Forget every failure and let go of the calls that `slow` holds."""
        self._failures.clear()
        self.release.set()
        self.release = asyncio.Event()

    def take(self, service: str) -> Failure | None:
        """Return the failure that the next call of `service` must show."""
        failure, left = self._failures.get(service, (None, None))
        if failure is not None and left is not None:
            if left == 1:
                del self._failures[service]
            else:
                self._failures[service] = (failure, left - 1)
        return failure
