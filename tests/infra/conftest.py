"""Fixtures of the infrastructure tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from azd_ai_scaffold.bicep import Bicep
from tests.conftest import Render
from tests.evaluated import Environment, compiled, environment, running_bicep
from tests.matrix import case_id

Evaluate = Callable[..., Environment]

_environments: dict[tuple[object, ...], Environment] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests of the same answers to one worker, which compiles and evaluates them once."""
    for item in items:
        call = getattr(item, "callspec", None)
        if call and item.path.is_relative_to(Path(__file__).parent) and "answers" in call.params:
            item.add_marker(pytest.mark.xdist_group(f"infra {case_id(call.params['answers'])}"))


@pytest.fixture
def bicep() -> Bicep:
    """The Bicep process of this worker."""
    return running_bicep()


@pytest.fixture
def evaluated(rendering: Render) -> Evaluate:
    """Evaluates a rendering: `evaluated(answers, "dev", AZURE_TAGS="…")`."""

    def evaluate(answers: dict[str, object], kind: str, **variables: str) -> Environment:
        running_bicep()  # before anything is rendered in vain
        repository = rendering(answers)
        key = (repository, kind, *sorted(variables.items()))
        if key not in _environments:
            _environments[key] = environment(repository, kind, compiled(repository), **variables)
        return _environments[key]

    return evaluate
