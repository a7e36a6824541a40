"""A document in; text, tables and key-value pairs out."""

import zipfile
from typing import IO

from ai_runtime.clients.documents import DocumentAnalysis
from ai_runtime.uploads import COMMON_IMAGES, Signature

__all__ = ["DOCUMENT_TYPES", "OFFICE_TYPES", "DocumentAnalysis"]

_OFFICE = "application/vnd.openxmlformats-officedocument."


def _is_pdf(file: IO[bytes]) -> bool:
    # Readers accept a few bytes before the header.
    return b"%PDF-" in file.read(1024)


def _is_office(folder: str) -> Signature:
    def check(file: IO[bytes]) -> bool:
        try:
            # Only the table of contents is read: nothing is unpacked.
            with zipfile.ZipFile(file) as archive:
                return any(name.startswith(folder) for name in archive.namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return False

    return check


OFFICE_TYPES: dict[str, Signature] = {
    f"{_OFFICE}wordprocessingml.document": _is_office("word/"),
    f"{_OFFICE}spreadsheetml.sheet": _is_office("xl/"),
    f"{_OFFICE}presentationml.presentation": _is_office("ppt/"),
}
DOCUMENT_TYPES: dict[str, Signature] = {
    "application/pdf": _is_pdf,
    **COMMON_IMAGES,
    **OFFICE_TYPES,
}
