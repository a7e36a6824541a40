"""Content types of request bodies."""

from collections.abc import Iterable

from starlette.requests import Request

from ai_runtime.problems import Problem


def media_type_of(request: Request, accepted: Iterable[str]) -> str:
    """Return the declared media type, or raise a 415 problem that names the accepted ones."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    allowed = list(accepted)
    if declared not in allowed:
        names = ", ".join(allowed)
        raise Problem(415, f"Send one of these content types: {names}.", headers={"Accept": names})
    return declared
