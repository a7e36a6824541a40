"""`ai_runtime` of a rendering holds nothing that only its tests use."""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.matrix import EVENT_DRIVEN, SERVICE_SUBSETS, case_id

CASES: list[dict[str, object]] = [{"services": services} for services in SERVICE_SUBSETS]
CASES.append(EVENT_DRIVEN)

# Called by the SDKs that these classes are handed to.
CALLED_BY_SDKS = {"get_token", "on_request"}


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def code(path: Path) -> ast.Module:
    """A module without its docstrings."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(...)
    return tree


def definitions(module: ast.Module) -> list[tuple[str, str]]:
    """Names of functions, classes, methods and constants, each with the code that it consists of.

    What a decorator registers (a route, a validator) belongs to what surrounds it.
    """
    found = []
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            methods = [
                part
                for part in node.body
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
                and not part.name.startswith("__")
                and all(isinstance(found, ast.Name) for found in part.decorator_list)
            ]
            found += [(method.name, ast.unparse(method)) for method in methods]
            node.body = [part for part in node.body if part not in methods] or [ast.Pass()]
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.append((node.name, ast.unparse(node)))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [(ast.unparse(target), ast.unparse(node)) for target in targets]
    return [(name, text) for name, text in found if name not in CALLED_BY_SDKS | {"__all__"}]


@pytest.mark.parametrize("answers", CASES, ids=case_id)
def test_nothing_is_there_for_tests_alone(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    runtime = repository / "packages" / "ai_runtime" / "src"
    used: set[str] = set()
    defined: dict[str, set[str]] = {}
    for path in repository.rglob("*.py"):
        if path.is_relative_to(runtime):
            for name, text in definitions(code(path)):
                defined.setdefault(name, set()).update(words(text))
        elif "tests" not in path.parts and path.name not in ("testing.py", "fixtures.py"):
            used |= words(ast.unparse(code(path)))
    while reached := {name for name in defined if name in used}:
        for name in reached:
            used |= defined.pop(name)
    assert sorted(defined) == []
