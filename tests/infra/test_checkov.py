"""checkov finds nothing in what would be deployed, and finds each weakness that is planted.

It reads the evaluated resources: on expressions it passes silently. One process reads them all.
"""

import copy
import json
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.evaluated import environment, running_bicep

pytestmark = pytest.mark.xdist_group("checkov")

# By type of resource and check: where it does not hold, and why.
EXCEPTIONS: dict[str, dict[str, tuple[str, str]]] = yaml.safe_load(
    Path(__file__).with_name("checkov_exceptions.yml").read_text()
)
NETWORKS: list[object] = ["public", "private-prod", "private"]
EDGES: list[object] = ["none", "application-gateway", "front-door"]
CASES: list[dict[str, object]] = [
    *({"edge": edge, "network": network} for edge in EDGES for network in NETWORKS),
    *({"pattern": "event-driven", "network": network} for network in NETWORKS),
    *({"pattern": "event-driven", "edge": "front-door", "network": name} for name in NETWORKS),
    *(
        {"pattern": "event-driven", "edge": "application-gateway", "network": name}
        for name in NETWORKS[1:]
    ),
]


def open_port(port: str) -> list[dict[str, object]]:
    """The rules of a network security group that lets everybody in at a port."""
    rule = {
        "access": "Allow",
        "direction": "Inbound",
        "protocol": "Tcp",
        "priority": 100,
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": port,
    }
    return [{"name": "open", "properties": rule}]


ACCOUNT = "Microsoft.CognitiveServices/accounts"
APP = "Microsoft.Web/sites"
CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers"
NETWORK = "Microsoft.Network/virtualNetworks"
REGISTRY = "Microsoft.ContainerRegistry/registries"
SECURITY_GROUP = "Microsoft.Network/networkSecurityGroups"
STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"

# By check: type of resource, path of what is weakened, and the value that it must find. The checks
# are all that hold for us; rules.py and its siblings see what checkov has no check for, such as
# keys of Service Bus, a firewall that only detects, or a container app over plain HTTP.
WEAKNESSES: dict[str, tuple[str, str, object]] = {
    "CKV_AZURE_9": (SECURITY_GROUP, "properties/securityRules", open_port("3389")),
    "CKV_AZURE_10": (SECURITY_GROUP, "properties/securityRules", open_port("22")),
    "CKV_AZURE_160": (SECURITY_GROUP, "properties/securityRules", open_port("80")),
    "CKV_AZURE_182": (NETWORK, "properties/dhcpOptions/dnsServers", ["10.10.0.4"]),
    "CKV_AZURE_183": (NETWORK, "properties/dhcpOptions/dnsServers", ["192.0.2.1", "192.0.2.2"]),
    "CKV_AZURE_218": (
        "Microsoft.Network/applicationGateways",
        "properties/sslPolicy/policyName",
        "AppGwSslPolicy20150501",
    ),
    "CKV_AZURE_123": (
        "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
        "properties/policySettings/enabledState",
        "Disabled",
    ),
    "CKV_AZURE_3": (STORAGE, "properties/supportsHttpsTrafficOnly", False),
    "CKV_AZURE_35": (STORAGE, "properties/networkAcls/defaultAction", "Allow"),
    "CKV_AZURE_36": (STORAGE, "properties/networkAcls/bypass", "None"),
    "CKV_AZURE_43": (STORAGE, "name", "Not-A-Name"),
    "CKV_AZURE_44": (STORAGE, "properties/minimumTlsVersion", "TLS1_0"),
    "CKV_AZURE_59": (STORAGE, "properties/publicNetworkAccess", "Enabled"),
    "CKV_AZURE_34": (CONTAINER, "properties/publicAccess", "Blob"),
    "CKV_AZURE_42": (VAULT, "properties/enableSoftDelete", False),
    "CKV_AZURE_109": (VAULT, "properties/networkAcls/defaultAction", "Allow"),
    "CKV_AZURE_110": (VAULT, "properties/enablePurgeProtection", False),
    "CKV_AZURE_111": (VAULT, "properties/enableSoftDelete", False),
    "CKV_AZURE_189": (VAULT, "properties/publicNetworkAccess", "Enabled"),
    "CKV_AZURE_134": (ACCOUNT, "properties/publicNetworkAccess", "Enabled"),
    "CKV_AZURE_236": (ACCOUNT, "properties/disableLocalAuth", False),
    "CKV_AZURE_137": (REGISTRY, "properties/adminUserEnabled", True),
    "CKV_AZURE_138": (REGISTRY, "properties/anonymousPullEnabled", True),
    "CKV_AZURE_163": (REGISTRY, "sku/name", "Basic"),
    "CKV_AZURE_233": (REGISTRY, "properties/zoneRedundancy", "Disabled"),
    "CKV_AZURE_223": ("Microsoft.EventHub/namespaces", "properties/minimumTlsVersion", "1.0"),
    "CKV_AZURE_225": ("Microsoft.Web/serverfarms", "properties/zoneRedundant", False),
    "CKV_AZURE_14": (APP, "properties/httpsOnly", False),
    "CKV_AZURE_70": (APP, "properties/httpsOnly", False),
    "CKV_AZURE_153": (APP, "properties/httpsOnly", False),
    "CKV_AZURE_15": (APP, "properties/siteConfig/minTlsVersion", "1.0"),
    "CKV_AZURE_145": (APP, "properties/siteConfig/minTlsVersion", "1.0"),
    "CKV_AZURE_18": (APP, "properties/siteConfig/http20Enabled", False),
    "CKV_AZURE_67": (APP, "properties/siteConfig/http20Enabled", False),
    "CKV_AZURE_57": (APP, "properties/siteConfig/cors/allowedOrigins", ["*"]),
    "CKV_AZURE_62": (APP, "properties/siteConfig/cors/allowedOrigins", ["*"]),
    "CKV_AZURE_72": (APP, "properties/siteConfig/remoteDebuggingEnabled", True),
    "CKV_AZURE_155": (APP, "properties/siteConfig/remoteDebuggingEnabled", True),
    "CKV_AZURE_16": (APP, "identity", {}),
    "CKV_AZURE_71": (APP, "identity", {}),
}

# Checks that nothing of ours can fail, and why.
VACUOUS = {"CKV_AZURE_56": "it judges the settings of Easy Auth, which no app has"}

Findings = dict[str, set[tuple[str, str]]]


@dataclass(frozen=True)
class Report:
    """By file, the type of resource and the check of each finding."""

    failed: Findings
    passed: Findings


def written(file: Path, resources: list[dict[str, Any]]) -> None:
    """Write resources as a template that has nothing left to evaluate."""
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    template = {"$schema": schema, "contentVersion": "1.0.0.0", "resources": resources}
    file.write_text(json.dumps(template, indent=1))


def weakened(resource: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of a resource with a value at a path such as `properties/sslPolicy`."""
    copied = copy.deepcopy(resource)
    place = copied
    *parents, last = path.split("/")
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    return copied


def findings(report: dict[str, Any], outcome: str) -> Findings:
    """By file, the type of resource and the check of an outcome."""
    found: Findings = defaultdict(set)
    for check in report["results"][f"{outcome}_checks"]:
        resource_type = re.match(r"Microsoft\.\w+[\w/]*", check["resource"])
        assert resource_type, check["resource"]
        found[Path(check["file_path"]).stem].add((resource_type[0], check["check_id"]))
    return found


@pytest.fixture(scope="module")
def report(rendering: Render, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What checkov says about each environment, and about each planted weakness."""
    running_bicep()
    folder = tmp_path_factory.mktemp("checkov")
    planted = dict(WEAKNESSES)
    for number, answers in enumerate(CASES):
        for kind in ("dev", "prod"):
            evaluated = environment(rendering(answers), kind)
            where = f"{kind}-{'closed' if evaluated.network == 'private' else 'open'}"
            bodies = [dict(resource.body) for resource in evaluated.resources]
            written(folder / f"case-{number}-{where}.json", bodies)
            if where != "prod-closed":
                continue
            for check, (resource_type, path, value) in list(planted.items()):
                if weak := [
                    weakened(body, path, value) for body in bodies if body["type"] == resource_type
                ]:
                    written(folder / f"weakness-{check}.json", weak)
                    del planted[check]
    assert not planted
    # By uv: its many pinned dependencies stay out of the environment of the tests.
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "tool", "run", "--from", "checkov>=3.2,<4", "checkov", "--skip-download"]
    options = ["--framework", "arm", "--soft-fail", "--output", "json"]
    done = subprocess.run(
        [*command, "--directory", str(folder), *options], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert results["summary"]["parsing_errors"] == 0
    return Report(findings(results, "failed"), findings(results, "passed"))


def environments(found: Findings) -> dict[str, set[tuple[str, str]]]:
    """The findings about what would be deployed."""
    return {name: checks for name, checks in found.items() if name.startswith("case-")}


def test_no_check_fails_but_the_exceptions(report: Report) -> None:
    for name, checks in environments(report.failed).items():
        for resource_type, check in sorted(checks):
            where, _ = EXCEPTIONS.get(resource_type, {}).get(check, ("", ""))
            assert where == "everywhere" or where in name.split("-"), (
                f"{name}: {resource_type} fails {check}"
            )


def test_every_exception_is_needed_where_it_says(report: Report) -> None:
    for resource_type, checks in EXCEPTIONS.items():
        for check, (where, reason) in checks.items():
            # An exception that holds everywhere is needed even where everything is closed.
            places = {"prod", "closed"} if where == "everywhere" else {where}
            assert any(
                (resource_type, check) in failed and places <= set(name.split("-"))
                for name, failed in environments(report.failed).items()
            ), f"{resource_type} does not fail {check} {where}: {reason}"


def test_every_check_that_passes_has_a_weakness(report: Report) -> None:
    passed = {check for checks in environments(report.passed).values() for _, check in checks}
    assert passed == WEAKNESSES.keys() | VACUOUS.keys()


@pytest.mark.parametrize("check", WEAKNESSES)
def test_a_planted_weakness_is_found(report: Report, check: str) -> None:
    resource_type, _, _ = WEAKNESSES[check]
    assert (resource_type, check) in report.failed[f"weakness-{check}"]
