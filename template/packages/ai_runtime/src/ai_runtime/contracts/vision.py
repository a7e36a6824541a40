"""An image in; caption, tags and text out."""

from ai_runtime.clients.vision import ImageAnalysis

__all__ = ["IMAGE_TYPES", "ImageAnalysis"]

IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/bmp",
    "image/webp",
    "image/tiff",
)
