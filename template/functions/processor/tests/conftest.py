"""The function app as the host's worker sees it."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from document_pipeline.testing import DEPLOYED

FOLDER = Path(__file__).resolve().parents[1]


@pytest.fixture
def environment() -> dict[str, str]:
    """The least that the app needs to start in Azure."""
    return DEPLOYED | {
        # Packaging puts it beside the app.
        "PROMPT_PATH": str(FOLDER.parents[1] / "prompts" / "documents" / "insights.yaml"),
    }


@pytest.fixture
def function_app(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "function_app", raising=False)
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("function_app")
    sys.modules.pop("function_app")


@pytest.fixture
def functions(function_app: ModuleType) -> dict[str, Any]:
    """Functions by name; an app can be listed only once."""
    return {found.get_function_name(): found for found in function_app.app.get_functions()}
