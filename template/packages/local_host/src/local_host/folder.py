"""A folder of this machine as a way in: what is copied there is sent to `incoming`."""

import asyncio
from pathlib import Path

from azure.storage.blob.aio import ContainerClient

from ai_runtime.telemetry import get_logger

SECONDS_BETWEEN_LOOKS = 0.5

_logger = get_logger("folder")


async def send_files(folder: Path, container: ContainerClient) -> None:
    """Watch the folder until cancelled; a file that changes is sent again."""
    found: dict[Path, tuple[int, int]] = {}
    sent: dict[Path, tuple[int, int]] = {}
    while True:
        before, found = found, await asyncio.to_thread(_files, folder)
        for path, state in found.items():
            # Until two looks show the same, somebody still writes it.
            if state == before.get(path) and state != sent.get(path):
                name = path.relative_to(folder).as_posix()
                with path.open("rb") as file:
                    await container.upload_blob(name, file, overwrite=True)
                sent[path] = state
                _logger.info("sent %s", name)
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


def _files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of the last change of each file; hidden ones are left alone."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
