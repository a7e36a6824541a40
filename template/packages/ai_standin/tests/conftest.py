"""One stand-in for all tests, without failures and with counts at zero for each."""

from collections.abc import Iterator

import pytest

from ai_standin.testing import StandIn, running_standin


@pytest.fixture(scope="session")
def running() -> Iterator[StandIn]:
    with running_standin() as standin:
        yield standin


@pytest.fixture
def standin(running: StandIn) -> Iterator[StandIn]:
    running.control.calls.clear()
    running.control.aborted.clear()
    yield running
    running.control.clear()
