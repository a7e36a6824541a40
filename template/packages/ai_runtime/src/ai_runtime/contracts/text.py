"""A document in; text, tables and key-value pairs out."""

from ai_runtime.clients.documents import DocumentAnalysis
from ai_runtime.uploads import DOCX, PPTX, XLSX

__all__ = ["DOCUMENT_TYPES", "OFFICE_TYPES", "DocumentAnalysis"]

OFFICE_TYPES = (DOCX, XLSX, PPTX)
DOCUMENT_TYPES = (
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/tiff",
    "image/bmp",
    *OFFICE_TYPES,
)
