"""The model's capacity in every size is enough for the prompts.

Azure OpenAI counts a request with its input and its `max_output_tokens`, not with what it uses.
"""

from pathlib import Path

import pytest
import yaml

from tests.evaluated import table
from tests.rendering import ROOT

# Requests a minute that must have room, whatever the size.
REQUESTS = {"dev_sizes": 10, "prod_sizes": 30}
PROMPTS = sorted((ROOT / "template" / "prompts").rglob("*.yaml"))


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.stem)
@pytest.mark.parametrize("sizes", REQUESTS)
def test_capacity_fits_the_prompt(sizes: str, prompt: Path) -> None:
    parameters = yaml.safe_load(prompt.read_text())["parameters"]
    for size, facts in table(sizes).items():
        needed = REQUESTS[sizes] * parameters["max_output_tokens"]
        assert facts["capacity"] * 1000 >= needed, size


def test_default_sizes_fit_the_quota_of_a_new_subscription() -> None:
    taken = [table("dev_sizes")["minimal"], table("prod_sizes")["small"]]
    assert sum(facts["capacity"] for facts in taken) <= 300
