"""Presets: named sets of answers, kept as data in presets.yml."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A set of answers and, in one line, for whom it is."""

    name: str
    audience: str
    answers: Mapping[str, Any]


def load_presets() -> dict[str, Preset]:
    """Every preset by its name, the smallest first."""
    import yaml

    text = (resources.files("azd_ai_scaffold") / "presets.yml").read_text(encoding="utf-8")
    return {
        name: Preset(name, entry["for"], entry["answers"])
        for name, entry in yaml.safe_load(text).items()
    }


def ask_preset() -> tuple[Preset, bool]:
    """Let the user choose a preset in the terminal.

    Returns:
        The preset, and whether every question is asked with its answers as defaults.
    """
    import questionary

    presets = load_presets()
    name = questionary.select(
        "Which preset?",
        choices=[
            questionary.Choice(f"{preset.name}: {preset.audience}", value=preset.name)
            for preset in presets.values()
        ],
        default="standard",
        qmark="🎤",
    ).unsafe_ask()
    customise = questionary.confirm(
        f"Customise {name}, with every question asked?", default=False, qmark="🎤"
    ).unsafe_ask()
    return presets[name], customise
