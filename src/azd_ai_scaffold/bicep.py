"""Talks to the Bicep CLI through one `bicep jsonrpc --stdio` process, which serves many files.

Starting the process costs about two seconds, each file after the first about a tenth of one.
"""

import contextlib
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from azd_ai_scaffold.errors import ScaffoldError

HOW_TO_GET_BICEP = (
    "Bicep was not found: install it (https://aka.ms/bicep-install, or `az bicep install`), "
    "or set BICEP_PATH to the executable"
)

# Bicep is a .NET program: without this it wants libicu on the machine.
DOTNET_REQUIRED = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
# Profiling itself costs a process that lives for seconds twice its time.
# Pipes for debuggers would stay in the temporary folder when the process is killed.
DOTNET_DEFAULTS = {"DOTNET_TieredPGO": "0", "DOTNET_EnableDiagnostics": "0"}


class BicepError(ScaffoldError):
    """The Bicep process cannot be found, started or reached, or it refused a request."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding of the compiler.

    Attributes:
        level: `Error`, `Warning` or `Info`.
        code: The compiler's (`BCP035`) or a linter rule's (`no-unused-params`).
        message: One sentence, as the compiler words it.
        file: Absolute path of the Bicep file.
        line: Line where it starts, counted from 1.
        column: Character where it starts, counted from 1.
    """

    level: str
    code: str
    message: str
    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.level} {self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Compilation:
    """What compiling one file gave.

    Attributes:
        success: False when a diagnostic is an error.
        diagnostics: Findings in every file that the compiled one reaches, warnings included.
        template: The ARM template as JSON text; empty without success.
        parameters: The ARM parameters file as JSON text; only for a `.bicepparam`.
    """

    success: bool
    diagnostics: tuple[Diagnostic, ...]
    template: str = ""
    parameters: str = ""


def find_bicep() -> Path | None:
    """Find the Bicep executable: BICEP_PATH, PATH, `~/.azd/bin`, then `~/.azure/bin`.

    Returns:
        Its path; None when it is in none of these places.

    Raises:
        BicepError: BICEP_PATH names something that cannot be run.
    """
    if named := os.environ.get("BICEP_PATH"):
        if found := shutil.which(named):
            return Path(found)
        raise BicepError(f"BICEP_PATH names no executable file: {named}")
    places = [os.environ.get("PATH", os.defpath)]
    places += [str(Path.home() / folder / "bin") for folder in (".azd", ".azure")]
    found = shutil.which("bicep", path=os.pathsep.join(places))
    return Path(found) if found else None


class Bicep:
    """A running Bicep process; close it, or use it as a context manager.

    Calls are answered one after the other: share an instance, not between threads.
    Paths may be relative to the current folder.
    """

    def __init__(
        self,
        executable: Path | None = None,
        *,
        timeout: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the process.

        Args:
            executable: The Bicep CLI; found by `find_bicep` when not given.
            timeout: Seconds that one call may take.
            environment: Its environment variables; by default those of this process.

        Raises:
            BicepError: Bicep is not there or cannot be started.
        """
        program = executable or find_bicep()
        if program is None:
            raise BicepError(HOW_TO_GET_BICEP)
        self._timeout = timeout
        self._last_id = 0
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        try:
            self._process = subprocess.Popen(
                [str(program), "jsonrpc", "--stdio"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=DOTNET_DEFAULTS
                | dict(os.environ if environment is None else environment)
                | DOTNET_REQUIRED,
            )
        except OSError as error:
            self._errors.close()
            raise BicepError(f"cannot start Bicep ({program}): {error}") from error
        self._input = cast("IO[bytes]", self._process.stdin)
        output = cast("IO[bytes]", self._process.stdout)
        reader = threading.Thread(target=_read_answers, args=(output, self._answers), daemon=True)
        reader.start()
        pipes = (self._input, output, self._errors)
        self._stop = weakref.finalize(self, _stop, self._process, reader, pipes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and wait for it; a second call does nothing."""
        self._stop()

    def version(self) -> str:
        """Return the version of the Bicep CLI, such as `0.49.2`."""
        return str(self._call("version", {})["version"])

    def compile(self, path: Path) -> Compilation:
        """Compile a `.bicep` file with every file that it reaches.

        Raises:
            BicepError: The file cannot be read, or the process failed. Errors in the Bicep are
                diagnostics.
        """
        answer = self._call("compile", {"path": _absolute(path)})
        return Compilation(
            answer["success"], _diagnostics(answer), template=answer.get("contents") or ""
        )

    def compile_params(self, path: Path, overrides: Mapping[str, Any] | None = None) -> Compilation:
        """Compile a `.bicepparam` file and the `.bicep` file it uses.

        Args:
            path: The `.bicepparam` file.
            overrides: JSON values of parameters, over those in the file.

        Raises:
            BicepError: As `compile`.
        """
        request = {"path": _absolute(path), "parameterOverrides": dict(overrides or {})}
        answer = self._call("compileParams", request)
        return Compilation(
            answer["success"],
            _diagnostics(answer),
            template=answer.get("template") or "",
            parameters=answer.get("parameters") or "",
        )

    def snapshot(
        self,
        path: Path,
        *,
        subscription_id: str,
        tenant_id: str,
        location: str,
        deployment_name: str,
        resource_group: str | None = None,
    ) -> dict[str, Any]:
        """Evaluate a `.bicepparam` file offline, as a deployment with these values would.

        `resource_group` counts only for a file that is deployed to a resource group.

        Returns:
            `predictedResources` (list of ARM resources with a literal `id`), `outputs` (name to
            value) and `diagnostics`. What only Azure knows stays an expression in brackets.

        Raises:
            BicepError: The file does not compile (`compile_params` says why), or as `compile`.
        """
        metadata = {
            "subscriptionId": subscription_id,
            "tenantId": tenant_id,
            "location": location,
            "deploymentName": deployment_name,
            "resourceGroup": resource_group,
        }
        answer = self._call("getSnapshot", {"path": _absolute(path), "metadata": metadata})
        snapshot: dict[str, Any] = json.loads(answer["snapshot"])
        return snapshot

    def format(self, path: Path) -> str:
        """Return the text of a Bicep file as `bicep format` would write it.

        Raises:
            BicepError: The file cannot be read, or the process failed.
        """
        return str(self._call("format", {"path": _absolute(path)})["contents"])

    def file_references(self, path: Path) -> tuple[Path, ...]:
        """Return the absolute paths of all files that a compilation reads, the file included.

        Raises:
            BicepError: The file cannot be read, or the process failed.
        """
        answer = self._call("getFileReferences", {"path": _absolute(path)})
        return tuple(Path(name) for name in answer["filePaths"])

    def _call(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not self._stop.alive:
            raise BicepError(f"Bicep was stopped before bicep/{method}")
        self._last_id += 1
        body = json.dumps(
            {
                "jsonrpc": "2.0",
                "id": self._last_id,
                "method": f"bicep/{method}",
                "params": parameters,
            }
        ).encode()
        try:
            self._input.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            self._input.flush()
            answer = self._answers.get(timeout=self._timeout)
            while answer is not None and answer.get("id") != self._last_id:
                answer = self._answers.get(timeout=self._timeout)  # of an interrupted call
        except OSError:
            answer = None
        except queue.Empty:
            self.close()
            message = f"Bicep did not answer bicep/{method} in {self._timeout:g} s"
            raise BicepError(message) from None
        if answer is None:
            raise BicepError(f"Bicep stopped answering at bicep/{method}{self._last_words()}")
        if "error" in answer:
            raise BicepError(f"Bicep refused bicep/{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        self.close()
        return f": {said[0]}" if said else ""


def _absolute(path: Path) -> str:
    return str(Path(path).absolute())


def _diagnostics(answer: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(
            level=found["level"],
            code=found["code"],
            message=found["message"],
            file=Path(found["source"]),
            line=found["range"]["start"]["line"] + 1,
            column=found["range"]["start"]["char"] + 1,
        )
        for found in answer["diagnostics"]
    )


def _read_answers(stream: IO[bytes], answers: "queue.SimpleQueue[dict[str, Any] | None]") -> None:
    """Put each message of the stream into the queue, and None at its end."""
    try:
        while True:
            length = 0
            while (line := stream.readline()).strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                break
            answers.put(json.loads(stream.read(length)))
    except ValueError:  # not the protocol, or a message cut short
        pass
    answers.put(None)


def _stop(
    process: subprocess.Popen[bytes], reader: threading.Thread, pipes: tuple[IO[bytes], ...]
) -> None:
    with contextlib.suppress(OSError):  # it may have ended already
        pipes[0].close()
    try:
        process.wait(timeout=0.5)  # it ends by itself when its input does
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    reader.join()
    for pipe in pipes[1:]:
        pipe.close()
