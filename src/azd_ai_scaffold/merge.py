"""Merges what the template changed into a repository, in a scratch repository beside it.

Git itself merges: the base is what the old version renders, one side is the owner's commit, the
other what the new version renders. Whatever the owner changed is therefore either kept or a
conflict; deletions, binary files, modes and links included.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.git import configuration, git, git_line
from azd_ai_scaffold.signals import ignore_signals

# Nothing that this machine configures for git decides how a merge ends, or waits for somebody.
ISOLATED = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_PARAMETERS": "",
    **configuration(
        {
            "core.attributesFile": os.devnull,  # git reads the user's without any configuration
            "core.quotePath": "false",
            "user.email": "azd-ai-scaffold@localhost",
            "user.name": "azd-ai-scaffold",
        }
    ),
}

BASE, YOURS, THEIRS = "1", "2", "3"


@dataclass(frozen=True)
class Conflict:
    """A file that the owner has to decide about.

    Attributes:
        path: Where it is, from the top of the repository.
        reason: What both sides did, in a few words.
        sections: What the sides have there, as lines to show.
        stages: Mode and object of the base, the owner's and the template's version, as git keeps
            them for a file that is not merged.
    """

    path: str
    reason: str
    sections: str
    stages: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Changes:
    """Files of the repository that an update touches, by path."""

    added: Sequence[str] = ()
    changed: Sequence[str] = ()
    removed: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True)
class Merged:
    """How a merge ended; nothing of it is in the repository yet.

    Attributes:
        scratch: The scratch repository, whose work tree holds the result.
        head: The commit of the repository that was merged into.
        tree: The resulting tree, conflict markers included.
        changes: What differs from `head`.
        conflicts: Files to decide about.
        passed_over: Files that the template changed and the owner had deleted: they stay deleted.
            To each the name that the owner gave it, or nothing.
    """

    scratch: Path
    head: str
    tree: str
    changes: Changes
    conflicts: Sequence[Conflict] = field(default_factory=tuple)
    passed_over: Mapping[str, str] = field(default_factory=dict)

    def diff(self, *, color: bool) -> str:
        """What the update changes, as a diff."""
        return _isolated_git(
            self.scratch,
            *("diff", "--no-ext-diff", f"--color={'always' if color else 'never'}"),
            *(self.head, self.tree),
        ).decode(errors="replace")


def merge(
    repository: Path, scratch: Path, base: Path, theirs: Path, *, label: str, answers_file: str
) -> Merged:
    """Merge the difference of two renderings into the commit that a repository has.

    Args:
        repository: The top of the repository; it is only read.
        scratch: A folder to make the scratch repository in.
        base: A folder with what the old version renders, at its place in the repository.
        theirs: The same for the new version.
        label: Names the template's side in conflict markers; a valid tag name.
        answers_file: Path of the file that always becomes what the template renders.
    """
    head = git_line(repository, "rev-parse", "HEAD")
    _make_scratch(repository, scratch)
    base_commit = _commit(scratch, _tree_of(scratch, base))
    their_commit = _commit(scratch, _tree_of(scratch, theirs), base_commit)
    your_commit = _commit(scratch, f"{head}^{{tree}}", base_commit)
    _isolated_git(scratch, "reset", "--quiet", "--hard", your_commit)
    _isolated_git(scratch, "tag", label, their_commit)
    _run_merge(scratch, label)
    _isolated_git(scratch, "checkout", "--quiet", their_commit, "--", answers_file)

    unmerged = _unmerged(scratch)
    your_renames = _renames(scratch, base_commit, your_commit)
    passed_over = {
        path: your_renames.get(path, "")
        for path, stages in sorted(unmerged.items())
        if YOURS not in stages and BASE in stages
    }
    if passed_over:
        _isolated_git(scratch, "rm", "--quiet", "-f", "--", *passed_over)
    renames = _renames(scratch, base_commit, their_commit)
    conflicts = tuple(
        _conflict(scratch, path, stages, renames)
        for path, stages in sorted(unmerged.items())
        if path not in passed_over
    )
    if conflicts:
        _isolated_git(scratch, "add", "--force", "--", *(conflict.path for conflict in conflicts))
    tree = _isolated_git_line(scratch, "write-tree")
    return Merged(scratch, head, tree, _changes(scratch, head, tree), conflicts, passed_over)


def apply(merged: Merged, repository: Path) -> None:
    """Bring a merge into the work tree and the index of the repository: all of it or nothing.

    Raises:
        ScaffoldError: The repository changed in the meantime, or a file is in the way; it is as it
            was.
    """
    wanted = [merged.tree, *(blob for c in merged.conflicts for _, blob in c.stages.values())]
    pack = _isolated_git(
        merged.scratch,
        *("pack-objects", "--quiet", "--revs", "--local", "--stdout"),
        stdin="\n".join([*wanted, ""]).encode(),
    )
    ignore_signals()
    if git_line(repository, "rev-parse", "HEAD") != merged.head:
        raise ScaffoldError(f"{repository} has a new commit since the update began: try again")
    check_clean(repository)
    if obstacle := _obstacle(repository, merged.changes):
        raise ScaffoldError(f"{obstacle} is ignored by git and in the way: move it away")
    git(repository, "unpack-objects", "-q", stdin=pack)
    try:
        git(repository, "read-tree", "-m", "-u", merged.head, merged.tree)
        git(repository, "update-index", "-z", "--index-info", stdin=_index_lines(merged))
    except BaseException:
        _take_back(repository, merged)
        raise


def _take_back(repository: Path, merged: Merged) -> None:
    """Make a half changed work tree what the commit has; it had no other changes."""
    with contextlib.suppress(ScaffoldError):
        git(repository, "read-tree", "--reset", "-u", merged.head)
    for path in merged.changes.added:
        (repository / path).unlink(missing_ok=True)
        for parent in [*Path(path).parents][:-1]:
            with contextlib.suppress(OSError):  # it holds something, or is gone
                (repository / parent).rmdir()


def _obstacle(repository: Path, changes: Changes) -> str:
    """An ignored file where a new one, or a folder for it, is to go; empty when there is none."""
    for path in changes.added:
        for place in reversed([Path(path), *Path(path).parents][:-1]):
            present = repository / place
            if os.path.lexists(present) and not present.is_dir():
                if place.as_posix() not in changes.removed:
                    return place.as_posix()
                break
    return ""


def check_clean(repository: Path) -> None:
    """Refuse a repository with changes that are not committed.

    Raises:
        ScaffoldError: It has some.
    """
    if status := git_line(repository, "status", "--porcelain"):
        changed = status.splitlines()[0].split(maxsplit=1)[-1]
        raise ScaffoldError(
            f"{repository} has changes that are not committed ({changed}): commit or stash them"
        )


def _isolated_git(
    folder: Path, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> bytes:
    """As `git`, in the scratch repository and without the configuration of this machine."""
    return git(folder, *arguments, stdin=stdin, environment=ISOLATED | dict(environment or {}))


def _isolated_git_line(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> str:
    """As `_isolated_git`, for a command that answers with text."""
    return os.fsdecode(_isolated_git(folder, *arguments, environment=environment)).strip()


def _make_scratch(repository: Path, scratch: Path) -> None:
    """An empty repository that borrows the objects of another."""
    kind = git_line(repository, "rev-parse", "--show-object-format")
    _isolated_git(scratch, "init", "--quiet", "--template=", f"--object-format={kind}")
    objects = (repository / git_line(repository, "rev-parse", "--git-path", "objects")).resolve()
    folder = scratch / ".git" / "objects" / "info"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alternates").write_bytes(os.fsencode(f"{objects}\n"))


def _tree_of(scratch: Path, folder: Path) -> str:
    """The tree of a folder's files, ignored ones too."""
    environment = {
        "GIT_DIR": str(scratch / ".git"),
        "GIT_WORK_TREE": str(folder),
        "GIT_INDEX_FILE": str(scratch / ".git" / f"index-{folder.name}"),
    }
    _isolated_git(folder, "add", "--all", "--force", ".", environment=environment)
    return _isolated_git_line(folder, "write-tree", environment=environment)


def _commit(scratch: Path, tree: str, *parents: str) -> str:
    """A commit of a tree; who made it, and when, matters to nobody."""
    options = [option for parent in parents for option in ("-p", parent)]
    return _isolated_git_line(scratch, "commit-tree", tree, *options, "-m", "update")


def _run_merge(scratch: Path, label: str) -> None:
    """Merge into the work tree; conflicts are no failure.

    Renames are not followed: a file that only resembles another would take its edits. Before git
    2.50 only the strategy `recursive` can leave them.
    """
    try:
        _isolated_git(
            scratch,
            "merge",
            "--quiet",
            "--no-commit",
            "--no-ff",
            "-s",
            "recursive",
            "-X",
            "no-renames",
            label,
        )
    except ScaffoldError:
        if not _unmerged(scratch):
            raise


def _unmerged(scratch: Path) -> dict[str, dict[str, tuple[str, str]]]:
    """Mode and object of each stage, by path."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for entry in _split(_isolated_git(scratch, "ls-files", "--unmerged", "-z")):
        facts, path = entry.split("\t", 1)
        mode, blob, stage = facts.split()
        found.setdefault(path, {})[stage] = (mode, blob)
    return found


def _renames(scratch: Path, old: str, new: str) -> dict[str, str]:
    """Paths that have another name in the second of two commits, by the old one."""
    fields = _split(
        _isolated_git(
            scratch, "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", old, new
        )
    )
    return dict(zip(fields[1::3], fields[2::3], strict=True))


def _conflict(
    scratch: Path, path: str, stages: Mapping[str, tuple[str, str]], renames: Mapping[str, str]
) -> Conflict:
    """What to say about one file that is not merged."""
    if THEIRS not in stages:
        renamed = renames.get(path)
        reason = (
            f"you edited it, the template renamed it to {renamed}"
            if renamed
            else "you edited it, the template removed it"
        )
        sections = _edits(scratch, stages)
    elif BASE not in stages:
        reason, sections = "you and the template both added it", _marked(scratch / path)
    else:
        reason, sections = "you and the template changed the same lines", _marked(scratch / path)
    return Conflict(path, reason, sections, stages)


def _edits(scratch: Path, stages: Mapping[str, tuple[str, str]]) -> str:
    """What the owner changed in a file that the template no longer has."""
    diff = _isolated_git(
        scratch, "diff", "--no-ext-diff", "--no-color", stages[BASE][1], stages[YOURS][1]
    )
    lines = diff.decode(errors="replace").splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("@@")), 0)
    return "\n".join(lines[start:])


def _marked(path: Path) -> str:
    """The parts of a file between conflict markers."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return "binary: your version is kept"
    shown: list[str] = []
    inside = False
    for number, line in enumerate(lines, 1):
        if line.startswith("<<<<<<< "):
            inside = True
            shown.append(f"line {number}:")
        if inside:
            shown.append(line)
        if line.startswith(">>>>>>> "):
            inside = False
    return "\n".join(shown) or "binary: your version is kept"


def _changes(scratch: Path, old: str, new: str) -> Changes:
    """Files that differ between two trees."""
    fields = _split(
        _isolated_git(scratch, "diff-tree", "-r", "-z", "--no-renames", "--name-status", old, new)
    )
    by_status: dict[str, list[str]] = {}
    for status, path in zip(fields[::2], fields[1::2], strict=True):
        by_status.setdefault(status, []).append(path)
    changed = [*by_status.get("M", []), *by_status.get("T", [])]
    return Changes(by_status.get("A", []), sorted(changed), by_status.get("D", []))


def _index_lines(merged: Merged) -> bytes:
    """What `git update-index --index-info` wants to know of the conflicts."""
    return os.fsencode("".join(_entries(merged.conflicts)))


def _entries(conflicts: Sequence[Conflict]) -> Iterator[str]:
    for conflict in conflicts:
        nothing = "0" * len(next(iter(conflict.stages.values()))[1])
        yield f"0 {nothing}\t{conflict.path}\0"
        for stage, (mode, blob) in sorted(conflict.stages.items()):
            yield f"{mode} {blob} {stage}\t{conflict.path}\0"


def _split(output: bytes) -> list[str]:
    """Fields that git ends with a NUL."""
    return [os.fsdecode(field) for field in output.split(b"\0") if field]
