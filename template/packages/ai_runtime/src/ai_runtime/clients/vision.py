"""Azure AI Vision: captions, tags and text of an image (Image Analysis 4.0)."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from ai_runtime.clients.base import ServiceClient
from ai_runtime.health import Status
from ai_runtime.resilience import Upstream
from ai_runtime.settings import Endpoint, Settings
from ai_runtime.telemetry import unobserved

if TYPE_CHECKING:
    from azure.ai.vision.imageanalysis.aio import ImageAnalysisClient
    from azure.ai.vision.imageanalysis.models import ImageAnalysisResult
    from azure.core.credentials_async import AsyncTokenCredential


class VisionSettings(Settings):
    """What the client reads from the environment."""

    azure_vision_endpoint: Endpoint
    azure_vision_timeout_seconds: float = Field(default=20, gt=0)


class Caption(BaseModel):
    """One sentence that describes the image."""

    text: str
    confidence: float = Field(ge=0, le=1)


class Tag(BaseModel):
    """Something that the image shows."""

    name: str
    confidence: float = Field(ge=0, le=1)


class ImageAnalysis(BaseModel):
    """What is to be seen and read in an image."""

    caption: Caption | None = Field(description="Null where the Azure region has no captions")
    tags: list[Tag]
    text: list[str] = Field(description="Lines of text, top to bottom")


class VisionClient(ServiceClient[VisionSettings, "ImageAnalysisClient"]):
    """Analyzes images."""

    def __init__(self, settings: VisionSettings) -> None:
        timeout = settings.azure_vision_timeout_seconds
        super().__init__(settings, Upstream("vision", timeout_seconds=timeout))
        self._captions = True

    async def check(self) -> Status:
        """Ask for the list of models, which costs nothing."""
        sdk = await self._loaded()

        from azure.core.rest import HttpRequest

        from ai_runtime.clients import _azure

        request = HttpRequest("GET", f"{self._settings.azure_vision_endpoint}vision/v3.2/models")
        with unobserved():
            return _azure.status_of(await sdk.send_request(request))

    async def analyze(self, image: bytes) -> ImageAnalysis:
        """Analyze an image file; raises `UpstreamError`."""
        result = await self._upstream.call(lambda: self._analyze(image))
        lines = (
            line for block in (result.read.blocks if result.read else []) for line in block.lines
        )
        caption = result.caption
        return ImageAnalysis(
            caption=Caption(text=caption.text, confidence=caption.confidence) if caption else None,
            tags=[
                Tag(name=tag.name, confidence=tag.confidence)
                for tag in (result.tags.list if result.tags else [])
            ],
            text=[line.text for line in lines],
        )

    async def _analyze(self, image: bytes) -> "ImageAnalysisResult":
        sdk = await self._loaded()

        from azure.ai.vision.imageanalysis.models import VisualFeatures
        from azure.core.exceptions import HttpResponseError

        from ai_runtime.clients import _azure

        features = [VisualFeatures.TAGS, VisualFeatures.READ]
        with _azure.translated():
            if self._captions:
                try:
                    return await sdk.analyze(image, [VisualFeatures.CAPTION, *features])
                except HttpResponseError as error:
                    if error.status_code != 400 or "caption" not in error.message.lower():
                        raise
                    # Only some Azure regions have captions; the rest works without.
                    self._captions = False
            return await sdk.analyze(image, features)

    def _connect(self, credential: "AsyncTokenCredential") -> "ImageAnalysisClient":
        from azure.ai.vision.imageanalysis.aio import ImageAnalysisClient

        from ai_runtime.clients import _azure

        timeout = self._settings.azure_vision_timeout_seconds
        return ImageAnalysisClient(
            self._settings.azure_vision_endpoint.rstrip("/"),
            credential,
            **_azure.client_options(self._settings, timeout_seconds=timeout),
        )
