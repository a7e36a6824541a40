"""REST calls of the hooks to Azure, with azd's own sign-in."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

RESOURCE_MANAGER = "https://management.azure.com"
TIMEOUT_SECONDS = 30


class HookError(Exception):
    """The one line that says why azd must not go on."""


@contextmanager
def stops_azd(hook: str) -> Iterator[None]:
    """End the process with 1, and one line on standard error, when the hook refuses."""
    try:
        yield
    except HookError as reason:
        sys.exit(f"{hook}: {reason}")


def access_token(scope: str = "", tenant_id: str = "") -> str:
    """Return a token of azd's sign-in, for Azure Resource Manager unless a scope is given."""
    azd = shutil.which("azd")
    if azd is None:
        raise HookError("azd is not on the PATH, so Azure cannot be asked.")
    command = [azd, "auth", "token", "--output", "json"]
    command += ["--scope", scope] if scope else []
    command += ["--tenant-id", tenant_id] if tenant_id else []
    try:
        result = subprocess.run(  # noqa: S603 - a fixed command
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
        )
        return str(json.loads(result.stdout)["token"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        raise HookError(
            "azd gives no token, so Azure cannot be asked: run `azd auth login`."
        ) from None


class AzureRest:
    """One REST API of Azure."""

    def __init__(self, token: str, root: str = RESOURCE_MANAGER) -> None:
        self._root = urllib.parse.urlsplit(root)
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(
        self, method: str, target: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON of an answer, an empty object when it is no JSON object.

        Args:
            method: the HTTP method.
            target: path and query.
            body: sent as JSON.
        """
        kind = (
            http.client.HTTPSConnection
            if self._root.scheme == "https"
            else http.client.HTTPConnection
        )
        connection = kind(self._root.netloc, timeout=TIMEOUT_SECONDS)
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body)
        try:
            connection.request(method, target, body=content, headers=headers)
            response = connection.getresponse()
            read = response.read()
        except (OSError, http.client.HTTPException) as error:
            reason = f"{self._root.netloc} cannot be reached ({error}): try again."
            raise HookError(reason) from error
        finally:
            connection.close()
        try:
            answer = json.loads(read)
        except ValueError:
            answer = None
        return response.status, answer if isinstance(answer, dict) else {}
