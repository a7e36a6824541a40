"""Copying and updating, against copying a template that holds one file."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import command, interleaved, report
from tests.rendering import export_template, pristine_environment

COPIER = Path(sys.executable).parent / "copier"
IDENTITY = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *IDENTITY, *words], cwd=folder, check=True, capture_output=True)


def repository(folder: Path, message: str) -> None:
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def run() -> None:
    with tempfile.TemporaryDirectory() as name, pristine_environment():
        folder = Path(name)
        template = folder / "template"
        command("cp", "-r", export_template(), template)()
        repository(template, "Template")

        # The same questions and settings, and only the answers file to render.
        empty = folder / "empty"
        (empty / "template").mkdir(parents=True)
        command("cp", "-r", template / "copier.yml", template / "tables", empty)()
        command("cp", *(template / "template").glob("*answers*"), empty / "template")()
        repository(empty, "Empty template")

        # The same paths, and nothing in them: what is left is copier's own work for each file.
        hollow = folder / "hollow"
        command("cp", "-r", export_template(), hollow)()
        for path in list((hollow / "template").rglob("*")):
            if path.is_file() and "answers" not in path.name:
                path.with_suffix(path.suffix.removesuffix(".jinja")).touch()
                path.unlink() if path.suffix == ".jinja" else path.write_bytes(b"")
        repository(hollow, "Hollow template")

        counter = iter(range(1_000_000))

        def copy(source: Path) -> None:
            dest = folder / f"copy-{next(counter)}"
            command(COPIER, "copy", "--quiet", "--defaults", "--vcs-ref=HEAD", source, dest)()

        project = folder / "project"
        command(COPIER, "copy", "--quiet", "--defaults", "--vcs-ref=HEAD", template, project)()
        repository(project, "Start")
        update = command(COPIER, "update", "--quiet", "--defaults", "--vcs-ref=HEAD", cwd=project)

        startup, baseline, hollow_copy, full, updated = interleaved(
            [
                command(COPIER, "--version"),
                lambda: copy(empty),
                lambda: copy(hollow),
                lambda: copy(template),
                update,
            ],
            rounds=5,
        )
        # Copier works on every file of the template, also on those that the answers leave out.
        files = sum(path.is_file() for path in (template / "template").rglob("*"))
        report(
            "copier copy --defaults",
            f"{full:.2f} s = {full / baseline:.2f} × an empty template",
            "≤ 2.5",
            full <= 2.5 * baseline,
        )
        report(
            "copier update, nothing new",
            f"{updated:.2f} s = {updated / full:.2f} × copy",
            "≤ 2.5",
            updated <= 2.5 * full,
        )
        own = (hollow_copy - baseline) / (full - baseline)
        print(
            f"      {files} files of the template at {(full - baseline) / files * 1000:.2f} ms, "
            f"{own:.0%} of it copier's own: without content {hollow_copy / baseline:.2f} × as long"
        )
        print(
            f"      of a copy, {startup / full:.0%} is copier starting, "
            f"{baseline / full:.0%} an empty template"
        )
