"""Prompts: versioned files with their parameters and test cases."""

from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ai_runtime.clients.openai import ReasoningEffort


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptParameters(_Model):
    """How the model is asked."""

    max_output_tokens: int = Field(gt=0)
    reasoning_effort: ReasoningEffort | None = None


class PromptTest(_Model):
    """A message and what an answer must and must not contain, for whoever changes the prompt."""

    name: str = Field(min_length=1)
    input: str = Field(min_length=1)
    contains: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


class Prompt(_Model):
    """One version of a prompt."""

    name: str = Field(min_length=1)
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    description: str = Field(min_length=1)
    parameters: PromptParameters
    instructions: str = Field(min_length=1)
    tests: tuple[PromptTest, ...] = Field(min_length=1)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a prompt file, or end the process with one line that says what is wrong with it."""
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise SystemExit(f"PROMPT_PATH: cannot read {path}: {error.strerror}") from None
        except yaml.YAMLError as error:
            reason = str(error).replace("\n", " ")
            raise SystemExit(f"PROMPT_PATH: {path} is not YAML: {reason}") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise SystemExit(f"PROMPT_PATH: {path}: {where}: {first['msg']}") from None
