"""What the host on this machine reads from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from ai_runtime.settings import Endpoint
from document_pipeline.settings import PipelineSettings


class LocalSettings(PipelineSettings):
    """The pipeline's settings, and what only this host needs. It never runs in Azure."""

    environment_type: Literal["local"] = "local"
    storage_queue_endpoint: Endpoint
    storage_key: SecretStr
    """Key of the account that Azurite serves; new at each of its starts."""
    incoming_folder: Path | None = None
    """Files that are copied into this folder are sent to the container `incoming`."""
    lock_seconds: int = Field(default=30, ge=1)
    """A message that nobody finishes comes again after this time; the lock of a slow one is
    renewed."""
    concurrency: int = Field(default=8, ge=1)
    """Documents in work at the same time, as in host.json."""
