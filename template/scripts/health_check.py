"""Say how the APIs are: `python scripts/health_check.py`, or `--env NAME` for a deployment.

Exit code: 0 healthy or degraded, 1 unhealthy or unreachable, 2 wrong usage.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCAL_URL = "http://localhost:8080"
ADDRESS = "SERVICE_API_GATEWAY_URI"
SERVING = ("healthy", "degraded")


@dataclass(frozen=True)
class Report:
    """What the gateway says of itself and of the services behind it."""

    url: str
    status: str
    reason: str | None = None
    dependencies: dict[str, dict[str, Any]] = field(default_factory=dict)


class UsageError(Exception):
    """The arguments name nothing that can be checked."""


def check(url: str, timeout_seconds: float) -> Report:
    """Ask `url` for `/health`."""
    try:
        status, body = _get(f"{url}/health", timeout_seconds)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        return Report(url, "unreachable", str(reason) or type(error).__name__)
    try:
        answer = json.loads(body)
        dependencies = {
            str(name): {"status": str(item["status"]), "latency_ms": int(item["latency_ms"])}
            for name, item in answer["dependencies"].items()
        }
        return Report(url, str(answer["status"]), dependencies=dependencies)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Report(url, "unreachable", f"the answer (HTTP {status}) is not a health report")


def _get(url: str, timeout_seconds: float) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as response:  # noqa: S310
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def address_of(environment: str) -> str:
    """Return the gateway's address in an azd environment; raise `UsageError` when it has none."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_().-]{0,63}", environment):
        raise UsageError(f"{environment!r} is not the name of an azd environment.")
    values = _values_from_azd(environment) or _values_from_file(environment)
    found = re.search(rf'^{ADDRESS}="?(https?://[^"\s]+)"?$', values, re.MULTILINE)
    if found is None:
        raise UsageError(
            f"The azd environment {environment!r} has no {ADDRESS}: provision and deploy it first."
        )
    return found[1]


def _values_from_azd(environment: str) -> str:
    azd = shutil.which("azd")
    if azd is None:
        return ""
    command = [azd, "env", "get-values", "-e", environment, "--no-prompt"]
    try:
        result = subprocess.run(  # noqa: S603 - the name is checked, there is no shell
            command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout if result.returncode == 0 else ""


def _values_from_file(environment: str) -> str:
    try:
        return (ROOT / ".azure" / environment / ".env").read_text(encoding="utf-8")
    except OSError:
        return ""


def _show(report: Report) -> None:
    reason = f": {report.reason}" if report.reason else ""
    print(f"{report.url} is {report.status}{reason}")
    width = max(map(len, report.dependencies), default=0)
    for name, item in report.dependencies.items():
        print(f"  {name:<{width}}  {item['status']:<9}  {item['latency_ms']} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description="Say how the APIs are, locally or deployed.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--env", metavar="NAME", help="azd environment to check")
    where.add_argument("--url", default=LOCAL_URL, help="address to check (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--timeout",
        type=float,
        default=30,
        metavar="SECONDS",
        help="time for an answer; an app that was scaled to zero starts first (default: 30)",
    )
    arguments = parser.parse_args()
    try:
        url = (address_of(arguments.env) if arguments.env else arguments.url).rstrip("/")
        if not re.match(r"https?://[^/]", url):
            raise UsageError(f"{url!r} is not an http(s) address.")
        if arguments.timeout <= 0:
            raise UsageError("--timeout must be more than 0.")
    except UsageError as error:
        parser.error(str(error))
    report = check(url, arguments.timeout)
    if arguments.json:
        print(json.dumps(asdict(report), indent=2))
    else:
        _show(report)
    return 0 if report.status in SERVING else 1


if __name__ == "__main__":
    sys.exit(main())
