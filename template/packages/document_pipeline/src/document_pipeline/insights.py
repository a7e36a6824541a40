"""The text of a document in, what the model says of it out."""

import json
from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from ai_runtime.clients.openai import Completion, OpenAIClient
from ai_runtime.prompts import Prompt
from ai_runtime.resilience import UpstreamError
from ai_runtime.telemetry import get_logger
from document_pipeline.model import (
    DocumentVersion,
    Insights,
    PromptVersion,
    Reason,
    RejectedError,
    Result,
    StoredAnalysis,
)

_logger = get_logger("documents")


class InsightsExtractor:
    """Asks the model about analyzed documents."""

    def __init__(
        self, client: OpenAIClient, prompt: Prompt, attempts: int, now: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._prompt = prompt
        self._attempts = attempts
        self._now = now

    async def extract(self, document: DocumentVersion, stored: StoredAnalysis) -> Result:
        """Raises `RejectedError`, and `UpstreamError` where another attempt may succeed."""
        if not stored.analysis.text.strip():
            raise RejectedError(Reason.NO_TEXT, "The document holds no text.")
        for _ in range(self._attempts):
            text, completion = await self._ask(stored.analysis.text)
            try:
                insights = Insights.model_validate_json(text)
            except ValidationError:
                _logger.warning("the model's answer has not the form that was asked for")
                continue
            return Result(
                document_id=document.id,
                name=document.name,
                media_type=stored.media_type,
                completed_at=self._now(),
                analysis=stored.analysis,
                insights=insights,
                prompt=PromptVersion(name=self._prompt.name, version=self._prompt.version),
                model=completion.model,
                usage=completion.usage,
            )
        raise RejectedError(
            Reason.INVALID_ANSWER, f"The model's answer had the wrong form {self._attempts} times."
        )

    async def _ask(self, text: str) -> tuple[str, Completion]:
        """Return a whole answer: one that was blocked or cut would be so again."""
        parameters = self._prompt.parameters
        try:
            answer = await self._client.answer(
                instructions=self._prompt.instructions,
                content=marked(text),
                schema=Insights,
                max_output_tokens=parameters.max_output_tokens,
                reasoning_effort=parameters.reasoning_effort,
            )
        except UpstreamError as error:
            if error.status != 422:
                raise
            raise RejectedError(Reason.REFUSED_BY_MODEL, error.detail) from error
        match answer.completion.finish_reason:
            case "content_filter":
                raise RejectedError(
                    Reason.REFUSED_BY_MODEL, "The content filter blocked the answer."
                )
            case "length":
                raise RejectedError(
                    Reason.ANSWER_TOO_LONG,
                    f"The answer was cut off at {parameters.max_output_tokens} tokens.",
                )
            case "stop":
                return answer.text, answer.completion


def marked(text: str) -> str:
    """Mark the text of a document for the shield against attacks in documents.

    The shield of Azure OpenAI looks between these tags only, at text escaped as in JSON. No text
    can close the tag.
    """
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].replace("<", r"\u003c")
    return f'""" <documents>\n{escaped}\n</documents> """'
