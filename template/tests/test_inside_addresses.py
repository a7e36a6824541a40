"""Attacks with addresses: whatever a caller names, inside or outside, no service fetches it."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from harness import System

SPELLINGS = (
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f.1:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://metadata@127.0.0.1:{port}/",
)


@pytest.fixture
def inside() -> Iterator[socket.socket]:
    """A service that only this machine reaches; nobody may connect to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def bodies(url: str) -> list[dict[str, Any]]:
    """Where the APIs of AI services take an address instead of content."""
    image = {"type": "image_url", "image_url": {"url": url}}
    return [
        {"url": url},
        {"urlSource": url},
        {"messages": [{"role": "user", "content": [image]}]},
        {"messages": [{"role": "user", "content": "Look", "image_url": url}]},
    ]


def test_no_address_is_fetched(system: System, inside: socket.socket) -> None:
    port = inside.getsockname()[1]
    operations = system.gateway.get("/openapi.json").json()["paths"]
    paths = [path for path in operations if path.startswith("/api/")]
    assert paths
    with system.nothing_called():
        for url in (spelling.format(port=port) for spelling in SPELLINGS):
            for path in paths:
                for body in bodies(url):
                    # As JSON, and as a file whose content is the address.
                    for media_type in ("application/json", "image/png", "application/pdf"):
                        response = system.gateway.post(
                            path,
                            params={"url": url},
                            content=json.dumps(body),
                            headers={"Content-Type": media_type, "Referer": url},
                        )
                        assert response.status_code in (415, 422), response.text
