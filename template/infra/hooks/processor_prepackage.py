"""Completes the folder of the function app before azd packages it.

azd packages that folder alone, so the workspace's packages and the prompts are copied into it, and
what they need is written into its requirements.txt, which the remote build installs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from azure_rest import HookError, stops_azd

PROJECT = Path(__file__).resolve().parents[2]
PROCESSOR = Path("functions/processor")

# What is copied, by its name in the function folder.
COPIES = {
    "ai_runtime": Path("packages/ai_runtime/src/ai_runtime"),
    "document_pipeline": Path("packages/document_pipeline/src/document_pipeline"),
    "prompts": Path("prompts"),
}
NOT_COPIED = ("__pycache__", "*.py[co]", "testing.py")

REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?:\[(?P<extras>[^\]]*)\])?")


def check_sources(project: Path) -> None:
    """Raise unless everything that belongs into the package is there."""
    for folder in (PROCESSOR, *COPIES.values()):
        if not any((project / folder).glob("*")):
            raise HookError(f"{folder} is missing or empty: restore it (git checkout {folder}).")


def copy_sources(project: Path) -> None:
    """Replace the copies in the function folder by what the workspace holds now."""
    for name, source in COPIES.items():
        target = project / PROCESSOR / name
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(project / source, target, ignore=shutil.ignore_patterns(*NOT_COPIED))


def requirements(project: Path) -> list[str]:
    """Return the lines of requirements.txt: from uv.lock if the repository has one."""
    if (project / "uv.lock").is_file():
        return locked_requirements(project)
    members = {
        normalized(member["name"]): member
        for path in sorted(project.glob("packages/*/pyproject.toml"))
        for member in [read_project(path)]
    }
    processor = read_project(project / PROCESSOR / "pyproject.toml")
    return sorted(set(dependencies(processor, (), members)))


def locked_requirements(project: Path) -> list[str]:
    """Return the versions of uv.lock, with their hashes."""
    uv = shutil.which("uv")
    if uv is None:
        raise HookError("uv.lock decides the versions, but uv is not installed: install it.")
    command = [uv, "export", "--quiet", "--locked", "--package", "processor", "--no-dev"]
    command += ["--no-emit-workspace", "--no-header", "--no-annotate"]
    done = subprocess.run(  # noqa: S603 - the path was just found
        command, cwd=project, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["uv export failed"])[-1]
        raise HookError(f"uv.lock cannot be read, run `uv lock`: {reason}")
    return done.stdout.splitlines()


def read_project(path: Path) -> dict[str, Any]:
    try:
        project: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        project["name"]
    except OSError as error:
        raise HookError(f"cannot read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise HookError(f"{path} is no pyproject.toml of a package: {error}.") from None
    return project


def dependencies(
    project: Mapping[str, Any], extras: tuple[str, ...], members: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield what a package needs from outside the workspace."""
    wanted = list(project.get("dependencies", []))
    for extra in extras:
        wanted += project.get("optional-dependencies", {}).get(extra, [])
    for requirement in wanted:
        found = REQUIREMENT.match(requirement)
        member = members.get(normalized(found["name"])) if found else None
        if found is None or member is None:
            yield requirement
        else:
            names = tuple(filter(None, re.split(r"[,\s]+", found["extras"] or "")))
            yield from dependencies(member, names, members)


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@stops_azd("processor_prepackage")
def main() -> None:
    check_sources(PROJECT)
    lines = requirements(PROJECT)
    copy_sources(PROJECT)
    text = "".join(f"{line}\n" for line in lines)
    (PROJECT / PROCESSOR / "requirements.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
