"""The table of document states."""

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableServiceClient

from ai_runtime.health import Status
from ai_runtime.telemetry import unobserved
from document_pipeline.model import DOCUMENTS_TABLE, DocumentRecord
from document_pipeline.ports import StoredRecord

_ROW_KEY = "record"


class TableStorage:
    """The table `documents`: a partition for each document, so that they spread over servers."""

    def __init__(
        self, endpoint: str, credential: AsyncTokenCredential | AzureNamedKeyCredential
    ) -> None:
        self._service = TableServiceClient(
            # The SDK reads a trailing slash as part of the account's name.
            endpoint.rstrip("/"),
            credential=credential,
            connection_timeout=5,
            read_timeout=30,
            retry_total=3,
        )
        self._table = self._service.get_table_client(DOCUMENTS_TABLE)

    async def check(self) -> Status:
        """Look up a row that is not there."""
        with unobserved():
            await self.get("0" * 32)
        return "healthy"

    async def get(self, document_id: str) -> StoredRecord | None:
        try:
            entity = await self._table.get_entity(document_id, _ROW_KEY)
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == "TableNotFound":
                raise
            return None
        return StoredRecord(record_of(entity), str(entity.metadata["etag"]))

    async def insert(self, record: DocumentRecord) -> bool:
        try:
            await self._table.create_entity(_entity(record))
        except ResourceExistsError:
            return False
        return True

    async def replace(self, record: DocumentRecord, version: str) -> bool:
        try:
            await self._table.update_entity(
                _entity(record),
                UpdateMode.REPLACE,
                etag=version,
                match_condition=MatchConditions.IfNotModified,
            )
        except ResourceModifiedError:
            return False
        return True

    async def close(self) -> None:
        await self._service.close()


def record_of(entity: TableEntity) -> DocumentRecord:
    """Read a row of the table."""
    values = {name: value for name, value in entity.items() if name != "RowKey"}
    return DocumentRecord.model_validate({"id": values.pop("PartitionKey"), **values})


def _entity(record: DocumentRecord) -> dict[str, object]:
    # A table has no nulls: what is none is not there.
    values = record.model_dump(exclude_none=True, exclude={"id"})
    return {"PartitionKey": record.id, "RowKey": _ROW_KEY, **values}
