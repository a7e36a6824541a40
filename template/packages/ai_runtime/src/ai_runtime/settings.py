"""Typed settings of a workload: the only place that reads the environment."""

from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

EnvironmentType = Literal["local", "dev", "prod"]


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name or an address means this machine."""
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_endpoint(value: str, info: ValidationInfo) -> str:
    environment = info.data.get("environment_type")
    if environment is None:
        # ENVIRONMENT_TYPE is wrong itself and already reported.
        return value
    parts = urlsplit(value)
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://name.example.com/")
    if environment == "local":
        if parts.scheme not in ("http", "https") or not is_loopback(parts.hostname):
            raise ValueError("must be an address of this machine while ENVIRONMENT_TYPE is local")
    elif parts.scheme != "https":
        raise ValueError("must start with https://")
    return value if value.endswith("/") else f"{value}/"


Endpoint = Annotated[str, AfterValidator(_checked_endpoint)]
"""Base address of another service, ending in a slash: https only, but on this machine if local."""


IDENTIFIER = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER, to_lower=True)]
"""Object, client or tenant id."""


MAX_REQUEST_SECONDS = 230
"""A longer request would be cut off by the platform."""
RequestTimeout = Annotated[float, Field(gt=0, le=MAX_REQUEST_SECONDS)]


class Settings(BaseSettings):
    """What every workload reads; each workload adds its own fields in a subclass."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    environment_type: EnvironmentType = "local"
    azure_client_id: str | None = None
    azure_tenant_id: Identifier | None = None
    api_client_id: Identifier | None = None
    """The app registration of the API: the audience of every token."""
    token_authority: Endpoint | None = None
    """Base of issuer and keys instead of the public cloud's: a sovereign cloud, or a stand-in."""
    applicationinsights_connection_string: str | None = Field(default=None, repr=False)
    otel_service_name: str = "local"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    request_timeout_seconds: RequestTimeout = 60
    """Time for a whole request, streams included."""
    max_body_bytes: int = Field(default=1024 * 1024, gt=0)
    health_cache_seconds: float = Field(default=5, ge=0)
    """How long an answer of `/health` is remembered."""

    @property
    def is_local(self) -> bool:
        return self.environment_type == "local"

    @property
    def authenticates(self) -> bool:
        """Whether callers must prove who they are; dev and local may run without, prod never."""
        return self.api_client_id is not None

    @model_validator(mode="after")
    def _authentication_is_whole(self) -> Self:
        if self.authenticates and not self.azure_tenant_id:
            raise ValueError("AZURE_TENANT_ID: required to check tokens for API_CLIENT_ID")
        if self.is_local and self.authenticates and not self.token_authority:
            raise ValueError("TOKEN_AUTHORITY: required to check tokens on this machine")
        if self.environment_type == "prod" and not self.authenticates:
            raise ValueError("API_CLIENT_ID: required while ENVIRONMENT_TYPE is prod")
        return self

    @model_validator(mode="after")
    def _identity_is_given(self) -> Self:
        if not self.is_local and not self.azure_client_id:
            raise ValueError("AZURE_CLIENT_ID: required unless ENVIRONMENT_TYPE is local")
        return self

    @classmethod
    def load(cls) -> Self:
        """Read the environment, or end the process with one line that names each bad variable."""
        try:
            return cls()
        except ValidationError as error:
            raise SystemExit("; ".join(map(_explain, error.errors()))) from None


class PublicSettings(Settings):
    """What a workload reads that people call."""

    user_authentication: Literal["required", "none"] = "required"
    """`none` lets everybody in who reaches the workload."""


def _explain(error: "ErrorDetails") -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return message
    name = str(error["loc"][0]).upper()
    return f"{name}: {'required' if error['type'] == 'missing' else message}"
