"""Processes of a local run: started together, stopped together, each line of theirs with a name."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 5
MAX_LINE_BYTES = 1024 * 1024


class Failure(Exception):  # noqa: N818 - what the run ends with, in one line
    """The run cannot start or go on."""


@dataclass(frozen=True)
class Part:
    """A process of the local run."""

    name: str
    port: int
    command: Sequence[str]
    ready: str | None
    """Path that answers 200 when the process can serve; none: it accepts connections then."""
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = ROOT

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


def check_ports(wanted: Sequence[Part]) -> None:
    """Raise `Failure` when another process listens on a port of the run."""
    for part in wanted:
        if _is_open(part.port):
            raise Failure(
                f"Port {part.port} ({part.name}) is taken: stop what listens there, "
                "or run with --port-offset 100."
            )


def npm_packages_installed(npm: str, folder: Path, what: str) -> bool:
    """Install the npm packages of a folder unless they are there; false when that fails."""
    if (folder / "node_modules").is_dir():
        return True
    print(f"Installing {what} (npm install) …", flush=True)
    install = [npm, "install", "--no-audit", "--no-fund"]
    return subprocess.run(install, cwd=folder, check=False).returncode == 0  # noqa: S603


class Run:
    """The running processes. Each leads a process group, so that its children end with it."""

    def __init__(self) -> None:
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._watchers: list[asyncio.Task[None]] = []
        self.ended: asyncio.Queue[str] = asyncio.Queue()

    async def start(self, part: Part) -> None:
        process = await asyncio.create_subprocess_exec(
            *part.command,
            cwd=part.directory,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | part.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            limit=MAX_LINE_BYTES,
            start_new_session=True,
        )
        self._processes[part.name] = process
        self._watchers.append(asyncio.create_task(self._watch(part.name, process)))

    async def _watch(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        while line := await process.stdout.readline():
            print(f"{name:<14} | {line.decode(errors='replace').rstrip()}", flush=True)
        self.ended.put_nowait(f"{name} ended with exit code {await process.wait()}.")

    async def wait_ready(self, part: Part) -> None:
        """Return when `part` answers; raise `Failure` when it does not in time."""
        for _ in range(START_SECONDS * 10):
            if await asyncio.to_thread(is_ready, part):
                return
            await asyncio.sleep(0.1)
        raise Failure(f"{part.name} did not answer within {START_SECONDS} s.")

    async def stop(self) -> None:
        """End every process group: first politely, then for good."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._processes.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await asyncio.gather(*(p.wait() for p in self._processes.values()))
        for watcher in self._watchers:
            watcher.cancel()


def _is_open(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.settimeout(1)
            if probe.connect_ex((address, port)) == 0:
                return True
    return False


def is_ready(part: Part) -> bool:
    """Tell whether a process can serve."""
    if part.ready is None:
        return _is_open(part.port)
    # A proxy that the environment names must not see what stays on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(part.url + part.ready, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


async def run(wanted: Sequence[Part], stop: asyncio.Event, message: str) -> None:
    """Run the processes until `stop` is set, and print `message` once all are ready.

    Raises `Failure` when one ends by itself.
    """
    local = Run()

    async def serve() -> None:
        for part in wanted:
            await local.start(part)
        await asyncio.gather(*(local.wait_ready(part) for part in wanted))
        print(message, flush=True)
        await stop.wait()

    async def ended() -> None:
        raise Failure(await local.ended.get())

    tasks = [asyncio.create_task(serve()), asyncio.create_task(ended())]
    tasks.append(asyncio.create_task(_stopped(stop)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        print("Stopping …", flush=True)
        await local.stop()


async def _stopped(stop: asyncio.Event) -> None:
    await stop.wait()


async def run_until_signal(wanted: Sequence[Part], message: str) -> None:
    """Run the processes until Ctrl-C or a signal to end; raises `Failure`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    await run(wanted, stop, message)
