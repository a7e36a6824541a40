"""Finds the Bicep of an azd repository, as azd does."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azd_ai_scaffold.evaluation import EvaluationError

AZURE_YAML = ("azure.yaml", "azure.yml")


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """The files that azd hands to Bicep.

    Attributes:
        repository: Folder of azure.yaml.
        project: The name in azure.yaml.
        module: The `.bicep` file.
        parameters: Its `.bicepparam` or ARM parameters file; None when the repository has none.
    """

    repository: Path
    project: str
    module: Path
    parameters: Path | None

    @property
    def name(self) -> str:
        """Path of the module, from the root of the repository."""
        return self.module.relative_to(self.repository).as_posix()

    @property
    def has_bicep_parameters(self) -> bool:
        """Whether the parameters are Bicep too, and read azd variables by themselves."""
        return self.parameters is not None and self.parameters.suffix == ".bicepparam"

    def mentions(self, variable: str) -> bool:
        """Whether the parameters read an azd variable.

        Raises:
            EvaluationError: The parameters are no text.
        """
        return variable in self.words()

    def words(self) -> set[str]:
        """All words of the parameters, among them every azd variable that they read."""
        return set(re.findall(r"\w+", _text(self.parameters))) if self.parameters else set()


def find_infrastructure(repository: Path) -> Infrastructure:
    """Find what azd would provision from a repository.

    Args:
        repository: Folder of azure.yaml, an absolute path without symbolic links.

    Raises:
        EvaluationError: There is nothing to evaluate; the message says what to do.
    """
    file = next((repository / name for name in AZURE_YAML if (repository / name).is_file()), None)
    if file is None:
        raise EvaluationError(
            f"{repository} has no azure.yaml: give the folder of an azd repository, or run azd init"
        )
    project = _load(file)
    infra = _mapping(project.get("infra"), file, "infra")
    if (provider := infra.get("provider") or "bicep") != "bicep":
        raise EvaluationError(f"{file.name} uses {provider}: only Bicep can be evaluated")
    if infra.get("layers"):
        raise EvaluationError(f"{file.name} has infra.layers: set infra.path to the layer to plan")
    folder = (repository / str(infra.get("path") or "infra")).resolve()
    if not folder.is_relative_to(repository):
        raise EvaluationError(f"{file.name}: infra.path leaves the repository: {infra['path']}")
    stem = str(infra.get("module") or "main")
    shown = (folder / stem).relative_to(repository).as_posix()
    module, parameters = folder / f"{stem}.bicep", folder / f"{stem}.parameters.json"
    # Azd prefers the parameters in Bicep.
    if (in_bicep := folder / f"{stem}.bicepparam").is_file():
        module, parameters = _used_by(in_bicep, repository), in_bicep
    if not module.is_file():
        raise EvaluationError(
            f"there is no {shown}.bicep: write it, name it under infra in {file.name}, "
            "or let azd infra generate write it"
        )
    return Infrastructure(
        repository=repository,
        project=str(project.get("name") or repository.name),
        module=module,
        parameters=parameters if parameters.is_file() else None,
    )


def _used_by(parameters: Path, repository: Path) -> Path:
    """The module that a `.bicepparam` file is for."""
    using = re.search(r"^\s*using\s+'([^']+)'", _text(parameters), re.MULTILINE)
    module = (parameters.parent / using[1]).resolve() if using else None
    if module is None or module.suffix != ".bicep" or not module.is_relative_to(repository):
        raise EvaluationError(f"{parameters.name} uses no Bicep file of the repository")
    return module


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except ValueError as error:
        raise EvaluationError(f"{file.name} is no UTF-8 text") from error


def _load(file: Path) -> dict[str, Any]:
    import yaml

    try:
        return _mapping(yaml.safe_load(_text(file)), file, "the file")
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise EvaluationError(f"{file.name} is no YAML: {reason}") from error
    except RecursionError as error:
        raise EvaluationError(f"{file.name} is no YAML: it nests too deeply") from error


def _mapping(value: object, file: Path, what: str) -> dict[str, Any]:
    if not isinstance(value, dict | None):
        raise EvaluationError(f"{file.name}: {what} is no mapping of names to values")
    return value or {}
