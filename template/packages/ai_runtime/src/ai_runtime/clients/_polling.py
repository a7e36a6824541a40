"""Polling of long-running operations of Azure SDKs."""

import asyncio

from azure.core.exceptions import (
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from ai_runtime.context import remaining_seconds
from ai_runtime.resilience import MAX_WAIT_SECONDS, backoff_seconds, retry_after_seconds

_ATTEMPTS = 4


class PollRetry(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Retries polls, within the deadline, so that one lost poll does not lose the operation.

    What starts an operation is not retried here, and neither are health checks.
    """

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        if "/analyzeResults/" not in request.http_request.url:
            return await self.next.send(request)
        for attempt in range(1, _ATTEMPTS):
            wait = backoff_seconds(attempt)
            try:
                response = await self.next.send(request)
            except (IncompleteReadError, ServiceRequestError, ServiceResponseError):
                pass
            else:
                if response.http_response.status_code not in (429, 500, 502, 503, 504):
                    return response
                wait = retry_after_seconds(response.http_response.headers) or wait
            if wait > min(MAX_WAIT_SECONDS, remaining_seconds()):
                break
            await asyncio.sleep(wait)
        return await self.next.send(request)
