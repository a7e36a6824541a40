"""Event streams: real statuses before the first event, and an end that says how, always."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator

import httpx2
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from ai_runtime.access import Access
from ai_runtime.app import create_app
from ai_runtime.problems import Problem
from ai_runtime.settings import Settings
from ai_runtime.sse import EventStream, event
from ai_standin.testing import serving

EVERYBODY = Access(Settings(), lambda _: True)


class Word(BaseModel):
    text: str


class Words:
    """Endpoints that stream, each failing in its own way."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()

    async def stream(self, case: str) -> AsyncGenerator[bytes, None]:
        if case == "problem":
            raise Problem(429, "Later.", retry_after=3)
        if case == "defect":
            raise RuntimeError("secret")
        try:
            if case == "silent":
                await asyncio.sleep(60)
            yield event("delta", Word(text="one\ntwo"))
            if case == "late problem":
                raise Problem(502, "Broken.")
            if case == "late defect":
                raise RuntimeError("secret")
            if case == "stuck":
                await asyncio.sleep(60)
            yield event("done", Word(text=""))
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@pytest.fixture
def words() -> Words:
    return Words()


@pytest.fixture
def client(words: Words) -> Iterator[httpx2.Client]:
    router = APIRouter()

    @router.get("/words")
    async def get(case: str) -> EventStream:
        return EventStream(words.stream(case))

    settings = Settings(request_timeout_seconds=2)
    with (
        serving(create_app(settings, title="Test", access=EVERYBODY, routers=[router])) as url,
        httpx2.Client(base_url=url) as client,
    ):
        yield client


def get(client: httpx2.Client, case: str) -> httpx2.Response:
    return client.get("/words", params={"case": case})


def test_whole_stream(client: httpx2.Client) -> None:
    response = get(client, "")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert response.text == (
        'event: delta\ndata: {"text":"one\\ntwo"}\n\nevent: done\ndata: {"text":""}\n\n'
    )


@pytest.mark.parametrize(("case", "status"), [("problem", 429), ("defect", 500), ("silent", 504)])
def test_failure_before_the_first_event(client: httpx2.Client, case: str, status: int) -> None:
    response = get(client, case)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("case", "status"), [("late problem", 502), ("late defect", 500), ("stuck", 504)]
)
def test_failure_after_the_first_event(client: httpx2.Client, case: str, status: int) -> None:
    response = get(client, case)
    assert response.status_code == 200
    first, last, rest = response.text.split("\n\n")
    assert first.startswith("event: delta\n")
    assert last.startswith("event: error\n")
    assert f'"status":{status}' in last
    assert rest == ""
    assert "secret" not in response.text


@pytest.mark.parametrize("case", ["silent", "stuck"])
def test_a_client_that_leaves_cancels_the_work(
    words: Words, client: httpx2.Client, case: str
) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/words", params={"case": case}, timeout=0.3)
    assert words.cancelled.wait(1)
