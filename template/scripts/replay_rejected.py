"""What to do with rejected documents: `python scripts/replay_rejected.py list`, or `--env NAME`.

Lists them, shows one, sends them through the pipeline again or discards them. A document is named
by its source and number, such as `rejected/12` or `dead-letter/3`. In a deployment whoever runs it
needs the app role `Documents.Operate`; the local run gives it to everybody. Exit code: 0 done,
1 something failed, 2 wrong usage.
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from typing import Any

import run_local
from azd_environment import UsageError, access_token, value_of

OPERATOR_ROLE = "Documents.Operate"
SOURCES = ("rejected", "dead-letter")
NAME = re.compile(r"(rejected|dead-letter)/(\d{1,19})")
PAGE = 100


class RequestError(Exception):
    """A call failed; the text says why in one line."""


class Api:
    """The administrative endpoints of the pipeline."""

    def __init__(self, url: str, token: str, timeout_seconds: float) -> None:
        self._url = url
        self._token = token
        self._timeout_seconds = timeout_seconds

    def call(self, method: str, path: str) -> Any:
        """Return the answer's JSON, none where it is empty; raises `RequestError`."""
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self._token}"}
        address = f"{self._url}/api/rejected{path}"
        request = urllib.request.Request(address, method=method, headers=headers)  # noqa: S310
        body = _sent(request, self._url, self._timeout_seconds)
        try:
            return json.loads(body) if body else None
        except ValueError:
            raise RequestError(f"{self._url} is not the API of the pipeline.") from None

    def documents(self, sources: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the rejected documents of some sources, oldest first."""
        for source in sources:
            after: int | None = 0
            while after is not None:
                query = urllib.parse.urlencode({"source": source, "after": after, "limit": PAGE})
                page = self.call("GET", f"?{query}")
                yield from page["documents"]
                after = page["next_after"]


def _sent(request: urllib.request.Request, url: str, timeout_seconds: float) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        with error:
            raise RequestError(_detail(error)) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise RequestError(f"{url} is unreachable: {reason}") from None


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return f"HTTP {error.code}: {json.loads(error.read())['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code}: {error.reason}"


def _name(document: dict[str, Any]) -> str:
    return f"{document['source']}/{document['number']}"


def _line(document: dict[str, Any]) -> str:
    rejection = document["rejection"]
    what = rejection["name"] or "(no document)"
    return f"{_name(document)}  {rejection['reason']}  {what}: {rejection['detail']}"


def _show(documents: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(documents, indent=2))
    else:
        for document in documents:
            print(_line(document))


def _inspect(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document, indent=2))
        return
    rejection = document["rejection"]
    print(_line(document))
    print(f"  rejected at {rejection['rejected_at']}, document {rejection['document_id']}")
    for step in rejection["message"]["history"]:
        print(f"  {step['at']}  {step['action']}  {step['detail']}")


def _each(api: Api, arguments: argparse.Namespace) -> int:
    """Replay or discard the documents that are named, each with a line; return how many failed."""
    names = arguments.names or [_name(item) for item in api.documents(arguments.source)]
    method, ending, done = {
        "replay": ("POST", "/replay", "replayed"),
        "discard": ("DELETE", "", "discarded"),
    }[arguments.action]
    report, failures = [], 0
    for name in names:
        try:
            if arguments.dry_run:
                api.call("GET", f"/{name}")
            else:
                api.call(method, f"/{name}{ending}")
            report.append({"name": name, "outcome": "found" if arguments.dry_run else done})
        except RequestError as error:
            failures += 1
            report.append({"name": name, "outcome": "failed", "detail": str(error)})
            print(f"{name}: {error}", file=sys.stderr)
            continue
        if not arguments.json:
            print(f"{name}: would be {done}" if arguments.dry_run else f"{name}: {done}")
    if arguments.json:
        print(json.dumps(report, indent=2))
    return failures


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    where = common.add_mutually_exclusive_group()
    where.add_argument("--env", metavar="NAME", help="azd environment of the deployment")
    where.add_argument(
        "--port-offset", type=int, default=0, metavar="N", help="of the local run (default: 0)"
    )
    common.add_argument("--json", action="store_true", help="print JSON")
    common.add_argument(
        "--timeout", type=float, default=30, metavar="SECONDS", help="for one call (default: 30)"
    )
    parser = argparse.ArgumentParser(
        description="List, show, replay or discard rejected documents."
    )
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", parents=[common], help="one line for each document")
    listing.add_argument("--source", choices=SOURCES, action="append", help="default: both")
    inspecting = actions.add_parser("inspect", parents=[common], help="one, with its history")
    inspecting.add_argument("name", metavar="SOURCE/NUMBER")
    for action, text in (("replay", "process again"), ("discard", "remove for good")):
        doing = actions.add_parser(action, parents=[common], help=text)
        doing.add_argument("names", nargs="*", metavar="SOURCE/NUMBER")
        doing.add_argument("--all", action="store_true", help="all that are there now")
        doing.add_argument("--source", choices=SOURCES, action="append", help="of --all; both")
        doing.add_argument("--dry-run", action="store_true", help="only say what would happen")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    names = [arguments.name] if arguments.action == "inspect" else getattr(arguments, "names", [])
    for name in names:
        if not NAME.fullmatch(name):
            raise UsageError(f"{name!r} is not SOURCE/NUMBER, such as rejected/12.")
    if arguments.action in ("replay", "discard") and bool(names) == arguments.all:
        raise UsageError("Name documents, or say --all.")
    if arguments.timeout <= 0:
        raise UsageError("--timeout must be more than 0.")
    if not 0 <= arguments.port_offset <= run_local.MAX_PORT_OFFSET:
        raise UsageError(f"--port-offset must be between 0 and {run_local.MAX_PORT_OFFSET}.")


def _api(arguments: argparse.Namespace) -> Api:
    if arguments.env:
        url = value_of(arguments.env, "SERVICE_PROCESSOR_URI")
        token = access_token(f"{value_of(arguments.env, 'AZURE_API_CLIENT_ID')}/.default")
    else:
        standin, *_, host = run_local.parts(arguments.port_offset)
        url = host.url
        token = _local_token(standin.url, run_local.token_url(standin), arguments.timeout)
    if not re.match(r"https?://[^/]", url):
        raise UsageError(f"{url!r} is not an http(s) address.")
    return Api(url.rstrip("/"), token, arguments.timeout)


def _local_token(url: str, token_url: str, timeout_seconds: float) -> str:
    """Return a token of an operator from the stand-in for Entra ID."""
    claims = json.dumps({"roles": [OPERATOR_ROLE]}).encode()
    request = urllib.request.Request(token_url, claims)  # noqa: S310
    return _sent(request, url, timeout_seconds).decode()


def _run(api: Api, arguments: argparse.Namespace) -> int:
    if arguments.action == "inspect":
        _inspect(api.call("GET", f"/{arguments.name}"), as_json=arguments.json)
        return 0
    arguments.source = arguments.source or SOURCES
    if arguments.action == "list":
        _show(list(api.documents(arguments.source)), as_json=arguments.json)
        return 0
    return 1 if _each(api, arguments) else 0


def main() -> int:
    parser = _parser()
    arguments = parser.parse_args()
    try:
        _check(arguments)
        return _run(_api(arguments), arguments)
    except UsageError as error:
        parser.error(str(error))
    except RequestError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
