"""Says on a terminal's standard error what is being done, and leaves nothing behind."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

INTERVAL = 0.2  # seconds
CLEAR_LINE = "\r\x1b[K"


@contextlib.contextmanager
def progress(doing: str, *, counting: Path | None = None) -> Iterator[None]:
    """Show a line while a block runs; nothing where standard error is no terminal.

    Args:
        doing: What is being done, such as `Rendering`.
        counting: A folder whose files are counted. The line appears with the first of them, so
            that it does not disturb questions that are asked before.
    """
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def show() -> None:
        while True:
            files = sum(path.is_file() for path in counting.rglob("*")) if counting else 0
            if files or not counting:
                count = f": {files} files" if counting else ""
                sys.stderr.write(f"{CLEAR_LINE}{doing}{count} ...")
                sys.stderr.flush()
            if done.wait(INTERVAL):
                return

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        sys.stderr.write(CLEAR_LINE)
        sys.stderr.flush()
