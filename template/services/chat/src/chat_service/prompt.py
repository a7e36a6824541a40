"""What the chat service knows of prompts, which every workload reads the same way."""

from ai_runtime.prompts import Prompt, PromptParameters, PromptTest

__all__ = ["Prompt", "PromptParameters", "PromptTest"]
