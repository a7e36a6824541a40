"""Renders the working tree's template the same way on every machine.

`render(dest, **answers)` is what tests import; `export_template()` is the source it renders from.
"""

import atexit
import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
import types
import unittest.mock
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier._main
import copier._template
import jinja2
import yaml
from copier import run_copy

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE_PATHS = ("copier.yml", "tables", "template")


@contextlib.contextmanager
def pristine_environment() -> Iterator[None]:
    """Hide the user's copier settings and git configuration for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="copier-settings-") as folder:
        settings, git_configuration = Path(folder) / "settings.yml", Path(folder) / "gitconfig"
        settings.write_text("{}\n")
        git_configuration.touch()
        wanted = {
            "COPIER_SETTINGS_PATH": str(settings),
            "GIT_CONFIG_GLOBAL": str(git_configuration),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@contextlib.contextmanager
def quick_copier() -> Iterator[None]:
    """Take what copier does again and again out of it, for the length of a block.

    It compiles the parts of a path anew for each file: each Jinja text is compiled once per
    process, as what it compiles to depends on what is in the key alone. It asks git about each file
    whether git ignores executable bits: never on the systems that the tests run on. YAML is read
    in C.
    """
    compiled: dict[object, Any] = {}
    compile_text = jinja2.Environment.compile

    def lookup(
        self: jinja2.Environment, source: Any, name: str | None = None, *rest: Any, **options: Any
    ) -> Any:
        syntax = (type(self), self.lexer, self.autoescape, *self.extensions, *self.filters)
        key = (*syntax, source, name, *rest[1:], *options.items())  # without the file's whereabouts
        if key not in compiled:
            compiled[key] = compile_text(self, source, name, *rest, **options)
        return compiled[key]

    with (
        unittest.mock.patch.object(jinja2.Environment, "compile", lookup),
        unittest.mock.patch.object(copier._template, "yaml", fast_yaml()),
        unittest.mock.patch.object(copier._main.Worker, "_sync_git_index_executable_bit"),
    ):
        yield


def fast_yaml() -> types.SimpleNamespace:
    """PyYAML with libyaml as its parser: copier reads copier.yml five times for each update."""
    return types.SimpleNamespace(**vars(yaml) | {"SafeLoader": yaml.CSafeLoader})


@functools.cache
def export_template() -> Path:
    """Copy the working tree's template, without `.git`, to a temporary folder; once per process.

    Tracked files and untracked files that git does not ignore are copied, as the working tree has
    them now. Without `.git` copier renders the folder itself instead of cloning its last tag.

    Returns:
        The exported folder, removed when the process ends.
    """
    listing = subprocess.run(
        [
            *("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"),
            *TEMPLATE_PATHS,
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    export = Path(tempfile.mkdtemp(prefix="template-export-"))
    atexit.register(shutil.rmtree, export, ignore_errors=True)
    for name in sorted(set(filter(None, listing.split("\0")))):
        source = ROOT / name
        if source.is_file():  # a tracked file may be deleted in the working tree
            target = export / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return export


def render(dest: Path, **answers: object) -> Path:
    """Render the working tree's template into `dest`, without trust and without a question.

    Args:
        dest: Folder to render into; made when it does not exist.
        **answers: Answers that differ from the defaults, such as `services=["chat"]`.

    Returns:
        `dest`.

    Raises:
        copier.errors.CopierError: The template or an answer is refused.
    """
    with pristine_environment():
        run_copy(
            str(export_template()),
            dest,
            data=dict(answers),
            defaults=True,
            quiet=True,
            unsafe=False,
        )
    return dest
