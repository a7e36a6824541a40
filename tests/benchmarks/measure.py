"""What every benchmark uses: medians of interleaved runs, and one printed line for each result."""

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def interleaved(actions: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median wall time of each action, in seconds; they take turns: a busy machine slows all."""
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, measured in zip(actions, times, strict=True):
            measured.append(seconds(action))
    return [statistics.median(measured) for measured in times]


def command(*words: str | Path, cwd: Path | None = None) -> Callable[[], object]:
    """An action that runs a program to its end and fails when the program fails."""
    return lambda: subprocess.run(
        [str(word) for word in words], cwd=cwd, check=True, capture_output=True
    )


def report(what: str, measured: str, goal: str, met: bool) -> None:
    """Print one result, with its goal and whether it is met."""
    print(f"{'ok  ' if met else 'MISS'}  {what}: {measured} (goal {goal})", flush=True)
