"""The prompt in the repository is whole, and its answer has a form that a model can keep."""

import json

from ai_runtime.prompts import Prompt
from document_pipeline.model import Insights
from document_pipeline.settings import ProcessingSettings

PATH = ProcessingSettings.model_fields["prompt_path"].default


def test_prompt_of_the_repository() -> None:
    prompt = Prompt.load(PATH)
    assert prompt.name == PATH.stem
    names = [test.name for test in prompt.tests]
    assert len(set(names)) == len(names)
    for test in prompt.tests:
        assert test.contains or test.excludes, f"{test.name} checks nothing"
    # Every part of the answer is explained.
    for field in Insights.model_fields:
        assert f"- {field}:" in prompt.instructions


def test_schema_is_one_of_structured_outputs() -> None:
    schema = Insights.model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        # Strict mode wants each field, and no other.
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
    unsupported = ("maxLength", "minLength", "pattern", "maximum", "minimum", "default", "maxItems")
    assert not any(f'"{keyword}"' in json.dumps(schema) for keyword in unsupported)
