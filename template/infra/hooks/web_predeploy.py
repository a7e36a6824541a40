"""Tells the built page where the gateway is.

The page is built before the gateway has an address. azd deploys the folder as this hook leaves it.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

DIST = Path(__file__).resolve().parents[2] / "web" / "dist"
POLICY = "Content-Security-Policy"


class HookError(Exception):
    """The reason why the page must not be deployed."""


def gateway_origin(variables: Mapping[str, str]) -> str:
    """Return scheme and host of the gateway."""
    address = urllib.parse.urlsplit(variables.get("SERVICE_API_GATEWAY_URI", ""))
    if address.scheme != "https" or not address.hostname:
        raise HookError(
            "SERVICE_API_GATEWAY_URI is not an https address: run `azd provision` first."
        )
    return f"https://{address.netloc}"


def allow_connections(policy: str, origin: str) -> str:
    """Return the content security policy with `origin` as the only foreign source to connect to."""
    changed, count = re.subn(r"(^|;\s*)connect-src[^;]*", rf"\1connect-src 'self' {origin}", policy)
    if count != 1:
        raise HookError(f"the {POLICY} of staticwebapp.config.json needs exactly one connect-src.")
    return changed


def write_settings(dist: Path, origin: str) -> None:
    """Write config.json, and let the content security policy allow what it names."""
    settings = dist / "staticwebapp.config.json"
    try:
        server = json.loads(settings.read_text(encoding="utf-8"))
        headers = server["globalHeaders"]
        headers[POLICY] = allow_connections(headers[POLICY], origin)
    except FileNotFoundError:
        raise HookError("web/dist is not built: run `azd package web` first.") from None
    except (ValueError, KeyError, TypeError):
        raise HookError(f"staticwebapp.config.json has no globalHeaders with a {POLICY}.") from None
    settings.write_text(json.dumps(server, indent=2) + "\n", encoding="utf-8")
    config = json.dumps({"apiBaseUrl": origin}) + "\n"
    (dist / "config.json").write_text(config, encoding="utf-8")


def main() -> int:
    """Return the exit code: 1, with one line on standard error, to stop the deployment."""
    try:
        write_settings(DIST, gateway_origin(os.environ))
    except HookError as reason:
        print(f"web_predeploy: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
