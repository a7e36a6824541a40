"""`new`: render a repository completely or not at all."""

import contextlib
import io
import os
import re
import secrets
import shlex
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from azd_ai_scaffold.errors import ScaffoldError, WrongUsageError
from azd_ai_scaffold.source import Source, find_source

if TYPE_CHECKING:
    from copier import Worker

Answers = dict[str, str | list[str]]


@dataclass(frozen=True)
class Rendered:
    """A finished repository: what its owner called it, and where its template is."""

    project_name: str
    source: Source


class Stopped(KeyboardInterrupt):
    """The process was told to stop; a KeyboardInterrupt, because event loops let only that pass."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


def new_repository(
    dest: Path,
    data: Sequence[str],
    *,
    defaults: bool,
    template: str | None,
    vcs_ref: str | None,
) -> Rendered:
    """Render a new repository into `dest`.

    Args:
        dest: A folder that is missing, empty or holds only `.git`.
        data: Answers as `NAME=VALUE`.
        defaults: Take the default of every question that `data` leaves open.
        template: URL or path of the template, or None for the place this package came from.
        vcs_ref: Tag, branch or commit of the template.

    Returns:
        The finished repository.

    Raises:
        ScaffoldError: It was refused or failed; `dest` is as it was.
        KeyboardInterrupt: It was interrupted; `dest` is as it was.
    """
    answers = parse_data(data)
    folder = dest.resolve()
    check_destination(folder)
    if not defaults and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ScaffoldError("there is no terminal to ask in: pass --defaults (and --data)")
    with stop_signals():
        source = find_source(template, vcs_ref)
        with one_line_errors(), staging_folder(folder) as staging:
            name = render(source, staging, answers, defaults=defaults)
            move_into_place(staging, folder)
    return Rendered(name, source)


def next_steps(rendered: Rendered, dest: Path) -> str:
    """The text that ends `new`: the next three commands."""
    return (
        f"{rendered.project_name} is in {dest}. Next:\n\n"
        f"  cd {shlex.quote(str(dest))}\n"
        '  git init --quiet && git add --all && git commit --quiet -m "First rendering"\n'
        "  uv sync --all-packages && uv run python scripts/run_local.py"
    )


def parse_data(data: Sequence[str]) -> dict[str, str]:
    """Answers of `--data NAME=VALUE`, as they were written."""
    answers: dict[str, str] = {}
    for item in data:
        name, separator, value = item.partition("=")
        if not separator or not name.isidentifier():
            raise WrongUsageError(f"--data {item!r} is not of the form NAME=VALUE")
        if name in answers:
            raise WrongUsageError(f"--data answers {name} twice")
        answers[name] = value
    return answers


def check_destination(folder: Path) -> None:
    """Refuse a destination that rendering would overwrite or mix with."""
    file = next((parent for parent in folder.parents if parent.is_file()), None)
    if file:
        raise ScaffoldError(f"{file} is no folder: choose another destination")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ScaffoldError(f"{folder} is no folder: choose another destination")
    try:
        present = sorted(entry.name for entry in folder.iterdir() if entry.name != ".git")
    except OSError as error:
        raise ScaffoldError(f"{folder} cannot be read: {error.strerror}") from error
    if present:
        raise ScaffoldError(
            f"{folder} is not empty (it holds {present[0]}): choose another destination"
        )


def render(source: Source, folder: Path, answers: Mapping[str, str], *, defaults: bool) -> str:
    """Let copier ask the questions and render, never with trust.

    Returns:
        The answer to `project_name`.
    """
    with warnings.catch_warnings(), scratch_folder():
        warnings.simplefilter("ignore")
        from copier import Worker

        with Worker(
            src_path=source.url,
            dst_path=folder,
            vcs_ref=source.ref,
            defaults=defaults,
            quiet=True,
            unsafe=False,
        ) as worker:
            worker.settings.trust.clear()
            # Loading prints: git tags that are missing, and a second account of a broken file.
            with contextlib.redirect_stderr(io.StringIO()):
                questions = worker.template.questions_data
            worker.data.update(typed_answers(answers, questions, source))
            worker.run_copy()
            return project_name(worker)


def project_name(worker: "Worker") -> str:
    """What the owner called the project; another template may not ask."""
    return str(worker.answers.combined.get("project_name", "The repository"))


def typed_answers(
    answers: Mapping[str, str], questions: Mapping[str, Mapping[str, Any]], source: Source
) -> Answers:
    """Refuse unknown names; split the values of questions that take several.

    Raises:
        WrongUsageError: The template has no such question.
        ScaffoldError: The source is no template at all.
    """
    asked = [name for name, question in questions.items() if question.get("when") is not False]
    if not asked:
        raise ScaffoldError(f"{source.url} is no template: it has no copier.yml with questions")
    for name in answers:
        if name not in asked:
            raise WrongUsageError(
                f"--data: no question is called {name}; there are {', '.join(asked)}"
            )
    return {
        name: _several(value) if questions[name].get("multiselect") else value
        for name, value in answers.items()
    }


def _several(value: str) -> list[str]:
    """`a,b` and `[a, b]` alike."""
    inner = value.strip().removeprefix("[").removesuffix("]")
    return [item.strip().strip("'\"") for item in inner.split(",") if item.strip()]


@contextlib.contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """A folder to render into, on the file system of `folder`; nothing is left of it on failure.

    An existing folder may be a mount of its own, so its staging folder lies inside it.
    """
    token = secrets.token_hex(4)
    existing = folder.is_dir()
    staging = folder / f".new-{token}" if existing else folder.parent / f".{folder.name}-{token}"
    made: list[Path] = []
    try:
        for parent in reversed(staging.parents):
            if not parent.is_dir():
                parent.mkdir()
                made.append(parent)
        staging.mkdir()
        yield staging
    except BaseException:
        with signals_ignored():
            shutil.rmtree(staging, ignore_errors=True)
            for parent in reversed(made):
                with contextlib.suppress(OSError):
                    parent.rmdir()
        raise


def move_into_place(staging: Path, folder: Path) -> None:
    """Make the staging folder, or for an existing folder its content, the destination."""
    with signals_ignored():
        if not folder.is_dir():
            staging.rename(folder)
            return
        moved: list[Path] = []
        try:
            for entry in sorted(staging.iterdir()):
                target = folder / entry.name
                if os.path.lexists(target):
                    raise ScaffoldError(f"{target} appeared while rendering: nothing was written")
                entry.rename(target)
                moved.append(target)
        except BaseException:
            for target in moved:
                target.rename(staging / target.name)
            raise
        staging.rmdir()


@contextlib.contextmanager
def scratch_folder() -> Iterator[None]:
    """Keep copier's temporary clones where an interruption cannot leave them behind."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="azd-ai-scaffold-", ignore_cleanup_errors=True) as path:
        tempfile.tempdir = path
        try:
            yield
        finally:
            tempfile.tempdir = before


@contextlib.contextmanager
def stop_signals() -> Iterator[None]:
    """Turn signals that end a process into an exception that cleans up."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(number)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """Let a short step finish whatever arrives."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), signal.SIG_IGN) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Tell whatever copier, git or the file system raises in one line."""
    try:
        yield
    except ScaffoldError:
        raise
    except KeyboardInterrupt as error:
        # Copier wraps an interruption of its prompts; the signal's own exit code counts.
        raise error.__cause__ if isinstance(error.__cause__, Stopped) else error from None
    except OSError as error:
        # A failed git command of copier is an OSError too, without a file name.
        line = f"{error.filename}: {error.strerror}" if error.filename else _one_line(error)
        raise ScaffoldError(line) from error
    except Exception as error:
        raise ScaffoldError(_one_line(error)) from error


def _one_line(error: Exception) -> str:
    """The one line of an exception that says what went wrong."""
    # A failed git command has its output in `stderr`.
    text = str(getattr(error, "stderr", None) or error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    line = (fatal or lines or [type(error).__name__])[0]
    refused = re.fullmatch(
        r"(?:Invalid choice|Validation error) for (?:question )?'(\w+)': (.+)", line
    )
    return f"{refused[1]}: {refused[2]}" if refused else line
