"""Failures that are told in one line, with their exit codes."""

import re

from azd_ai_scaffold.exit_codes import FAILED, WRONG_USAGE


class ScaffoldError(Exception):
    """Something failed or was refused: exit code 1."""

    exit_code = FAILED


class WrongUsageError(ScaffoldError):
    """The command was called wrongly: exit code 2."""

    exit_code = WRONG_USAGE


def one_line(error: Exception) -> str:
    """What went wrong, in one line, whatever copier, git or the file system raised."""
    # A failed git command of copier is an OSError too, without a file name.
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    # A failed git command has its output in `stderr`.
    text = str(getattr(error, "stderr", None) or error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    line = (fatal or lines or [type(error).__name__])[0]
    refused = re.fullmatch(
        r"(?:Invalid choice|Validation error) for (?:question )?'(\w+)': (.+)", line
    )
    if refused:
        return f"{refused[1]}: {refused[2]}"
    unknown = re.fullmatch(r"Unknown revision: (.+)", line)
    return f"the template has no tag, branch or commit {unknown[1]}" if unknown else line
