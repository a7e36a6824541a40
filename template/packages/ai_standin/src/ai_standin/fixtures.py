"""Fixtures for the tests of every package (a pytest plugin, named in the root pyproject.toml)."""

from collections.abc import Iterator

import pytest

from ai_standin.testing import StandIn, running_standin


@pytest.fixture(scope="session")
def _running_standin() -> Iterator[StandIn]:
    with running_standin() as standin:
        yield standin


@pytest.fixture
def standin(_running_standin: StandIn) -> Iterator[StandIn]:
    """One stand-in for all tests, without failures and with counts at zero for each."""
    _running_standin.control.calls.clear()
    _running_standin.control.aborted.clear()
    _running_standin.control.answered.clear()
    yield _running_standin
    _running_standin.control.clear()
    _running_standin.issuer.outage = False
