"""azd variables of a plan, and placeholders for those whose values nobody asked to see.

A hidden value never reaches the evaluation, so that nothing can print it, however the Bicep encodes
it: in its place goes `<NAME>`. Words that are public anyway stay: Azure's regions, true and
false, and what the Bicep itself lists as allowed values.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azd_ai_scaffold.errors import ScaffoldError, WrongUsageError
from azd_ai_scaffold.plan.regions import REGIONS

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
# They are part of derived names, so their values are needed; the ids are masked afterwards.
TARGETS = ("AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID")
# The deployment itself reads these, whatever the parameters do.
OF_DEPLOYMENT = (*TARGETS, "AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_RESOURCE_GROUP")
# Stand for a hidden number; what differs between the two depends on it.
NUMBERS = ("1", "2")


@dataclass(frozen=True, slots=True)
class Variables:
    """azd variables of one evaluation.

    Attributes:
        values: Name to value.
        hidden: Names of those that must not be printed.
        settings: Names of those that the command line gave.
    """

    values: Mapping[str, str]
    hidden: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()

    def with_default(self, **defaults: str) -> "Variables":
        """The same with values for what is not set or empty."""
        missing = {name: value for name, value in defaults.items() if not self.values.get(name)}
        return Variables({**self.values, **missing}, self.hidden - missing.keys(), self.settings)

    def with_value(self, name: str, value: str) -> "Variables":
        """The same with one value, which may be printed."""
        return Variables({**self.values, name: value}, self.hidden - {name}, self.settings)

    def placeholders(
        self, public: Iterable[str], number: str = NUMBERS[0], other: str | None = None
    ) -> dict[str, str]:
        """Values for the evaluation: a placeholder for each hidden one.

        Args:
            public: Words that the repository itself prints.
            number: Stands for hidden numbers.
            other: Name of the variable whose number is the other one.
        """
        words = {*REGIONS, "true", "false", "", *public}
        return {
            name: _placeholder(name, value, words, NUMBERS[1] if name == other else number)
            if name in self.hidden
            else value
            for name, value in self.values.items()
        }

    def numbers(self, public: Iterable[str]) -> list[str]:
        """Names of the hidden variables that hold a number."""
        first, second = (self.placeholders(public, number) for number in NUMBERS)
        return [name for name in first if first[name] != second[name]]

    def targets(self) -> dict[str, str]:
        """Subscription and tenant by what stands for them in the output."""
        return {
            placeholder(name): value
            for name in TARGETS
            if name in self.hidden and (value := self.values.get(name))
        }


def read_variables(
    repository: Path, environment: str | None, settings: Sequence[str], show: Sequence[str]
) -> Variables:
    """Collect the azd variables of a plan.

    Args:
        repository: Folder of azure.yaml.
        environment: Name of an azd environment, whose `.azure/NAME/.env` is read.
        settings: `KEY=VALUE` of the command line, over the environment; they may be printed.
        show: Names of variables of the environment that may be printed too.

    Raises:
        ScaffoldError: There is no such environment or variable, or one that must be an id is none.
        WrongUsageError: A setting is not of the form `KEY=VALUE`.
    """
    read = _read_environment(repository, environment) if environment is not None else {}
    given = _parse_settings(settings)
    for name in show:
        if name not in read and name not in given:
            where = f"azd environment {environment}" if environment else "plan without --env"
            raise ScaffoldError(f"--show {name}: the {where} has no variable of that name")
    values = {**read, **given}
    for name in TARGETS:
        if values.get(name) and not _GUID.fullmatch(values[name]):
            raise ScaffoldError(f"{name} is no GUID")
    hidden = read.keys() - given.keys() - set(show)
    if values.get("AZURE_ENV_NAME") == environment:
        hidden -= {"AZURE_ENV_NAME"}  # its value was asked for
    return Variables(values, frozenset(hidden), frozenset(given))


def placeholder(name: str) -> str:
    """What stands for a value that is hidden or not given."""
    return f"<{name}>"


def allowed_words(template: Any) -> Iterator[str]:
    """All texts that a compiled template lists as allowed values."""
    if isinstance(template, dict):
        allowed = template.get("allowedValues")
        if isinstance(allowed, list):
            yield from (word for word in allowed if isinstance(word, str))
        for item in template.values():
            yield from allowed_words(item)
    elif isinstance(template, list):
        for item in template:
            yield from allowed_words(item)


def mask(value: Any, targets: Mapping[str, str]) -> Any:
    """A JSON value with the ids of subscription and tenant replaced by what stands for them."""
    if not targets:
        return value
    text = json.dumps(value, ensure_ascii=False)
    for stand_in, target in targets.items():
        text = re.sub(re.escape(target), stand_in, text, flags=re.IGNORECASE)
    return json.loads(text)


def _read_environment(repository: Path, name: str) -> dict[str, str]:
    from dotenv.parser import parse_stream

    folder = repository / ".azure"
    file = folder / name / ".env"
    if not re.fullmatch(r"[\w.()-]+", name) or set(name) == {"."} or not file.is_file():
        known = sorted(path.parent.name for path in folder.glob("*/.env"))
        hint = f"there is {', '.join(known)}" if known else "run azd env new"
        raise ScaffoldError(f"there is no azd environment {name!r} in {folder}: {hint}")
    try:
        lines = list(parse_stream(io.StringIO(file.read_text(encoding="utf-8"))))
    except ValueError as error:
        raise ScaffoldError(f"{file} is not UTF-8") from error
    wrong = next((line for line in lines if line.error or (line.key and line.value is None)), None)
    if wrong:
        raise ScaffoldError(f"{file}: line {wrong.original.line} is not of the form KEY=VALUE")
    # azd puts a backslash before these three too, which the parser leaves there.
    return {
        line.key: re.sub(r"\\([!$`])", r"\1", line.value)
        for line in lines
        if line.key is not None and line.value is not None
    }


def _parse_settings(settings: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for setting in settings:
        name, separator, value = setting.partition("=")
        if not separator or not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise WrongUsageError(f"--set {name!r} is not of the form KEY=VALUE")
        values[name] = value
    return values


def _placeholder(name: str, value: str, public: set[str], number: str) -> str:
    if value in public or value.lower() in ("true", "false"):
        return value
    if _NUMBER.fullmatch(value.strip()):
        return number
    try:
        structure = json.loads(value)
    except ValueError:
        structure = None
    if isinstance(structure, list | dict):
        return json.dumps(_structure(name, structure, number), ensure_ascii=False)
    return placeholder(name)


def _structure(name: str, value: Any, number: str) -> Any:
    """A JSON value of the same shape without its keys, texts and numbers."""
    if isinstance(value, list):
        return [_structure(name, item, number) for item in value]
    if isinstance(value, dict):
        return {
            placeholder(f"{name} {index}"): _structure(name, item, number)
            for index, item in enumerate(value.values(), 1)
        }
    if isinstance(value, str):
        return placeholder(name) if value else value
    if isinstance(value, bool) or value is None:
        return value
    return json.loads(number)
