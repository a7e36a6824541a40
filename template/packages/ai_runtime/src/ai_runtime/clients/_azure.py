"""What the clients made with Azure SDKs have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.core import exceptions
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from ai_runtime.health import Status
from ai_runtime.identity import LOCAL_TOKEN
from ai_runtime.resilience import UpstreamError
from ai_runtime.settings import Settings


class _LocalAuthentication(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Authorizes calls to the stand-in: the SDK's own policy rightly sends no token over http."""

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        request.http_request.headers["Authorization"] = f"Bearer {LOCAL_TOKEN}"


def client_options(settings: Settings, *, timeout_seconds: float) -> dict[str, Any]:
    """Return the keyword arguments that every client takes."""
    options: dict[str, Any] = {
        "connection_timeout": 5,
        "read_timeout": timeout_seconds,
        # Retries are ours: they know the deadline of the request.
        "retry_total": 0,
    }
    if settings.is_local:
        options["authentication_policy"] = _LocalAuthentication()
    return options


@contextmanager
def translated() -> Iterator[None]:
    """Turn the SDK's exceptions into ours."""
    try:
        yield
    except (exceptions.ServiceRequestTimeoutError, exceptions.ServiceResponseTimeoutError) as error:
        raise UpstreamError("timeout") from error
    except exceptions.ClientAuthenticationError as error:
        raise UpstreamError("denied") from error
    except exceptions.HttpResponseError as error:
        headers = getattr(error.response, "headers", {})
        raise UpstreamError.from_status(error.status_code or 500, headers) from error
    except exceptions.AzureError as error:
        raise UpstreamError("unavailable") from error


def status_of(response: AsyncHttpResponse) -> Status:
    """Read a health check's response; a throttled service is there, but not for everybody."""
    if response.status_code == 429:
        return "degraded"
    return "healthy" if response.status_code < 400 else "unhealthy"
