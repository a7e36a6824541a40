"""Signals that end a process, as exceptions that clean up, or put off for a short step."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from azd_ai_scaffold.exit_codes import SIGNALLED


class Stopped(KeyboardInterrupt):
    """The process was told to stop; a KeyboardInterrupt, because event loops let only that pass."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = SIGNALLED + number


SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@contextlib.contextmanager
def stop_signals() -> Iterator[None]:
    """Turn signals that end a process into an exception that cleans up."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(number)

    with _restored():
        for number in SIGNALS:
            if number != signal.SIGINT:  # Python makes a KeyboardInterrupt of it
                signal.signal(number, stop)
        yield


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """Let a short step finish whatever arrives; programs that it starts ignore the signals too."""
    with _restored():
        ignore_signals()
        yield


def ignore_signals() -> None:
    """Finish whatever arrives, until `stop_signals` ends: what follows cannot be taken back."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _restored() -> Iterator[None]:
    """Give the signals their handlers back after a block."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
