"""Makes the plan of a repository: one evaluation for each of its profiles."""

import dataclasses
import difflib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from azd_ai_scaffold.bicep import Bicep, Compilation
from azd_ai_scaffold.evaluation import (
    LOCATION,
    Deployment,
    EvaluationError,
    Resource,
    compile_file,
    declared_type,
    evaluate_template,
    resolve_parameters,
)
from azd_ai_scaffold.plan.infrastructure import Infrastructure, find_infrastructure
from azd_ai_scaffold.plan.model import Plan, Profile
from azd_ai_scaffold.plan.summary import counted
from azd_ai_scaffold.plan.unknown import unknown_values
from azd_ai_scaffold.plan.variables import (
    OF_DEPLOYMENT,
    TARGETS,
    Variables,
    allowed_words,
    mask,
    placeholder,
)

PROFILES = ("dev", "prod")
DEFAULT = "default"
PROFILE_VARIABLE = "AZURE_ENV_TYPE"

# What a parameter's type leaves to the template: only a text can have a placeholder.
_TEXT = ("string", "securestring")
_LIMITS = {"minLength", "maxLength", "minValue", "maxValue"}
# A process that evaluates needs these; everything else of the shell stays outside.
_PROCESS = ("PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")


def plan_repository(
    repository: Path, variables: Variables, *, profiles: tuple[str, ...] = (), bicep: Bicep
) -> Plan:
    """Evaluate a repository as it is on the disk; nothing is written into it.

    Args:
        repository: Folder of azure.yaml.
        variables: The azd variables.
        profiles: Which profiles; by default the one that the variables name, else all.
        bicep: A running Bicep process.

    Raises:
        EvaluationError: There is nothing to evaluate, or Bicep refuses it.
        BicepError: The Bicep process failed.
    """
    infrastructure = find_infrastructure(repository.resolve())
    variables = variables.with_default(AZURE_ENV_NAME=infrastructure.project)
    evaluator = _Evaluator(bicep, infrastructure)
    if profiles and not evaluator.has_profiles:
        raise EvaluationError(
            f"{infrastructure.project} has no profiles: no parameter takes dev or prod from "
            f"{PROFILE_VARIABLE}"
        )
    chosen = variables.values.get(PROFILE_VARIABLE)
    if not evaluator.has_profiles or (chosen and not profiles and chosen not in PROFILES):
        return Plan(infrastructure.project, (evaluator.profile(DEFAULT, variables),))
    names = profiles or ((chosen,) if chosen else PROFILES)
    return Plan(
        infrastructure.project,
        tuple(
            evaluator.profile(name, variables.with_value(PROFILE_VARIABLE, name)) for name in names
        ),
    )


class _Evaluator:
    """A compiled repository, which is evaluated for one profile after the other."""

    def __init__(self, bicep: Bicep, infrastructure: Infrastructure) -> None:
        self.bicep = bicep
        self.infrastructure = infrastructure
        self.compilation = compile_file(bicep, infrastructure.module, infrastructure.name)
        self.template = json.loads(self.compilation.template)
        self.public = set(allowed_words(self.template))

    @property
    def has_profiles(self) -> bool:
        """Whether the repository distinguishes `dev` from `prod` as this project's do."""
        return set(PROFILES) <= self.public and self.infrastructure.mentions(PROFILE_VARIABLE)

    def profile(self, name: str, variables: Variables) -> Profile:
        """Evaluate one profile without the values that are hidden."""
        given, region = variables, _default_location(self.template)
        variables = variables.with_default(AZURE_LOCATION=region)
        values = variables.placeholders(self.public)
        base, missing = self._evaluate(variables, values)
        read = [
            hidden
            for hidden in sorted(variables.hidden)
            if values[hidden] != variables.values[hidden] and self._reads(hidden)
        ]
        found = base
        for number in set(read).intersection(variables.numbers(self.public)):
            values = variables.placeholders(self.public, other=number)
            other, _ = self._evaluate(variables, values)
            if len(other["resources"]) != len(base["resources"]):
                raise EvaluationError(
                    f"{number} decides which resources there are: add --show {number}"
                )
            found = _hide_differences(found, base, other, placeholder(number))
        found = mask(found, variables.targets())
        resources = tuple(Resource(body) for body in found["resources"])
        return Profile(
            name=name,
            resources=resources,
            outputs=found["outputs"],
            unknown=tuple(unknown_values(resources)),
            notes=(
                *_notes(variables, read, missing, self.compilation),
                *_notes_on_variables(given, region, self.infrastructure),
            ),
        )

    def _reads(self, variable: str) -> bool:
        return variable not in TARGETS and self.infrastructure.mentions(variable)

    def _evaluate(
        self, variables: Variables, values: Mapping[str, str]
    ) -> tuple[dict[str, Any], list[str]]:
        """Resources and outputs with these azd variables, and the parameters that nothing gives."""
        real = {name: variables.values[name] for name in TARGETS if name in variables.values}
        compilation = self.compilation
        try:
            parameters = self._parameters(values)
            missing = _missing(self.template, parameters)
            if missing or variables.hidden:
                # A placeholder is no proof that the value is too long or too big.
                text = json.dumps(_without_limits(self.template))
                compilation = dataclasses.replace(compilation, template=text)
            evaluation = evaluate_template(
                self.bicep,
                compilation,
                parameters | {name: placeholder(name) for name in missing},
                Deployment.of({**values, **real}),
                self.infrastructure.name,
            )
        except EvaluationError as error:
            hidden = ", ".join(name for name in sorted(variables.hidden) if self._reads(name))
            if not hidden:
                raise
            raise EvaluationError(
                f"{error} (with placeholders for {hidden}: --show NAME takes the value)"
            ) from error
        bodies = [dict(resource.body) for resource in evaluation.resources]
        return {"resources": bodies, "outputs": dict(evaluation.outputs)}, missing

    def _parameters(self, values: Mapping[str, str]) -> dict[str, Any]:
        """JSON values of the parameters by name, with azd variables as given."""
        file = self.infrastructure.parameters
        if file is None:
            return {}
        if not self.infrastructure.has_bicep_parameters:
            return resolve_parameters(file, self.template, values)
        process = {name: os.environ[name] for name in _PROCESS if name in os.environ}
        with Bicep(environment={**process, **values}) as bicep:
            shown = file.relative_to(self.infrastructure.repository).as_posix()
            compiled = compile_file(bicep, file, shown)
        declared = json.loads(compiled.parameters)["parameters"]
        return {name: entry["value"] for name, entry in declared.items() if "value" in entry}


def _default_location(template: Mapping[str, Any]) -> str:
    """The region that azd would propose: in the metadata of a parameter, or else any."""
    for declaration in template.get("parameters", {}).values():
        azd = declaration.get("metadata", {}).get("azd", {})
        if azd.get("type") == "location" and isinstance(azd.get("default"), str):
            return str(azd["default"])
    return LOCATION


def _missing(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[str]:
    """Parameters without a value for which a text can stand.

    Raises:
        EvaluationError: A parameter of another type has none.
    """
    missing = [
        name
        for name, declaration in template.get("parameters", {}).items()
        if name not in parameters
        and "defaultValue" not in declaration
        and not declaration.get("nullable")
    ]
    for name in missing:
        declaration = template["parameters"][name]
        declared, _ = declared_type(template, name)
        if declared not in _TEXT or "allowedValues" in declaration or "$ref" in declaration:
            raise EvaluationError(
                f"parameters without a value: {', '.join(missing)}: give them defaults, or azd "
                "variables in the parameters file, which --set KEY=VALUE or --env NAME fill"
            )
    return missing


def _without_limits(template: Any) -> Any:
    """A template whose parameters take values of any length and size."""
    if isinstance(template, list):
        return [_without_limits(item) for item in template]
    if not isinstance(template, dict):
        return template
    drop = _LIMITS if isinstance(template.get("type"), str) else set()
    return {key: _without_limits(item) for key, item in template.items() if key not in drop}


def _hide_differences(found: Any, base: Any, other: Any, stand_in: str) -> Any:
    """A JSON value with the stand-in wherever two evaluations, base and other, differ."""
    if base == other:
        return found
    # What was hidden before is no container any more.
    if isinstance(found, dict) and isinstance(other, dict) and base.keys() == other.keys():
        return {
            key: _hide_differences(item, base[key], other[key], stand_in)
            for key, item in found.items()
        }
    if isinstance(found, list) and isinstance(other, list) and len(base) == len(other):
        triples = zip(found, base, other, strict=True)
        return [_hide_differences(*triple, stand_in) for triple in triples]
    return stand_in


def _notes(
    variables: Variables, hidden: list[str], missing: list[str], compilation: Compilation
) -> Iterator[str]:
    """What the evaluation assumed, a sentence each."""
    if hidden:
        yield f"placeholders stand for {', '.join(hidden)}: --show NAME takes the value"
    if missing:
        yield f"nothing gives these parameters a value: {', '.join(missing)}"
    if not variables.values.get("AZURE_SUBSCRIPTION_ID"):
        yield "names derived from the subscription are those of an example: no subscription is set"
    warnings = sum(found.level == "Warning" for found in compilation.diagnostics)
    if warnings:
        yield f"Bicep has {counted(warnings, 'warning')}: bicep build lists them"


def _notes_on_variables(
    variables: Variables, region: str, infrastructure: Infrastructure
) -> Iterator[str]:
    """Variables that are set without an effect, or not set."""
    words = infrastructure.words()
    for name in sorted(variables.settings - words - {*OF_DEPLOYMENT}):
        close = difflib.get_close_matches(name, words, n=1, cutoff=0.8)
        hint = f": did you mean {close[0]}?" if close else ""
        yield f"--set {name} changes nothing, because the parameters do not read it{hint}"
    if not variables.values.get("AZURE_LOCATION"):
        yield f"AZURE_LOCATION is not set: shown for {region}"
