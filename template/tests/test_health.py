"""Health, end to end: what the gateway says while the AI services fail."""

from contextlib import ExitStack

import pytest

from harness import AI_SERVICES, System, assert_tells_nothing


@pytest.fixture
def services(system: System) -> list[str]:
    return list(system.gateway.get("/health").json()["dependencies"])


def test_healthy(system: System, services: list[str]) -> None:
    response = system.gateway.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "healthy"
    assert set(services) == set(AI_SERVICES)
    assert_tells_nothing(response.text)


def test_one_failing_ai_service(system: System, services: list[str]) -> None:
    for failing in set(AI_SERVICES.values()):
        with system.failing(failing, "error"):
            response = system.gateway.get("/health")
        report = response.json()
        states = {name: item["status"] for name, item in report["dependencies"].items()}
        assert states == {
            name: "unhealthy" if AI_SERVICES[name] == failing else "healthy" for name in services
        }
        everything = "healthy" not in states.values()
        assert response.status_code == (503 if everything else 200)
        assert report["status"] == ("unhealthy" if everything else "degraded")
        assert_tells_nothing(response.text)


def test_nothing_can_be_served(system: System, services: list[str]) -> None:
    with ExitStack() as failures:
        for name in services:
            failures.enter_context(system.failing(AI_SERVICES[name], "error"))
        response = system.gateway.get("/health")
        assert response.status_code == 503
        assert response.json()["status"] == "unhealthy"
        # An outage of the AI services must not take the instance out of rotation.
        assert system.gateway.get("/health/ready").status_code == 200
        assert system.gateway.get("/health/live").status_code == 200


def test_hanging_dependency_does_not_hang_the_check(system: System, services: list[str]) -> None:
    with system.failing(AI_SERVICES[services[0]], "slow"):
        response = system.gateway.get("/health", timeout=5)
    assert response.json()["dependencies"][services[0]]["status"] == "unhealthy"
