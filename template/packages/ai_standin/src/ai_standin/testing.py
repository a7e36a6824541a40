"""The stand-in on a free port, in a thread of the test process."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from ai_standin.app import create_app
from ai_standin.control import Control, Failure


@dataclass(frozen=True)
class StandIn:
    """A running stand-in: where it listens and what steers it."""

    url: str
    control: Control

    def fail(self, service: str, mode: str, **options: float) -> None:
        """Make calls of `service` fail; `options` are the other fields of `Failure`."""
        self.control.arm(Failure.model_validate({"service": service, "mode": mode, **options}))


@contextmanager
def running_standin(word_delay: float = 0.001) -> Iterator[StandIn]:
    """Run the stand-in until the block ends."""
    app = create_app(word_delay)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while thread.is_alive() and not server.started:
            time.sleep(0.005)
        try:
            yield StandIn(f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.control)
        finally:
            server.should_exit = True
            thread.join()
