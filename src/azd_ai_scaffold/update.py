"""`update`: take a newer template, or other answers, into a repository; all of it or nothing."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azd_ai_scaffold.answers import typed_answers
from azd_ai_scaffold.changelog import changes_between
from azd_ai_scaffold.errors import ScaffoldError, one_line
from azd_ai_scaffold.git import ask_git
from azd_ai_scaffold.merge import Merged, check_clean, merge
from azd_ai_scaffold.progress import progress
from azd_ai_scaffold.rendering import (
    ANSWERS_FILE,
    Given,
    check_asked,
    questions_of,
    read_answers_file,
    recorded_answers,
    template_worker,
)
from azd_ai_scaffold.source import Source, find_source
from azd_ai_scaffold.staging import scratch_folder

if TYPE_CHECKING:
    from copier import Worker

# A change of one of these makes new resources and leaves the deployed ones behind.
REPLACING = ("project_slug", "location", "pattern")


@dataclass(frozen=True)
class Repository:
    """A repository that was rendered from a template.

    Attributes:
        top: The top of the git repository.
        folder: Where the rendering lies: the top or a folder in it.
        template: The template's URL or path, as it is recorded.
        commit: The template's version, as it is recorded.
    """

    top: Path
    folder: Path
    template: str
    commit: str

    @property
    def subfolder(self) -> Path:
        """Where the rendering lies, from the top."""
        return self.folder.relative_to(self.top)


@dataclass(frozen=True)
class Versions:
    """The template's version that a repository has, and the one that it would get.

    Attributes:
        current: As git describes it, such as `v0.1.0`.
        latest: The newest release, or the one asked for.
        newer: Whether `latest` is newer.
    """

    current: str
    latest: str
    newer: bool


@dataclass(frozen=True)
class Update:
    """An update that is ready; nothing of it is in the repository yet.

    Attributes:
        repository: What it is for.
        versions: From which version to which.
        changelog: What the template's changelog says in between.
        merged: Its files.
    """

    repository: Repository
    versions: Versions
    changelog: str
    merged: Merged


def check_versions(dest: Path, vcs_ref: str | None) -> Versions:
    """Say whether a newer template exists.

    Args:
        dest: A rendered repository; changes in it do not matter.
        vcs_ref: Tag, branch or commit of the template, or None for the newest release.
    """
    repository = find_repository(dest)
    with scratch_folder() as scratch, _worker(repository, vcs_ref, scratch) as worker:
        return _versions(worker)[0]


@contextlib.contextmanager
def prepared_update(
    dest: Path, given: Given, vcs_ref: str | None, *, allow_replace: bool
) -> Iterator[Update]:
    """Render and merge an update beside the repository.

    Args:
        dest: A rendered repository without open changes.
        given: What copier need not ask; recorded answers are not asked again.
        vcs_ref: Tag, branch or commit of the template, or None for the newest release.
        allow_replace: Allow answers that replace what is deployed.

    Yields:
        The update, as long as the scratch folder is there.

    Raises:
        Exception: It was refused or failed.
    """
    repository = find_repository(dest)
    check_clean(repository.top)
    with scratch_folder() as scratch:
        base, theirs, merging = (scratch / name for name in ("base", "theirs", "merge"))
        merging.mkdir()
        with (
            _worker(repository, vcs_ref, theirs / repository.subfolder, given) as worker,
            progress("Rendering", counting=theirs),
        ):
            versions, changelog = _versions(worker)
            _refuse_older(versions, worker)
            _refuse_migrations(worker)
            worker.run_copy()
            _check_answers(repository, worker, given, versions, allow_replace=allow_replace)
        with progress("Rendering", counting=base):
            _render_base(repository, base / repository.subfolder)
        with progress("Merging"):
            merged = merge(
                repository.top,
                merging,
                base,
                theirs,
                label=f"template-{versions.latest}",
                answers_file=(repository.subfolder / ANSWERS_FILE).as_posix(),
            )
        yield Update(repository, versions, changelog, merged)


def find_repository(dest: Path) -> Repository:
    """The rendered repository in a folder.

    Raises:
        ScaffoldError: It is no git repository with a commit, or was not rendered.
    """
    if shutil.which("git") is None:
        raise ScaffoldError("git is not installed: install it and put it on PATH")
    folder = dest.resolve()
    if not folder.is_dir():
        raise ScaffoldError(f"{dest} is no folder")
    answers = read_answers_file(folder)
    if not answers:
        raise ScaffoldError(f"{folder} has no {ANSWERS_FILE}: it was not rendered from a template")
    template, commit = answers.get("_src_path"), answers.get("_commit")
    if not (template and isinstance(template, str) and commit and isinstance(commit, str)):
        raise ScaffoldError(
            f"{folder / ANSWERS_FILE} does not say from which template and version: restore it"
        )
    if Path(template).is_absolute() and not Path(template).exists():
        raise ScaffoldError(
            f"the template's folder {template} is not on this machine: set _src_path in "
            f"{folder / ANSWERS_FILE} to where it is, and commit that"
        )
    top = ask_git(folder, "rev-parse", "--show-toplevel")
    if not top:
        raise ScaffoldError(f"{folder} is no git repository: run git init and commit first")
    if not ask_git(folder, "rev-parse", "--verify", "--quiet", "HEAD"):
        raise ScaffoldError(f"{folder} has no commit: commit the rendering first")
    return Repository(Path(top).resolve(), folder, template, commit)


@contextlib.contextmanager
def _worker(
    repository: Repository, vcs_ref: str | None, folder: Path, given: Given | None = None
) -> Iterator["Worker"]:
    """Copier in a folder that holds nothing but the repository's answers."""
    find_source(repository.template, vcs_ref)  # refuses what cannot be updated from
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(repository.folder / ANSWERS_FILE, folder)
    given = given or Given()
    with template_worker(
        Source(repository.template, vcs_ref),
        folder,
        defaults=given.defaults,
        skip_answered=True,
        overwrite=True,
    ) as worker:
        questions = questions_of(worker)
        worker.data.update(typed_answers(given.answers, questions, repository.template))
        yield worker


def _versions(worker: "Worker") -> tuple[Versions, str]:
    """Both versions, and the changelog between them."""
    old, new = worker.subproject.template, worker.template
    if old is None or old.version is None or new.version is None:
        raise ScaffoldError(f"{new.url} has no versions: the template's repository needs commits")
    path = new.local_abspath / "CHANGELOG.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    newer = new.version > old.version
    return (
        Versions(str(old.commit), str(new.commit), newer),
        changes_between(text, str(old.version), str(new.version)),
    )


def _refuse_older(versions: Versions, worker: "Worker") -> None:
    """Refuse to go back."""
    old, new = worker.subproject.template, worker.template
    if old and old.version and new.version and old.version > new.version:
        raise ScaffoldError(
            f"the repository has {versions.current} of the template, which is newer than "
            f"{versions.latest}: name a newer one with --vcs-ref"
        )


def _refuse_migrations(worker: "Worker") -> None:
    """Refuse a template that would run commands."""
    old, new = worker.subproject.template, worker.template
    if old and (new.migration_tasks("before", old) or new.migration_tasks("after", old)):
        raise ScaffoldError("the template wants to run commands (migrations): nothing is run")


def _check_answers(
    repository: Repository,
    worker: "Worker",
    given: Given,
    versions: Versions,
    *,
    allow_replace: bool,
) -> None:
    """Refuse answers that are lost or that replace what is deployed.

    Raises:
        ScaffoldError: Copier took a default in place of a recorded answer, or an answer of
            `REPLACING` changes.
    """
    check_asked(worker.data, frozenset(worker.answers.hidden))
    before = recorded_answers(repository.folder)
    now = worker.answers.combined
    for name, yours in before.items():
        asked = name in worker.template.questions_data and name not in worker.data
        silent = given.defaults or name in worker.answers.hidden
        # Answers given now may leave a question out; the template on its own may not.
        meant = name in worker.answers.hidden and bool(worker.data)
        if asked and silent and not meant and now.get(name) != yours:
            reason = _refusal(repository, worker, name, yours)
            raise ScaffoldError(
                f"{versions.latest} of the template does not take your answer {name}={yours}"
                f"{reason}: it would become {now.get(name)}; to go on, choose one: "
                f"azd-ai-scaffold update --data {name}=VALUE"
            )
    for name in REPLACING:
        if name in before and now.get(name) != before[name] and not allow_replace:
            raise ScaffoldError(
                f"{name} would change from {before[name]} to {now.get(name)}, which replaces what "
                "is deployed: pass --allow-replace if you mean it"
            )


def _refusal(repository: Repository, worker: "Worker", name: str, yours: Any) -> str:
    """Why the template does not take an answer, in brackets; empty when it does not say."""
    answers: Mapping[str, Any] = {**recorded_answers(repository.folder), **worker.data, name: yours}
    source = Source(worker.template.url, worker.template.commit_hash)
    with template_worker(source, worker.dst_path / "refused", defaults=True) as asking:
        asking.data.update(answers)
        try:
            asking.run_copy()
        except Exception as error:  # noqa: BLE001 (whatever copier says about it)
            return f" ({one_line(error).removeprefix(f'{name}: ')})"
    return ""


def _render_base(repository: Repository, folder: Path) -> None:
    """Render what the repository was rendered from."""
    source = Source(repository.template, repository.commit)
    with template_worker(source, folder, defaults=True) as worker:
        worker.data.update(recorded_answers(repository.folder))
        worker.run_copy()
