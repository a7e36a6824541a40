"""Failures are armed and calls are counted over HTTP, for every service alike."""

import threading
import time

import httpx2
import pytest

from ai_standin.app import SERVICES
from ai_standin.testing import StandIn

PROBES = [
    (service.name, operation.name, operation.path)
    for service in SERVICES
    for operation in service.operations
    if operation.name in ("models", "info")
]
every_service = pytest.mark.parametrize(("service", "operation", "path"), PROBES)


def test_every_service_has_a_probe() -> None:
    assert len(PROBES) == len(SERVICES)


@every_service
def test_counts_calls(standin: StandIn, service: str, operation: str, path: str) -> None:
    assert httpx2.get(standin.url + path).status_code == 200
    counted = httpx2.get(f"{standin.url}/standin/calls").json()
    assert counted["calls"] == {f"{service}.{operation}": 1}


@every_service
def test_fails_as_often_as_told(standin: StandIn, service: str, operation: str, path: str) -> None:
    order = {"service": service, "mode": "error", "times": 2}
    assert httpx2.put(f"{standin.url}/standin/failure", json=order).status_code == 200
    states = [httpx2.get(standin.url + path).status_code for _ in range(3)]
    assert states == [500, 500, 200]


@every_service
def test_fails_until_cleared(standin: StandIn, service: str, operation: str, path: str) -> None:
    httpx2.put(f"{standin.url}/standin/failure", json={"service": service, "mode": "throttle"})
    answers = [httpx2.get(standin.url + path) for _ in range(3)]
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in answers} == {
        (429, "2")
    }
    assert httpx2.delete(f"{standin.url}/standin/failure").status_code == 204
    assert httpx2.get(standin.url + path).status_code == 200


@every_service
def test_cut(standin: StandIn, service: str, operation: str, path: str) -> None:
    standin.fail(service, "cut")
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(standin.url + path)


@every_service
def test_slow_lasts_as_told(standin: StandIn, service: str, operation: str, path: str) -> None:
    standin.fail(service, "slow", seconds=0.2)
    started = time.monotonic()
    assert httpx2.get(standin.url + path).status_code == 200
    assert time.monotonic() - started >= 0.2


@every_service
def test_slow_ends_when_cleared(standin: StandIn, service: str, operation: str, path: str) -> None:
    standin.fail(service, "slow")
    clear = threading.Timer(0.1, httpx2.delete, [f"{standin.url}/standin/failure"])
    clear.start()
    assert httpx2.get(standin.url + path, timeout=5).status_code == 200
    clear.join()


@every_service
def test_leaving_counts_as_aborted(
    standin: StandIn, service: str, operation: str, path: str
) -> None:
    standin.fail(service, "slow")
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.get(standin.url + path, timeout=0.5)
    until = time.monotonic() + 5
    while not standin.control.aborted[f"{service}.{operation}"] and time.monotonic() < until:
        time.sleep(0.01)
    assert standin.control.aborted[f"{service}.{operation}"] == 1


@pytest.mark.parametrize(
    "order",
    [
        {"service": "unknown", "mode": "error"},
        {"service": SERVICES[0].name, "mode": "explode"},
        {"service": SERVICES[0].name, "mode": "error", "times": 0},
        {"service": SERVICES[0].name, "mode": "error", "extra": 1},
    ],
)
def test_refuses_an_unclear_order(standin: StandIn, order: dict[str, object]) -> None:
    answer = httpx2.put(f"{standin.url}/standin/failure", json=order)
    assert answer.status_code == 422
    assert answer.json()["errors"]


@every_service
def test_inputs_tell_who_paid_twice(
    standin: StandIn, service: str, operation: str, path: str
) -> None:
    for content in (b"one", b"two", b"two"):
        httpx2.request("GET", standin.url + path, content=content)
    counted = httpx2.get(f"{standin.url}/standin/calls").json()["inputs"]
    assert counted[f"{service}.{operation}"] == {"different": 2, "most": 2}


def test_only_a_model_can_answer_in_the_wrong_form(standin: StandIn) -> None:
    for service in SERVICES:
        order = {"service": service.name, "mode": "malformed"}
        answer = httpx2.put(f"{standin.url}/standin/failure", json=order)
        takes_a_form = any(operation.malformed for operation in service.operations)
        assert answer.status_code == (200 if takes_a_form else 422)


def test_no_order_at_all(standin: StandIn) -> None:
    assert httpx2.put(f"{standin.url}/standin/failure", content=b"nothing").status_code == 422
