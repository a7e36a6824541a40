"""Uploads in, blobs in `incoming` out; the pipeline takes them from there."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from typing import IO, Annotated
from uuid import uuid4

from pydantic import AfterValidator, StringConstraints

from document_pipeline.model import DocumentRecord, State
from document_pipeline.ports import DocumentTable, IncomingDocuments
from document_pipeline.process import utc_now

_SEPARATORS_AND_CONTROLS = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029]')


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name)
    if _SEPARATORS_AND_CONTROLS.search(name):
        raise ValueError('must be a file name: no folder, no control character, none of :*?"<>|')
    if name != name.strip() or name.endswith("."):
        raise ValueError("must not begin or end with a space, nor end with a dot")
    return name


FileName = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_checked_name)
]
"""Name of a file, without a folder."""


class Intake:
    """Accepts documents over HTTP."""

    def __init__(
        self,
        incoming: IncomingDocuments,
        table: DocumentTable,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._incoming = incoming
        self._table = table
        self._now = now

    async def accept(self, name: FileName, content: IO[bytes], media_type: str) -> DocumentRecord:
        """Store a document and return its row; what happens next begins with its blob."""
        # A folder of its own: two files of one name are two documents.
        document = await self._incoming.upload(f"{uuid4().hex}/{name}", content, media_type)
        record = DocumentRecord(
            id=document.id, name=document.name, state=State.ACCEPTED, updated_at=self._now()
        )
        # A row that is there is of a later state: the pipeline was faster.
        await self._table.insert(record)
        return record
