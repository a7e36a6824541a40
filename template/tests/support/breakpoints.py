"""A proxy between the host and all that it writes to. It sees each step, and holds the one where a
test wants the host to die: the code under test knows nothing of it."""

import http.client
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Breakpoints:
    """Proxies for some ports of this machine, by name."""

    def __init__(self, targets: Mapping[str, int]) -> None:
        self.calls: list[str] = []
        """`NAME METHOD PATH?QUERY`, in the order of their answers."""
        self.reached = threading.Event()
        self._pattern: re.Pattern[str] | None = None
        self._released = threading.Event()
        self._servers = {
            name: ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, name, port))
            for name, port in targets.items()
        }

    @property
    def ports(self) -> dict[str, int]:
        return {name: server.server_address[1] for name, server in self._servers.items()}

    def __enter__(self) -> Self:
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, args=[0.05]).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def break_after(self, pattern: str) -> None:
        """Hold the answer to the next call that matches: it has its effect, nobody hears of it."""
        self.reached.clear()
        self._released.clear()
        self._pattern = re.compile(pattern)

    def go_on(self) -> None:
        """Let go of the call that is held; its connection breaks."""
        self._pattern = None
        self._released.set()

    def holds(self, call: str) -> bool:
        """Note a call that has been answered; true when it was the one to hold, once it is over."""
        self.calls.append(call)
        if self._pattern is None or not self._pattern.fullmatch(call):
            return False
        self._pattern = None
        self.reached.set()
        self._released.wait()
        return True


def _handler(breakpoints: Breakpoints, name: str, port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        # Head and body leave in one packet.
        wbufsize = -1

        def handle(self) -> None:
            # A host that was killed leaves connections that break.
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, *_: Any) -> None:
            pass

        def _forward(self) -> None:
            body = self._body()
            target = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_HEADERS}
            if body or self.command in ("POST", "PUT"):
                headers["Content-Length"] = str(len(body))
            target.request(self.command, self.path, body, headers)
            answer = target.getresponse()
            content = answer.read()
            target.close()
            if breakpoints.holds(f"{name} {self.command} {self.path}"):
                self.close_connection = True
                return
            self.send_response_only(answer.status, answer.reason)
            for key, value in answer.getheaders():
                if key.lower() not in HOP_HEADERS:
                    self.send_header(key, value)
            length = answer.headers.get("Content-Length", "0")
            self.send_header(
                "Content-Length", length if self.command == "HEAD" else str(len(content))
            )
            self.end_headers()
            self.wfile.write(content)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        do_DELETE = do_GET = do_HEAD = do_MERGE = do_PATCH = do_POST = do_PUT = _forward  # noqa: N815

    return Handler
