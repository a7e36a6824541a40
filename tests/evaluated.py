"""Evaluated environments of renderings: one Bicep process a worker, one compilation an `infra/`."""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from azd_ai_scaffold.bicep import Bicep, Compilation, find_bicep
from azd_ai_scaffold.evaluation import Evaluation, Resource, compile_file, evaluate
from tests.programs import missing
from tests.rendering import ROOT

DEVELOPER = "11111111-2222-3333-4444-555555555555"
API_CLIENT_ID = "66666666-7777-8888-9999-000000000000"

# A certificate in a vault of somebody else.
CERTIFICATE = {
    "AZURE_TLS_KEY_VAULT_ID": "/subscriptions/00000000-0000-0000-0000-000000000009"
    "/resourceGroups/rg-shared/providers/Microsoft.KeyVault/vaults/kv-certificates",
    "AZURE_TLS_SECRET_NAME": "ai-example-com",
}

# What azd calls a workload, by what the answers call it.
WORKLOADS = {
    "api-gateway": "api-gateway",
    "chat": "chat-service",
    "vision": "vision-service",
    "text": "text-service",
}

_compilations: dict[tuple[str, str], Compilation] = {}


@functools.cache
def running_bicep() -> Bicep:
    """The Bicep process of this worker; without Bicep the test is skipped, or fails in the gate."""
    if find_bicep() is None:
        missing("Bicep (https://aka.ms/bicep-install or `az bicep install`; PATH or BICEP_PATH)")
    return Bicep(timeout=120)


@functools.cache
def table(name: str) -> dict[str, Any]:
    """A hidden answer of the template, such as `dev_sizes`."""
    tables: dict[str, Any] = {}
    for file in sorted((ROOT / "tables").glob("*.yml")):
        tables |= yaml.safe_load(file.read_text())
    found: dict[str, Any] = tables[name]["default"]
    return found


@dataclass(frozen=True)
class Environment:
    """One azd environment of a rendering, evaluated."""

    repository: Path
    variables: Mapping[str, str]
    compilation: Compilation
    evaluation: Evaluation

    @cached_property
    def answers(self) -> dict[str, Any]:
        """The answers of the rendering."""
        found: dict[str, Any] = yaml.safe_load(
            (self.repository / ".copier-answers.yml").read_text()
        )
        return found

    @property
    def services(self) -> list[str]:
        """The selected AI services."""
        return list(self.answers.get("services", []))

    @property
    def event_driven(self) -> bool:
        """Whether this is the pattern with the function app instead of container apps."""
        return bool(self.answers["pattern"] == "event-driven")

    @property
    def capabilities(self) -> list[str]:
        """The AI services that are called, whatever the pattern."""
        return ["chat", "text"] if self.event_driven else self.services

    @property
    def kind(self) -> str:
        """`dev` or `prod`."""
        return self.variables["AZURE_ENV_TYPE"]

    @property
    def network(self) -> str:
        """`none`, `virtual-network` or `private`: what the answer means for this type."""
        answer = self.answers["network"]
        if answer == "private" or (answer == "private-prod" and self.kind == "prod"):
            return "private"
        # Zone redundancy of Container Apps needs a network; functions have it without one.
        zones = self.kind == "prod" and not self.event_driven
        return "virtual-network" if zones else "none"

    @property
    def edge(self) -> str:
        """What stands in front; `none` also where the answered edge is off."""
        variable = self.variables.get("AZURE_EDGE_ENABLED")
        on = variable == "true" if variable else self.kind == "prod"
        return str(self.answers.get("edge", "none")) if on else "none"

    @property
    def size(self) -> dict[str, Any]:
        """What the size answer of this environment type means."""
        row: dict[str, Any] = table(f"{self.kind}_sizes")[self.answers[f"{self.kind}_size"]]
        return row

    @cached_property
    def template(self) -> dict[str, Any]:
        """The compiled ARM template."""
        found: dict[str, Any] = json.loads(self.compilation.template)
        return found

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All resources of the snapshot."""
        return self.evaluation.resources

    def all(self, kind: str) -> tuple[Resource, ...]:
        """The resources of one type."""
        return self.evaluation.of_type(kind)

    def one(self, kind: str) -> Resource:
        """The only resource of a type."""
        found = self.all(kind)
        assert len(found) == 1, f"{len(found)} × {kind}"
        return found[0]

    @cached_property
    def apps(self) -> dict[str, Resource]:
        """Container apps by azd service name."""
        return {
            app.tags.get("azd-service-name", app.name): app
            for app in self.all("Microsoft.App/containerApps")
        }

    @cached_property
    def workload_of_identity(self) -> dict[str, str]:
        """Azd service name by the id of the identity that its app bears."""
        workloads = [
            *self.apps.values(),
            *self.all("Microsoft.Web/sites"),
            *self.all("Microsoft.Network/applicationGateways"),
        ]
        return {
            identity: app.tags.get("azd-service-name", "application-gateway")
            for app in workloads
            for identity in app.body.get("identity", {}).get("userAssignedIdentities", {})
        }

    def label(self, resource: Resource) -> str:
        """A name of a resource that does not depend on the token: last type, and what it is."""
        kind = resource.type.rpartition("/")[2]
        which = resource.tags.get("azd-service-name") or ""
        if kind in ("containers", "tables", "queues", "eventhubs"):
            which = resource.name.rpartition("/")[2]
        if kind == "accounts":
            which = resource.body["kind"]
        if kind == "userAssignedIdentities":
            which = self.workload_of_identity.get(resource.id, resource.name)
        if kind in ("diagnosticSettings", "roleAssignments"):
            which = resource.scope.rpartition("/")[2]
        return f"{kind}:{which}" if which else kind


def infrastructure_digest(repository: Path) -> str:
    """What tells one `infra/` from another: its Bicep and JSON files."""
    digest = hashlib.sha256()
    for file in sorted((repository / "infra").rglob("*")):
        if file.suffix in (".bicep", ".json"):
            digest.update(f"{file.relative_to(repository)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def compiled(repository: Path, file: str = "main.bicep") -> Compilation:
    """The compilation of a file of a rendering; done once for all with the same `infra/`."""
    key = (infrastructure_digest(repository), file)
    if key not in _compilations:
        path = repository / "infra" / file
        _compilations[key] = compile_file(running_bicep(), path, f"infra/{file}")
    return _compilations[key]


def variables(kind: str, location: str, **more: str) -> dict[str, str]:
    """The azd variables of an environment of a type, as azd sets them for a signed-in developer."""
    return {
        "AZURE_ENV_NAME": f"demo-{kind}",
        "AZURE_LOCATION": location,
        "AZURE_ENV_TYPE": kind,
        "AZURE_PRINCIPAL_ID": DEVELOPER,
        "AZURE_PRINCIPAL_TYPE": "User",
        "AZURE_API_CLIENT_ID": API_CLIENT_ID,
        **more,
    }


# The parts of a template that another file may import.
IMPORTABLE = ("definitions", "functions", "variables")


def compiled_with(changed: Path, file: str, original: Path) -> Compilation:
    """The compilation of a copy of a rendering in which one file of `infra/` was changed.

    A template contains the templates of its modules. A module is therefore compiled alone and put
    in place of the original, in a tenth of the time. The rest is compiled again where the file is
    no module, or where what others may import from it was changed.
    """
    if file.endswith(".bicep"):
        whole = compiled(original)
        template = json.loads(whole.template)
        before = json.loads(compiled(original, file).template)
        module = compile_file(running_bicep(), changed / "infra" / file, f"infra/{file}")
        after = json.loads(module.template)
        result = replaced(template, before, after)
        if result != template and all(before.get(part) == after.get(part) for part in IMPORTABLE):
            return Compilation(True, whole.diagnostics + module.diagnostics, json.dumps(result))
    return compiled(changed)


def replaced(value: Any, old: Any, new: Any) -> Any:
    """A JSON value with another in each place where the old one is."""
    if value == old:
        return new
    if isinstance(value, dict):
        return {key: replaced(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    return value


def environment(
    repository: Path, kind: str, compilation: Compilation | None = None, **more: str
) -> Environment:
    """Evaluate a rendering as `dev` or `prod`, in the region of its answers."""
    answers = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    if answers.get("edge") == "application-gateway":
        more = CERTIFICATE | more
    values = variables(kind, answers["location"], **more)
    compilation = compilation or compiled(repository)
    evaluation = evaluate(running_bicep(), repository, values, compilation)
    return Environment(repository, values, compilation, evaluation)
