"""Failures that are told in one line, with their exit codes."""


class ScaffoldError(Exception):
    """Something failed or was refused: exit code 1."""

    exit_code = 1


class WrongUsageError(ScaffoldError):
    """The command was called wrongly: exit code 2."""

    exit_code = 2
