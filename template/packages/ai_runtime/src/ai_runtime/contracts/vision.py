"""An image in; caption, tags and text out."""

from typing import IO

from ai_runtime.clients.vision import ImageAnalysis
from ai_runtime.uploads import COMMON_IMAGES, Signature, starts_with

__all__ = ["IMAGE_TYPES", "ImageAnalysis"]


def _is_webp(file: IO[bytes]) -> bool:
    header = file.read(12)
    return header[:4] == b"RIFF" and header[8:] == b"WEBP"


IMAGE_TYPES: dict[str, Signature] = {
    **COMMON_IMAGES,
    "image/gif": starts_with(b"GIF87a", b"GIF89a"),
    "image/webp": _is_webp,
}
