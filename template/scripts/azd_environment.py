"""Values of an azd environment, and azd's sign-in, for the scripts of this folder."""

import json
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class UsageError(Exception):
    """The arguments name nothing that can be asked."""


def value_of(environment: str, name: str) -> str:
    """Return a value of an azd environment; raise `UsageError` when it has none."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_().-]{0,63}", environment):
        raise UsageError(f"{environment!r} is not the name of an azd environment.")
    values = _azd("env", "get-values", "-e", environment) or _values_from_file(environment)
    found = re.search(rf'^{name}="?([^"\s]+)"?$', values, re.MULTILINE)
    if found is None:
        raise UsageError(
            f"The azd environment {environment!r} has no {name}: provision and deploy it first."
        )
    return found[1]


def access_token(scope: str) -> str:
    """Return a token of azd's sign-in; raise `UsageError` when nobody is signed in."""
    answer = _azd("auth", "token", "--scope", scope, "--output", "json")
    try:
        return str(json.loads(answer)["token"])
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"azd gives no token for {scope}: run `azd auth login`.") from None


def _azd(*arguments: str) -> str:
    """Return what a command of azd prints; nothing when it fails."""
    azd = shutil.which("azd")
    if azd is None:
        return ""
    try:
        result = subprocess.run(  # noqa: S603 - arguments are checked, there is no shell
            [azd, *arguments, "--no-prompt"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout if result.returncode == 0 else ""


def _values_from_file(environment: str) -> str:
    try:
        return (ROOT / ".azure" / environment / ".env").read_text(encoding="utf-8")
    except OSError:
        return ""
