"""checkov finds nothing in what would be deployed, and finds each weakness that is planted.

It reads the evaluated resources: on expressions it passes silently. One process reads them all.
"""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.evaluated import environment, running_bicep

pytestmark = pytest.mark.xdist_group("checkov")

EXCEPTIONS: dict[str, tuple[str, str]] = yaml.safe_load(
    Path(__file__).with_name("checkov_exceptions.yml").read_text()
)
NETWORKS = ("public", "private-prod", "private")
CASES: list[dict[str, object]] = [
    *(
        {"edge": edge, "network": network}
        for edge in ("none", "application-gateway", "front-door")
        for network in NETWORKS
    ),
    *({"pattern": "event-driven", "network": network} for network in NETWORKS),
]

# Check, type of resource, property, and the value that it must find.
WEAKNESSES: list[tuple[str, str, str, object]] = [
    ("CKV_AZURE_3", "Microsoft.Storage/storageAccounts", "supportsHttpsTrafficOnly", False),
    ("CKV_AZURE_44", "Microsoft.Storage/storageAccounts", "minimumTlsVersion", "TLS1_0"),
    ("CKV_AZURE_59", "Microsoft.Storage/storageAccounts", "publicNetworkAccess", "Enabled"),
    (
        "CKV_AZURE_34",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "publicAccess",
        "Blob",
    ),
    ("CKV_AZURE_14", "Microsoft.Web/sites", "httpsOnly", False),
    ("CKV_AZURE_110", "Microsoft.KeyVault/vaults", "enablePurgeProtection", False),
    ("CKV_AZURE_189", "Microsoft.KeyVault/vaults", "publicNetworkAccess", "Enabled"),
    ("CKV_AZURE_134", "Microsoft.CognitiveServices/accounts", "publicNetworkAccess", "Enabled"),
    ("CKV_AZURE_236", "Microsoft.CognitiveServices/accounts", "disableLocalAuth", False),
    ("CKV_AZURE_137", "Microsoft.ContainerRegistry/registries", "adminUserEnabled", True),
    ("CKV_AZURE_138", "Microsoft.ContainerRegistry/registries", "anonymousPullEnabled", True),
]


def written(file: Path, resources: list[dict[str, Any]]) -> None:
    """Write resources as a template that has nothing left to evaluate."""
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    template = {"$schema": schema, "contentVersion": "1.0.0.0", "resources": resources}
    file.write_text(json.dumps(template, indent=1))


@pytest.fixture(scope="module")
def failed(rendering: Render, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The checks that fail, by file: each environment, and each planted weakness."""
    running_bicep()
    folder = tmp_path_factory.mktemp("checkov")
    planted = dict(enumerate(WEAKNESSES))
    for number, answers in enumerate(CASES):
        for kind in ("dev", "prod"):
            evaluated = environment(rendering(answers), kind)
            resources = [dict(resource.body) for resource in evaluated.resources]
            where = f"{kind}-{'closed' if evaluated.network == 'private' else 'open'}"
            written(folder / f"case-{number}-{where}.json", resources)
            for index, (_, resource_type, name, value) in list(planted.items()):
                if where != "prod-closed" or resource_type not in str(resources):
                    continue
                weakened = copy.deepcopy(resources)
                for resource in weakened:
                    if resource["type"] == resource_type:
                        resource["properties"][name] = value
                        planted.pop(index, None)
                written(folder / f"weakness-{index}.json", weakened)
    assert not planted
    # By uv: its many pinned dependencies stay out of the environment of the tests.
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "tool", "run", "--from", "checkov>=3.2,<4", "checkov", "--skip-download"]
    options = ["--framework", "arm", "--compact", "--quiet", "--soft-fail", "--output", "json"]
    done = subprocess.run(
        [*command, "--directory", str(folder), *options], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    found: dict[str, set[str]] = {file.stem: set() for file in folder.glob("*.json")}
    for check in report["results"]["failed_checks"]:
        found[Path(check["file_path"]).stem].add(check["check_id"])
    return found


def test_no_check_fails_but_the_exceptions(failed: dict[str, set[str]]) -> None:
    for name, checks in failed.items():
        if name.startswith("case-"):
            for check in sorted(checks):
                where, _ = EXCEPTIONS.get(check, ("", ""))
                assert where == "everywhere" or where in name.split("-"), f"{name}: {check}"


def test_every_exception_is_needed(failed: dict[str, set[str]]) -> None:
    assert set(EXCEPTIONS) <= set().union(*failed.values())


@pytest.mark.parametrize("index", range(len(WEAKNESSES)), ids=lambda index: WEAKNESSES[index][0])
def test_a_planted_weakness_is_found(failed: dict[str, set[str]], index: int) -> None:
    assert WEAKNESSES[index][0] in failed[f"weakness-{index}"]
