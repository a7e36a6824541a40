"""Lets copier ask the questions and render; never with trust."""

import contextlib
import io
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azd_ai_scaffold.answers import Answers, typed_answers
from azd_ai_scaffold.errors import ScaffoldError, WrongUsageError
from azd_ai_scaffold.git import hooks_disabled
from azd_ai_scaffold.source import Source

if TYPE_CHECKING:
    from copier import Worker

ANSWERS_FILE = ".copier-answers.yml"


@dataclass(frozen=True)
class Given:
    """What is known before copier asks.

    Attributes:
        answers: Answers of the user: not asked again.
        preset: Answers of a preset, where the template asks the question and the user did not
            answer it.
        customise: Ask every question, with the preset's answers as defaults.
        defaults: Ask nothing: take the default of every question that is left.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    preset: Mapping[str, Any] = field(default_factory=dict)
    customise: bool = False
    defaults: bool = False


@dataclass(frozen=True)
class Rendering:
    """What copier rendered.

    Attributes:
        answers: The recorded answers, without the template's version and place.
        labels: What the template calls each answer that was chosen from a list, by question.
        hidden: Names of questions that these answers leave out, computed values among them.
    """

    answers: Answers
    labels: Mapping[str, str]
    hidden: frozenset[str]

    @property
    def project_name(self) -> str:
        """What the owner called the project; another template may not ask."""
        return str(self.answers.get("project_name", "The repository"))


def render(source: Source, folder: Path, given: Given) -> Rendering:
    """Ask what is open, and render into an empty folder.

    Raises:
        WrongUsageError: The template has no question of a name in `given.answers`.
        Exception: Whatever copier raises; `one_line` tells it.
    """
    with template_worker(source, folder, defaults=given.defaults) as worker:
        questions = questions_of(worker)
        answers = typed_answers(given.answers, questions, source.url)
        preset = {
            name: value
            for name, value in given.preset.items()
            if name in questions and name not in answers
        }
        worker.data.update(answers if given.customise else preset | answers)
        worker.user_defaults.update(preset if given.customise else {})
        worker.run_copy()
        hidden = frozenset(worker.answers.hidden)
        labels = choice_labels(worker, questions)
    check_asked(answers, hidden)
    rendering = Rendering(recorded_answers(folder), labels, hidden)
    if preset.keys().isdisjoint(hidden):
        return rendering
    # Copier takes a given answer for a question that it does not ask instead of the computed one.
    empty(folder)
    return render(source, folder, Given(rendering.answers, defaults=True))


def check_asked(answers: Mapping[str, Any], hidden: frozenset[str]) -> None:
    """Refuse answers to questions that the other answers leave out; copier would use them."""
    if superfluous := sorted(answers.keys() & hidden):
        raise WrongUsageError(f"{superfluous[0]} is not asked with these answers: leave it out")


@contextlib.contextmanager
def template_worker(source: Source, folder: Path, **options: Any) -> Iterator["Worker"]:
    """Copier for one rendering into `folder`, without trust and without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from copier import Worker, load_settings
        from copier.errors import SettingsError

        try:
            load_settings()  # in better words than Worker
        except SettingsError as error:
            reason = " ".join(str(error).split())
            raise ScaffoldError(f"copier's settings cannot be read: {reason}") from error
        with (
            hooks_disabled(),
            Worker(
                src_path=source.url,
                dst_path=folder,
                vcs_ref=source.ref,
                quiet=True,
                unsafe=False,
                **options,
            ) as worker,
        ):
            worker.settings.trust.clear()
            yield worker


def questions_of(worker: "Worker") -> Mapping[str, Mapping[str, Any]]:
    """The template's questions; this clones the template."""
    # Loading prints: git tags that are missing, and a second account of a broken file.
    with contextlib.redirect_stderr(io.StringIO()):
        questions: Mapping[str, Mapping[str, Any]] = worker.template.questions_data
    return questions


def choice_labels(worker: "Worker", questions: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What the template calls each answer that was chosen from a list, by question.

    Choices are a mapping or pairs, or a text that renders to either; see copier's documentation.
    """
    import yaml

    answers = worker.answers.combined
    labels = {}
    for name, question in questions.items():
        if name in worker.answers.hidden:
            continue
        choices = question.get("choices")
        if isinstance(choices, str):
            choices = yaml.safe_load(worker.jinja_env.from_string(choices).render(answers))
        pairs = choices.items() if isinstance(choices, Mapping) else choices or ()
        for label, value in (pair for pair in pairs if isinstance(pair, (list, tuple))):
            if answers.get(name) == (value.get("value") if isinstance(value, Mapping) else value):
                labels[name] = str(label)
    return labels


def recorded_answers(folder: Path) -> Answers:
    """The answers in a repository's answers file, without the template's version and place."""
    return {
        name: value for name, value in read_answers_file(folder).items() if not name.startswith("_")
    }


def read_answers_file(folder: Path) -> Answers:
    """All that a repository's answers file holds; empty without one.

    Raises:
        ScaffoldError: It is there, but cannot be read.
    """
    import yaml

    path = folder / ANSWERS_FILE
    if not path.is_file():
        return {}
    try:
        answers = yaml.safe_load(path.read_bytes())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ScaffoldError(f"{path} cannot be read: restore it from git") from error
    if not isinstance(answers, dict):
        raise ScaffoldError(f"{path} holds no answers: restore it from git")
    return answers


def empty(folder: Path) -> None:
    """Remove what a folder holds."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
