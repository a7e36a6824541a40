"""The prompt in the repository is whole, and a broken one ends the start with one line."""

import re
from pathlib import Path

import pytest

from chat_service.main import ChatSettings
from chat_service.prompt import Prompt

PATH = ChatSettings.model_fields["prompt_path"].default


def test_prompt_of_the_repository() -> None:
    prompt = Prompt.load(PATH)
    assert prompt.name == PATH.stem
    names = [test.name for test in prompt.tests]
    assert len(set(names)) == len(names)
    for test in prompt.tests:
        assert test.contains or test.excludes, f"{test.name} checks nothing"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "cannot read"),
        ("a: [", "is not YAML"),
        ("name: x", "version: Field required"),
        ("- x", "Input should be"),
        (PATH.read_text() + "temperature: 1\n", "temperature: Extra inputs are not permitted"),
        (re.sub("version: .*", "version: a", PATH.read_text()), "version: String should match"),
    ],
)
def test_broken_prompt(tmp_path: Path, text: str | None, line: str) -> None:
    path = tmp_path / "prompt.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SystemExit) as ended:
        Prompt.load(path)
    message = str(ended.value)
    assert message.startswith("PROMPT_PATH: ")
    assert line in message
    assert "\n" not in message
