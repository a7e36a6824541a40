"""Evaluates the infrastructure of an azd repository offline, as azd would hand it to Azure.

Substitution and conversion of `infra/main.parameters.json` follow azd's Bicep provider.
"""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azd_ai_scaffold.bicep import Bicep, BicepError, Compilation, Diagnostic
from azd_ai_scaffold.errors import ScaffoldError

# Stand for the real ones when the azd variables do not name them.
SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000001"
TENANT_ID = "00000000-0000-0000-0000-000000000002"
LOCATION = "swedencentral"

_RESTORE_ERRORS = ("BCP190", "BCP192")
_STRUCTURED = ("object", "secureobject", "array")
_VARIABLE = re.compile(r"\$\{(\w+)(?:(?::=|:-|=|-)([^}]*))?\}")


class EvaluationError(ScaffoldError):
    """The repository has no infrastructure that can be evaluated with these variables.

    Attributes:
        diagnostics: What the compiler found in the Bicep, when it refused that.
    """

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        errors = [found for found in diagnostics if found.level == "Error"] or list(diagnostics)
        # Of a module's error, what uses the module says only that it has one.
        errors.sort(key=lambda found: found.code == "BCP104")
        if errors:
            message += f": {errors[0]}"
        if errors[1:]:
            message += f" (and {len(errors) - 1} more)"
        super().__init__(message)
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource that a deployment would create or update.

    Attributes:
        body: The resource as ARM receives it, with `properties`, `tags`, `sku` and so on. What only
            Azure knows stays an expression in brackets.
    """

    body: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The full resource id."""
        return str(self.body["id"])

    @property
    def type(self) -> str:
        """The resource type, such as `Microsoft.KeyVault/vaults`."""
        return str(self.body["type"])

    def is_a(self, resource_type: str) -> bool:
        """Whether it is of a type; case does not matter, as in Azure."""
        return self.type.lower() == resource_type.lower()

    @property
    def name(self) -> str:
        """The name; a child's holds its parents' (`account/deployment`)."""
        return str(self.body["name"])

    @property
    def api_version(self) -> str:
        """The API version, such as `2026-02-01`."""
        return str(self.body["apiVersion"])

    @property
    def scope(self) -> str:
        """The id it is deployed to: subscription, resource group or the resource it extends."""
        # A name that only Azure knows leaves the id a call of one of three functions.
        if call := re.match(r"\[extensionResourceId\('([^']+)'", self.id):
            return call[1]
        if call := re.match(r"\[resourceId\('([^']+)', '([^']+)', '[\w.]+/", self.id):
            return f"/subscriptions/{call[1]}/resourceGroups/{call[2]}"
        if call := re.match(r"\[subscriptionResourceId\('([^']+)', '[\w.]+/", self.id):
            return f"/subscriptions/{call[1]}"
        return re.split(r"(?is)/(?:providers|resourceGroups)/(?!.*/providers/)", self.id)[0]

    @property
    def location(self) -> str | None:
        """The Azure region or `global`; None for types without one."""
        return self.body.get("location")

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags; empty when there are none."""
        return self.body.get("tags") or {}

    @property
    def properties(self) -> Mapping[str, Any]:
        """The `properties`; empty when there are none."""
        return self.body.get("properties") or {}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one azd environment would deploy.

    Attributes:
        resources: Resources in the order of the compiler's snapshot.
        outputs: Outputs of `main.bicep`; what only Azure knows stays an expression in brackets.
        diagnostics: What the compiler found, warnings included.
    """

    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]
    diagnostics: tuple[Diagnostic, ...]

    def of_type(self, resource_type: str) -> tuple[Resource, ...]:
        """Return the resources of one type; case does not matter, as in Azure."""
        return tuple(found for found in self.resources if found.is_a(resource_type))


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where a deployment goes: what the evaluation takes for the Azure that it does not ask.

    Attributes:
        subscription_id: Target subscription, a GUID; it is part of derived names.
        tenant_id: Its tenant, a GUID.
        location: Region of the deployment, and of the resource group if that is the target.
        name: Name of the deployment.
        resource_group: Target of a file with `targetScope = 'resourceGroup'`.
    """

    subscription_id: str = SUBSCRIPTION_ID
    tenant_id: str = TENANT_ID
    location: str = LOCATION
    name: str = "main"
    resource_group: str | None = None

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Deployment":
        """The target that azd variables name; what they leave open counts as the defaults."""
        name = variables.get("AZURE_ENV_NAME") or "main"
        return cls(
            subscription_id=variables.get("AZURE_SUBSCRIPTION_ID") or SUBSCRIPTION_ID,
            tenant_id=variables.get("AZURE_TENANT_ID") or TENANT_ID,
            location=variables.get("AZURE_LOCATION") or LOCATION,
            name=name,
            resource_group=variables.get("AZURE_RESOURCE_GROUP") or f"rg-{name}",
        )


def compile_infrastructure(bicep: Bicep, repository: Path) -> Compilation:
    """Compile `infra/main.bicep` of an azd repository.

    Raises:
        EvaluationError: It is missing or does not compile; carries the diagnostics.
    """
    return compile_file(bicep, repository / "infra" / "main.bicep", "infra/main.bicep")


def compile_file(bicep: Bicep, path: Path, name: str) -> Compilation:
    """Compile a `.bicep` or `.bicepparam` file, which errors call `name`.

    Raises:
        EvaluationError: It is missing or does not compile; carries the diagnostics.
    """
    try:
        compile_it = bicep.compile_params if path.suffix == ".bicepparam" else bicep.compile
        compilation = compile_it(path)
    except BicepError as error:
        raise EvaluationError(str(error)) from error
    if not compilation.success:
        if modules := _not_restored(compilation.diagnostics):
            raise EvaluationError(
                f"{name} uses modules that cannot be restored: {', '.join(modules)}: "
                f"run bicep restore {path} where the registry can be reached"
            )
        raise EvaluationError(f"{name} does not compile", compilation.diagnostics)
    return compilation


def _not_restored(diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    """References of the registry modules that the compiler could not get."""
    found = (
        re.search(r'artifact with reference "([^"]+)"', diagnostic.message)
        for diagnostic in diagnostics
        if diagnostic.code in _RESTORE_ERRORS
    )
    return sorted({reference[1] for reference in found if reference})


def resolve_parameters(
    parameters_file: Path, template: Mapping[str, Any], variables: Mapping[str, str]
) -> dict[str, Any]:
    """Resolve a `main.parameters.json` with azd variables.

    An unset or empty variable takes its default. A parameter that is JSON's null, or stays empty
    where the template has no default to overrule, is left out. Strings become what the template
    declares: int, bool, object or array; unlike azd, which drops it, a wrong one is refused.

    Args:
        parameters_file: The ARM parameters file with `${VAR}` and `${VAR=default}`.
        template: The compiled ARM template, whose parameter types count.
        variables: The azd environment, name to value.

    Returns:
        JSON values by parameter name.

    Raises:
        EvaluationError: The file is missing or not JSON, or a value does not fit its type.
    """
    resolved = {}
    for name, entry in _read_parameters(parameters_file).items():
        declared, default = declared_type(template, name)
        try:
            value, unset = _substitute(entry.get("value"), declared, variables)
            # Azd takes an empty string for a value only where the template's default is another.
            if value == "" and (unset or declared in ("int", "bool") or not default):
                continue
            value = _convert(value, declared)
        except ValueError as error:
            raise EvaluationError(f"{parameters_file.name}: parameter {name}: {error}") from error
        if value is not None:
            resolved[name] = value
    return resolved


def _read_parameters(file: Path) -> dict[str, dict[str, Any]]:
    """The entries of an ARM parameters file by name."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EvaluationError(f"{file} is no ARM parameters file: {error}") from error
    parameters = content.get("parameters") if isinstance(content, dict) else None
    if not isinstance(parameters, dict):
        raise EvaluationError(f"{file} is no ARM parameters file: it has no object `parameters`")
    for name, entry in parameters.items():
        if not isinstance(entry, dict):
            raise EvaluationError(
                f'{file.name}: parameter {name} is not of the form {{"value": …}}'
            )
    return parameters


def evaluate(
    bicep: Bicep,
    repository: Path,
    variables: Mapping[str, str],
    compilation: Compilation | None = None,
) -> Evaluation:
    """Evaluate what `azd provision` would deploy from a repository, without Azure.

    Args:
        bicep: A running Bicep process.
        repository: Folder with `infra/main.bicep` and `infra/main.parameters.json`.
        variables: The azd environment, name to value. Subscription and tenant count as fixed ids
            unless `AZURE_SUBSCRIPTION_ID` and `AZURE_TENANT_ID` name them.
        compilation: What `compile_infrastructure` gave for this repository, to save doing it again.

    Raises:
        EvaluationError: The repository or the variables are refused.
        BicepError: The Bicep process failed.
    """
    compiled = compilation or compile_infrastructure(bicep, repository)
    template = json.loads(compiled.template)
    parameters = repository / "infra" / "main.parameters.json"
    values = resolve_parameters(parameters, template, variables)
    return evaluate_template(bicep, compiled, values, Deployment.of(variables))


def evaluate_template(
    bicep: Bicep,
    compilation: Compilation,
    values: Mapping[str, Any],
    deployment: Deployment,
    name: str = "infra/main.bicep",
) -> Evaluation:
    """Evaluate a compiled template, which errors call `name`.

    Args:
        bicep: A running Bicep process.
        compilation: The template, compiled.
        values: JSON values by parameter name.
        deployment: Where it would be deployed.

    Raises:
        EvaluationError: The values do not fit the template.
        BicepError: The Bicep process failed.
    """
    # Bicep refuses a group that the template is not deployed to.
    to_group = "/deploymentTemplate.json" in json.loads(compilation.template)["$schema"]
    with tempfile.TemporaryDirectory(prefix="azd-ai-scaffold-") as folder:
        # The template is there already: evaluating the Bicep would compile it once more.
        Path(folder, "main.json").write_text(compilation.template, encoding="utf-8")
        parameters = Path(folder).resolve() / "main.bicepparam"
        text, starts = "using 'main.json'\n", {}
        for key, value in values.items():
            starts[text.count("\n") + 1] = key
            text += f"param {key} = {_bicep_literal(value)}\n"
        parameters.write_text(text, encoding="utf-8")
        try:
            snapshot = bicep.snapshot(
                parameters,
                subscription_id=deployment.subscription_id,
                tenant_id=deployment.tenant_id,
                location=deployment.location,
                deployment_name=deployment.name,
                resource_group=deployment.resource_group if to_group else None,
            )
        except BicepError as error:
            refused = bicep.compile_params(parameters)
            errors = [found for found in refused.diagnostics if found.level == "Error"]
            if not errors:
                raise EvaluationError(f"{name} cannot be evaluated: {error}") from error
            reasons = _refused_parameters(errors, starts)
            raise EvaluationError(f"the parameters do not fit {name}: {reasons}") from error
    return Evaluation(
        resources=tuple(map(Resource, snapshot["predictedResources"])),
        outputs=snapshot.get("outputs") or {},
        diagnostics=compilation.diagnostics,
    )


def _refused_parameters(errors: Sequence[Diagnostic], starts: Mapping[int, str]) -> str:
    """The first error by its parameter, instead of a line of a temporary file.

    Args:
        errors: What the compiler found in that file.
        starts: Parameters by the line where they start.
    """
    first, *more = errors
    start = max((line for line in starts if line <= first.line), default=None)
    reason = first.message if start is None else f"{starts[start]}: {first.message}"
    return f"{reason} (and {len(more)} more)" if more else reason


def _substitute(value: Any, declared: str, variables: Mapping[str, str]) -> tuple[Any, bool]:
    """Return the value with its variables replaced, and whether one of them is unset."""
    unset = False

    def replace(match: re.Match[str]) -> str:
        nonlocal unset
        name, default = match.groups()
        unset = unset or name not in variables
        return variables.get(name) or default or ""

    if isinstance(value, str) and declared in _STRUCTURED:
        return _VARIABLE.sub(replace, value), unset
    # Azd replaces in the JSON text: a quotation mark in a variable ends the string.
    return json.loads(_VARIABLE.sub(replace, json.dumps(value, ensure_ascii=False))), unset


def declared_type(template: Mapping[str, Any], name: str) -> tuple[str, Any]:
    """Return the ARM type of a parameter, in lower case, and its default; empty when undeclared."""
    declaration = template.get("parameters", {}).get(name, {})
    default = declaration.get("defaultValue")
    if reference := declaration.get("$ref"):
        declaration = template["definitions"][reference.removeprefix("#/definitions/")]
    return str(declaration.get("type", "")).lower(), default


def _convert(value: Any, declared: str) -> Any:
    if not isinstance(value, str):
        return value
    if declared == "int":
        if not re.fullmatch(r"[+-]?\d+", value):
            raise ValueError("the value is no whole number")
        return int(value)
    if declared == "bool":
        if value.lower() not in ("true", "false", "1", "0", "t", "f"):
            raise ValueError("the value is neither true nor false")
        return value.lower() in ("true", "1", "t")
    if declared in _STRUCTURED:
        parsed = json.loads(value)
        if parsed is not None and not isinstance(parsed, list if declared == "array" else dict):
            raise ValueError(f"the value is no JSON {declared}")
        return parsed
    return value


def _bicep_literal(value: Any) -> str:
    """Return a JSON value as Bicep writes it."""
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
        text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        return f"'{text}'"
    if isinstance(value, list):
        return "\n".join(["[", *map(_bicep_literal, value), "]"])
    if isinstance(value, dict):
        entries = (f"{_bicep_literal(key)}: {_bicep_literal(item)}" for key, item in value.items())
        return "\n".join(["{", *entries, "}"])
    if isinstance(value, float):
        return f"json('{value!r}')"  # Bicep has no literal for it
    return json.dumps(value)  # true, false, null or an integer
