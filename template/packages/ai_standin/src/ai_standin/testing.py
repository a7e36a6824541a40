"""Servers on free ports in threads of the test process: the stand-in, or any other app."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from ai_standin.app import create_app
from ai_standin.control import Control, Failure
from ai_standin.entra import Issuer, access_claims

UNUSED = "unused"
"""The key of a client of the stand-in, which asks for none."""


@dataclass(frozen=True)
class StandIn:
    """A running stand-in: where it listens and what steers it."""

    url: str
    control: Control
    issuer: Issuer

    def fail(self, service: str, mode: str, **options: float) -> None:
        """Make calls of `service` fail; `options` are the other fields of `Failure`."""
        self.control.arm(Failure.model_validate({"service": service, "mode": mode, **options}))

    @property
    def authority(self) -> str:
        """Where the stand-in plays Entra ID."""
        return f"{self.url}/entra/"

    def token(self, tenant_id: str, audience: str, object_id: str, **changes: Any) -> str:
        """Return an access token; `changes` replace claims, None leaves one out."""
        return self.issuer.sign(
            access_claims(self.authority, tenant_id, audience, object_id, **changes)
        )


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve `app` over HTTP until the block ends, and return its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", log_config=None, timeout_graceful_shutdown=1)
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while thread.is_alive() and not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def running_standin(delay: float = 0.001) -> Iterator[StandIn]:
    """Run the stand-in until the block ends."""
    app = create_app(delay)
    with serving(app) as url:
        yield StandIn(url, app.state.control, app.state.issuer)
