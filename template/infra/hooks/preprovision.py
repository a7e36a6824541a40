"""Stops a provisioning that would fail late or take something away.

azd runs it before `azd provision`, with the variables of its environment. It says in one line what
is wrong and how to mend it.
"""

from __future__ import annotations

import http
import json
import os
import re
import sys
import urllib.parse
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from azure_rest import AzureRest, HookError, access_token

PROJECT = Path(__file__).resolve().parents[2]

# The network of each profile in infra/profiles.bicep; tests/test_hooks.py compares the two.
NETWORKS = {"dev": "none", "prod": "virtual-network"}

# The Consumption workload profile: steps of a quarter core, with two Gi of memory for each core.
CORE_STEP = Decimal("0.25")
MAX_CORES = Decimal(4)


def stored_environment_type(project: Path, environment_name: str) -> str:
    """Return what azd was told when it asked for the environment type, or an empty string."""
    config = project / ".azure" / environment_name / "config.json"
    try:
        answer = json.loads(config.read_text(encoding="utf-8"))
        return str(answer["infra"]["parameters"]["environmentType"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def environment_type(variables: Mapping[str, str], stored: str) -> str:
    """Return `dev` or `prod`: the variable, else the stored answer."""
    value = variables.get("AZURE_ENV_TYPE") or stored
    if not value:
        raise HookError(
            "AZURE_ENV_TYPE is not set: run `azd env set AZURE_ENV_TYPE dev` (or prod)."
        )
    if value not in NETWORKS:
        raise HookError(f"AZURE_ENV_TYPE is '{value}': set it to dev or prod.")
    return value


def check_container_size(variables: Mapping[str, str]) -> None:
    """Refuse a pair of cores and memory that the Consumption workload profile does not offer."""
    cpu = variables.get("CONTAINER_CPU", "")
    memory = variables.get("CONTAINER_MEMORY", "")
    if not cpu and not memory:
        return
    if not cpu or not memory:
        raise HookError("set CONTAINER_CPU and CONTAINER_MEMORY together, or neither of them.")
    gibibytes = memory.removesuffix("Gi")
    if not all(re.fullmatch(r"\d+(\.\d+)?", number) for number in (cpu, gibibytes)):
        raise HookError(
            f"CONTAINER_CPU '{cpu}' and CONTAINER_MEMORY '{memory}' are not like 0.5 and 1.0Gi."
        )
    cores = Decimal(cpu)
    exists = CORE_STEP <= cores <= MAX_CORES and cores % CORE_STEP == 0
    if not exists or Decimal(gibibytes) != 2 * cores:
        raise HookError(
            f"CONTAINER_CPU {cpu} with CONTAINER_MEMORY {memory} does not exist: cores go from "
            "0.25 to 4 in steps of 0.25, and memory in Gi is twice the cores."
        )


def mapped_variables(project: Path) -> list[str]:
    """Return the azd variables that infra/main.parameters.json hands to Bicep."""
    parameters = (project / "infra" / "main.parameters.json").read_text(encoding="utf-8")
    return re.findall(r"\$\{(\w+)", parameters)


def check_texts(variables: Mapping[str, str], project: Path) -> None:
    """Refuse a value that azd, which writes it between quotation marks, would take for JSON."""
    for name in mapped_variables(project):
        value = variables.get(name, "")
        if name != "AZURE_TAGS" and re.search(r'["\\\x00-\x1f]', value):
            raise HookError(f"{name} holds a quotation mark, a backslash or a line break.")


def check_capacities(variables: Mapping[str, str], project: Path) -> None:
    """Refuse a capacity that is no whole number; 0, like an empty one, is the profile's."""
    for name in mapped_variables(project):
        value = variables.get(name, "")
        if name.endswith("_CAPACITY") and not re.fullmatch(r"[0-9]{0,9}", value):
            raise HookError(f"{name} is '{value}': set it to a whole number like 30.")


def check_tags(variables: Mapping[str, str]) -> None:
    """Refuse tags that are not a JSON object of strings."""
    value = variables.get("AZURE_TAGS", "")
    if not value:
        return
    try:
        tags = json.loads(value)
    except ValueError:
        tags = None
    if not isinstance(tags, dict) or not all(isinstance(tag, str) for tag in tags.values()):
        raise HookError('AZURE_TAGS is not a JSON object of strings like {"team": "core"}.')


def check_resource_token(variables: Mapping[str, str]) -> None:
    """Refuse a token that would make a resource name illegal."""
    token = variables.get("AZURE_RESOURCE_TOKEN", "")
    if token and not re.fullmatch(r"[a-z0-9]{3,16}", token):
        raise HookError(
            f"AZURE_RESOURCE_TOKEN '{token}' is not 3 to 16 lowercase letters and digits."
        )


def check_network(variables: Mapping[str, str], kind: str) -> None:
    """Refuse to change the network of a Container Apps environment that exists."""
    deployed = variables.get("AZURE_CONTAINER_APPS_ENVIRONMENT_NETWORK", "")
    needed = NETWORKS[kind]
    if deployed and deployed != needed:
        raise HookError(
            f"the Container Apps environment has network '{deployed}', AZURE_ENV_TYPE {kind} needs "
            f"'{needed}', and it cannot change: make a new azd environment."
        )


def container_app_services(project: Path) -> list[str]:
    """Return the services of azure.yaml that run as container apps."""
    flags = [
        re.fullmatch(r"SERVICE_(\w+)_RESOURCE_EXISTS", name) for name in mapped_variables(project)
    ]
    return [flag[1].lower().replace("_", "-") for flag in flags if flag]


def check_apps(
    services: Iterable[str],
    apps: Iterable[Mapping[str, Any]],
    expected_group: str,
    azd_groups: list[str],
) -> None:
    """Refuse when azd would not find an app that exists, and so roll it back to the placeholder.

    azd sets SERVICE_*_RESOURCE_EXISTS after this hook: any failure of its look-up becomes false.

    Args:
        services: the services of azure.yaml that run as container apps.
        apps: the container apps of `expected_group`, each with `name` and `tags`.
        expected_group: the resource group that infra/main.bicep deploys to.
        azd_groups: the resource groups in which azd would look; it needs exactly one.
    """
    apps = list(apps)
    if not apps:
        return
    if [group.lower() for group in azd_groups] != [expected_group.lower()]:
        raise HookError(
            f"container apps exist in {expected_group}, but azd would look in "
            f"{' and '.join(azd_groups) or 'no group'} and reset them to the placeholder image: "
            f"run `azd env set AZURE_RESOURCE_GROUP {expected_group}`."
        )
    for service in services:
        named = [
            app for app in apps if app["name"].startswith(f"ca-{service.removesuffix('-service')}-")
        ]
        tagged = [app for app in apps if (app.get("tags") or {}).get("azd-service-name") == service]
        if (named or tagged) and len(tagged) != 1:
            raise HookError(
                f"{len(tagged)} container apps in {expected_group} have the tag "
                f"azd-service-name={service}, azd needs exactly one: mend the tag, or azd would "
                "reset the app to the placeholder image."
            )


class ResourceManager:
    """What exists in a subscription."""

    def __init__(self, subscription: str, rest: AzureRest) -> None:
        self._root = f"/subscriptions/{subscription}"
        self._rest = rest

    def container_apps(self, group: str) -> list[dict[str, Any]]:
        """Return the container apps of a resource group; none when the group does not exist."""
        return self._list(
            f"/resourceGroups/{urllib.parse.quote(group)}/resources",
            "resourceType eq 'Microsoft.App/containerApps'",
        )

    def groups_of_environment(self, name: str) -> list[str]:
        """Return the resource groups that azd takes for those of the environment."""
        groups = self._list(
            "/resourcegroups", f"tagName eq 'azd-env-name' and tagValue eq '{name}'"
        )
        return [group["name"] for group in groups if not group.get("managedBy")]

    def _list(self, path: str, condition: str) -> list[dict[str, Any]]:
        query = urllib.parse.urlencode({"api-version": "2021-04-01", "$filter": condition})
        target = f"{self._root}{path}?{query}"
        items: list[dict[str, Any]] = []
        while target:
            status, page = self._rest.call("GET", target)
            if status == http.HTTPStatus.NOT_FOUND:
                return []
            if status != http.HTTPStatus.OK:
                raise HookError(
                    f"Azure answers {status} when asked what exists in the subscription."
                )
            items += page["value"]
            following = urllib.parse.urlsplit(page.get("nextLink") or "")
            target = f"{following.path}?{following.query}" if following.path else ""
        return items


def look_up_apps(variables: Mapping[str, str], project: Path) -> None:
    """Look in Azure whether azd will find the container apps that exist."""
    subscription = variables.get("AZURE_SUBSCRIPTION_ID", "")
    name = variables.get("AZURE_ENV_NAME", "")
    if not subscription or not name:
        return  # Nothing was ever provisioned: azd has not asked for them yet.
    group = f"rg-{name}"
    try:
        azure = ResourceManager(subscription, AzureRest(access_token()))
        apps = azure.container_apps(group)
        configured = variables.get("AZURE_RESOURCE_GROUP", "")
        azd_groups = [configured] if configured else azure.groups_of_environment(name)
    except (KeyError, TypeError) as error:
        raise HookError(f"Azure's answer lacks {error}: try again.") from error
    check_apps(container_app_services(project), apps, group, azd_groups)


def check(variables: Mapping[str, str], project: Path) -> None:
    """Run all checks, the local ones first."""
    stored = stored_environment_type(project, variables.get("AZURE_ENV_NAME", ""))
    kind = environment_type(variables, stored)
    check_texts(variables, project)
    check_container_size(variables)
    check_capacities(variables, project)
    check_tags(variables)
    check_resource_token(variables)
    check_network(variables, kind)
    look_up_apps(variables, project)


def main() -> int:
    """Return the exit code: 1 with one line on standard error when provisioning must stop."""
    try:
        check(os.environ, PROJECT)
    except HookError as reason:
        print(f"preprovision: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
