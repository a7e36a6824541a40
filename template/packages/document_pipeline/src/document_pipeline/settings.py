"""What the pipeline reads from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from ai_runtime.clients.documents import DocumentsSettings
from ai_runtime.clients.openai import OpenAISettings
from ai_runtime.settings import Endpoint, PublicSettings, Settings

Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*\.[a-z]+$")]
"""Fully qualified name of a messaging namespace: no address, no connection string."""


class StorageSettings(Settings):
    """Where blobs and the table are."""

    storage_blob_endpoint: Endpoint
    storage_table_endpoint: Endpoint

    @property
    def storage_account(self) -> str:
        """Name of the account: the first label of the host; on this machine the path."""
        _, _, host, *path = self.storage_blob_endpoint.split("/")
        return path[0] if self.is_local else host.partition(".")[0]


class MessagingSettings(Settings):
    """Where messages and events go."""

    service_bus_namespace: Namespace
    event_hubs_namespace: Namespace


class ProcessingSettings(DocumentsSettings, OpenAISettings):
    """How a document is processed, and for how long it is tried."""

    azure_document_intelligence_timeout_seconds: float = Field(default=300, gt=0)
    azure_openai_timeout_seconds: float = Field(default=120, gt=0)
    prompt_path: Path = Path("prompts/documents/insights.yaml")
    """Relative to the working directory."""
    processing_seconds: float = Field(default=480, gt=0)
    """For one delivery. With the wait of a minute before it is given back it stays below the time
    for which the host renews its lock (host.json)."""
    answer_attempts: int = Field(default=3, ge=1)
    """Paid questions to the model until its answer has the form that was asked for."""
    redelivery_seconds: float = Field(default=2, ge=0)
    """Wait before a message is given back; doubles with each delivery, up to a minute."""
    deliveries_before_deferral: int = Field(default=3, ge=1)
    """After so many failed deliveries of a message it waits in the queue instead of in a worker.
    Below the queue's maximum delivery count, so that an outage fills no dead letters."""
    deferral_seconds: float = Field(default=15, ge=0)
    """First wait of a deferred message where no service names one; doubles, up to an hour."""
    max_deferrals: int = Field(default=40, ge=1)
    max_deferral_hours: float = Field(default=24, gt=0)


class ApiSettings(PublicSettings):
    """How the API answers."""

    request_timeout_seconds: float = Field(default=120, gt=0, le=230)
    """An upload takes its time."""


class PipelineSettings(ProcessingSettings, StorageSettings, ApiSettings):
    """What every host of the pipeline reads."""


class AzureSettings(PipelineSettings, MessagingSettings):
    """What the pipeline reads in Azure."""
