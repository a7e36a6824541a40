"""`azd-ai-scaffold plan`: what is evaluated, from any azd repository, and refusals in one line."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from azd_ai_scaffold.evaluation import EvaluationError
from azd_ai_scaffold.plan.build import plan_repository
from azd_ai_scaffold.plan.model import Plan
from azd_ai_scaffold.plan.summary import remarks
from azd_ai_scaffold.plan.variables import read_variables
from azd_ai_scaffold.plan.views.document import plan_as_document
from azd_ai_scaffold.preview import resource_counts
from tests.azd_repository import MAIN, write_environment, write_repository
from tests.conftest import Render
from tests.evaluated import running_bicep
from tests.templates import commit, git, write

COMMAND = [sys.executable, "-m", "azd_ai_scaffold", "plan"]


@pytest.fixture(autouse=True)
def bicep() -> None:
    """Without Bicep these tests are skipped, or fail in the gate."""
    running_bicep()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return write_repository(tmp_path / "shop")


def plan(
    repository: Path, *options: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `plan` without a terminal."""
    return subprocess.run(
        [*COMMAND, str(repository), *options],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def planned(
    repository: Path, *settings: str, environment: str | None = None, show: tuple[str, ...] = ()
) -> Plan:
    """The plan, made by the Bicep process that all tests of this worker share."""
    variables = read_variables(repository, environment, settings, show)
    return plan_repository(repository, variables, bicep=running_bicep())


def document(repository: Path, *settings: str, environment: str | None = None) -> dict[str, Any]:
    """The plan as JSON."""
    plan = planned(repository, *settings, environment=environment)
    found = json.loads(json.dumps(plan_as_document(plan)))
    assert isinstance(found, dict)
    return found


def only_profile(repository: Path, *settings: str) -> dict[str, Any]:
    """The profile of a repository without profiles."""
    (found,) = document(repository, *settings)["profiles"]
    assert found["name"] == "default"
    return dict(found)


def by_name(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Resources by their names."""
    return {resource["name"]: resource for resource in profile["resources"]}


def assert_refused(result: subprocess.CompletedProcess[str], *reasons: str, code: int = 1) -> None:
    """One line on standard error, nothing else, and the exit code."""
    assert (result.returncode, result.stdout) == (code, ""), result.stderr
    assert result.stderr.startswith("azd-ai-scaffold: "), result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    for reason in reasons:
        assert reason in result.stderr


def test_a_rendering_has_two_profiles(rendering: Render) -> None:
    profiles = {found["name"]: found for found in document(rendering({}))["profiles"]}
    assert list(profiles) == ["dev", "prod"]
    for profile in profiles.values():
        apps = [r for r in profile["resources"] if r["type"] == "Microsoft.App/containerApps"]
        assert {app["access"] for app in apps} == {"public", "private"}
        assert all(len(app["userIdentities"]) == 1 for app in apps)
        roles = {(grant["role"], grant["scope"].split("/")[-2]) for grant in profile["access"]}
        assert ("AcrPull", "registries") in roles
        assert all(role.replace(" ", "").isalpha() for role, _ in roles)  # none is an id
    assert len(profiles["prod"]["resources"]) > len(profiles["dev"]["resources"])


@pytest.mark.parametrize("edge", ["none", "application-gateway", "front-door"])
@pytest.mark.parametrize("pattern", ["microservices", "event-driven"])
def test_a_new_rendering_is_planned_and_previewed_without_variables(
    rendering: Render, pattern: str, edge: str
) -> None:
    repository = rendering({"pattern": pattern, "edge": edge})
    assert [profile.name for profile in planned(repository).profiles] == ["dev", "prod"]
    heading, total, *_ = resource_counts(repository, "swedencentral")
    assert heading.split() == ["dev", "prod"]
    assert total.split()[:2] == ["Azure", "resources"]


def test_every_role_of_an_event_driven_rendering_has_a_name(rendering: Render) -> None:
    profiles = document(rendering({"pattern": "event-driven"}), "AZURE_PRINCIPAL_ID=x")["profiles"]
    roles = {grant["role"] for profile in profiles for grant in profile["access"]}
    assert {"Azure Service Bus Data Receiver", "Storage Blob Data Owner"} <= roles
    assert all(role.replace(" ", "").isalpha() for role in roles)
    principals = {grant["principal"] for grant in profiles[0]["access"]}
    assert any(name.endswith(" (system-assigned)") for name in principals)


def test_an_environment_of_a_type_is_one_profile(rendering: Render, tmp_path: Path) -> None:
    repository = Path(shutil.copytree(rendering({}), tmp_path / "repository"))
    write_environment(repository, "live", 'AZURE_ENV_NAME="live"\nAZURE_ENV_TYPE="prod"\n')
    (profile,) = document(repository, environment="live")["profiles"]
    assert profile["name"] == "prod"
    assert "rg-live" in by_name(profile)


def test_scope_modules_loops_and_conditions_are_evaluated(repository: Path) -> None:
    profile = only_profile(repository, "AZURE_ENV_NAME=x", "COPIES=3")
    found = by_name(profile)
    assert {f"st{index}x" for index in range(3)} < found.keys()
    assert found["st0x"]["sku"] == "Standard_LRS"
    assert (found["st0x"]["access"], found["st0x"]["privateEndpoint"]) == ("private", True)
    assert (found["kv-x"]["access"], found["kv-x"]["sku"]) == ("public", "standard")
    assert found["kv-x"]["id"].startswith("/subscriptions/00000000-0000-0000-0000-000000000001/")
    assert "/resourceGroups/rg-x/" in found["kv-x"]["id"]
    roles = [(found["principal"], found["role"]) for found in profile["access"]]
    assert roles == [("id-x", "Storage Blob Data Reader")] * 3
    without = only_profile(repository, "WITH_VAULT=false")
    assert not [r for r in without["resources"] if r["type"] == "Microsoft.KeyVault/vaults"]


def test_an_undeclared_parameter_is_named(tmp_path: Path) -> None:
    repository = write_repository(tmp_path / "shop", settings="{\n}", other="x")
    with pytest.raises(EvaluationError, match=r"do not fit deploy/shop\.bicep: other: ") as caught:
        planned(repository)
    assert "bicepparam" not in str(caught.value)


def test_a_setting_without_an_effect_is_said(repository: Path) -> None:
    (profile,) = planned(
        repository, "COPEIS=3", "BANNER=hello", "AZURE_LOCATION=italynorth"
    ).profiles
    assert (
        "--set COPEIS changes nothing, because the parameters do not read it: did you mean COPIES?"
    ) in profile.notes
    assert not [note for note in profile.notes if "BANNER" in note or "LOCATION" in note]


def test_a_region_that_nobody_chose_is_said(repository: Path) -> None:
    (profile,) = planned(repository).profiles
    assert "AZURE_LOCATION is not set: shown for swedencentral" in profile.notes


def test_the_number_of_warnings_is_said(tmp_path: Path) -> None:
    repository = write_repository(tmp_path / "shop", MAIN + "param unused string = ''\n")
    (profile,) = planned(repository).profiles
    assert "Bicep has 1 warning: bicep build lists them" in profile.notes


def test_what_only_azure_knows_is_said(repository: Path) -> None:
    profile = only_profile(repository, "API_KEY=k")
    outside = {
        found["existing"].rpartition("/")[2] for found in profile["unknown"] if found["existing"]
    }
    assert outside == {"log-shared"}
    text = plan(repository, "--set", "API_KEY=k").stdout
    assert "resources outside the repository were not read: log-shared" in text
    assert "known only to Azure, once it has deployed: id-shop.principalId" in text
    assert "secure parameters are not evaluated: key" in text
    assert "no subscription is set" in text


def test_an_expression_that_stays_is_shown(tmp_path: Path) -> None:
    main = MAIN.replace("plain: banner", "plain: environment().authentication.loginEndpoint")
    (profile,) = planned(write_repository(tmp_path / "shop", main)).profiles
    stays = "left as expressions: [environment().authentication.loginEndpoint]"
    assert stays in list(remarks(profile))


def test_edits_of_the_owner_count_and_nothing_is_written(repository: Path) -> None:
    (repository / "deploy" / "shop.bicep").write_text(MAIN.replace("'kv-$", "'vault-$"))
    before = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    assert "vault-shop" in by_name(only_profile(repository))
    assert before == {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}


def test_parameters_in_bicep_read_the_environment(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        repository,
        {
            "deploy/shop.bicepparam": "using 'shop.bicep'\n"
            "param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')\n"
            "param copies = int(readEnvironmentVariable('COPIES', '1'))\n"
            "param banner = readEnvironmentVariable('BANNER', 'none')\n"
        },
    )
    assert "st1shop" not in by_name(only_profile(repository))
    found = by_name(only_profile(repository, "COPIES=2", "BANNER=hello"))
    assert found["kv-shop"]["body"]["tags"]["plain"] == "hello"
    assert "st1shop" in found
    monkeypatch.setenv("BANNER", "of-the-shell")
    found = by_name(only_profile(repository))
    assert found["kv-shop"]["body"]["tags"]["plain"] == "none"


def test_a_missing_text_is_named_and_gets_a_placeholder(tmp_path: Path) -> None:
    repository = write_repository(tmp_path / "shop", "param owner string\n" + MAIN)
    (profile,) = planned(repository).profiles
    assert "nothing gives these parameters a value: owner" in profile.notes


def test_other_missing_parameters_are_named_in_one_line(tmp_path: Path) -> None:
    main = "param zones array\nparam size int\nparam kind 'a' | 'b'\n" + MAIN
    repository = write_repository(tmp_path / "shop", main)
    with pytest.raises(EvaluationError, match=r"without a value: zones, size, kind: .*--set"):
        planned(repository)


def test_modules_of_a_registry_are_named(tmp_path: Path) -> None:
    module = "br/public:avm/res/no/such:1.0.0"
    repository = write_repository(tmp_path / "shop", f"{MAIN}module other '{module}' = {{}}\n")
    # Nothing is cached, and nothing leaves the machine.
    apart = {"HOME": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:9"}
    result = plan(repository, environment=apart)
    assert_refused(result, "modules that cannot be restored: br:", "no/such:1.0.0", "bicep restore")


def test_an_error_in_the_bicep_is_one_line(tmp_path: Path) -> None:
    repository = write_repository(tmp_path / "shop", MAIN.replace("premium'", "premium"))
    assert_refused(plan(repository), "deploy/shop.bicep does not compile: ", "shop.bicep:6:")


def test_a_value_that_does_not_fit_is_one_line(repository: Path) -> None:
    with pytest.raises(
        EvaluationError, match=r"do not fit deploy/shop\.bicep: tier: .*gold"
    ) as caught:
        planned(repository, "TIER=gold")
    assert "\n" not in str(caught.value)
    assert "bicepparam" not in str(caught.value)
    with pytest.raises(EvaluationError, match="parameter copies: the value is no whole number"):
        planned(repository, "COPIES=many")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "has no azure.yaml"),
        ({"azure.yaml": "name: [\n"}, "azure.yaml is no YAML"),
        ({"azure.yaml": "- a\n"}, "no mapping"),
        ({"azure.yaml": "[" * 5000}, "nests too deeply"),
        ({"azure.yaml": "infra: here\n"}, "infra is no mapping"),
        ({"azure.yaml": "name: x\n"}, "there is no infra/main.bicep"),
        ({"azure.yaml": "infra: {provider: terraform}\n"}, "uses terraform"),
        ({"azure.yaml": "infra: {path: ../other}\n"}, "leaves the repository"),
        ({"azure.yaml": "infra: {layers: [{name: a}]}\n"}, "infra.layers"),
        (
            {
                "azure.yaml": "name: x\n",
                "infra/main.bicep": "",
                "infra/main.bicepparam": "param a=1",
            },
            "main.bicepparam uses no Bicep file",
        ),
        (
            {"azure.yaml": "name: x\n", "infra/main.bicep": "", "infra/main.parameters.json": "{"},
            "no ARM parameters file",
        ),
    ],
)
def test_what_cannot_be_planned_is_one_line(
    tmp_path: Path, files: dict[str, str], reason: str
) -> None:
    write(tmp_path, files)
    assert_refused(plan(tmp_path), reason)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    assert_refused(plan(tmp_path / "nowhere"), "has no azure.yaml")


def test_without_bicep_the_line_says_how_to_get_it(repository: Path, tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path), "HOME": str(tmp_path), "BICEP_PATH": ""}
    assert_refused(plan(repository, environment=nothing), "Bicep was not found", "install")


@pytest.mark.parametrize("name", ["nothing", "..", "../other", "a/b", ""])
def test_an_unknown_environment_names_those_there_are(repository: Path, name: str) -> None:
    write_environment(repository, "one", "A=b\n")
    assert_refused(plan(repository, "--env", name), "there is no azd environment", "there is one")


@pytest.mark.parametrize(
    ("options", "reason", "code"),
    [
        (("--set", "COPIES"), "not of the form KEY=VALUE", 2),
        (("--set", "=x"), "not of the form KEY=VALUE", 2),
        (("--show", "X"), "no variable of that name", 1),
        (("--set", "AZURE_SUBSCRIPTION_ID=mine"), "AZURE_SUBSCRIPTION_ID is no GUID", 1),
        (("--compare", "dev", "prod"), "shop has no profiles", 1),
        (("--compare", "no-such-tag"), "no revision 'no-such-tag'", 1),
        (("--compare", "a", "--compare", "b"), "two profiles (dev prod) or one git revision", 2),
        (("--compare", "HEAD", "--format", "mermaid"), "--compare has no mermaid", 2),
        (("--format", "yaml"), "yaml", 2),
    ],
)
def test_wrong_options_are_one_line(
    repository: Path, options: tuple[str, ...], reason: str, code: int
) -> None:
    git(repository, "init", "--quiet")
    assert_refused(plan(repository, *options), reason, code=code)


def test_differences_since_a_revision(repository: Path) -> None:
    git(repository, "init", "--quiet")
    commit(repository, "feat: first", "v1")
    main = repository / "deploy" / "shop.bicep"
    main.write_text(
        MAIN.replace("copies int = 2", "copies int = 2").replace("'Enabled'", "'Disabled'")
    )
    status = git(repository, "status", "--porcelain")
    result = plan(repository, "--compare", "v1", "--format=json")
    assert (result.returncode, result.stderr) == (0, "")
    (comparison,) = json.loads(result.stdout)["comparisons"]
    assert (comparison["before"], comparison["after"]) == ("default at v1", "default now")
    (change,) = comparison["changes"]
    assert (change["action"], change["name"]) == ("changed", "kv-shop")
    assert change["properties"] == [
        {
            "path": "properties.publicNetworkAccess",
            "before": "Enabled",
            "after": "Disabled",
            "replaces": None,
        }
    ]
    assert git(repository, "status", "--porcelain") == status


def test_a_repository_below_the_root_of_git(tmp_path: Path) -> None:
    repository = write_repository(tmp_path / "root" / "deep" / "shop")
    git(tmp_path / "root", "init", "--quiet")
    commit(tmp_path / "root", "feat: first", "v1")
    assert "no difference" in plan(repository, "--compare", "v1").stdout


def test_a_revision_without_infrastructure_is_one_line(repository: Path) -> None:
    git(repository, "init", "--quiet")
    (repository / "azure.yaml").rename(repository / "later.yaml")
    commit(repository, "feat: first", "v1")
    (repository / "later.yaml").rename(repository / "azure.yaml")
    assert_refused(plan(repository, "--compare", "v1"), f"at v1: {repository} has no azure.yaml")


def test_profiles_are_compared(rendering: Render) -> None:
    result = plan(rendering({}), "--compare", "dev", "prod", "--format=json")
    assert (result.returncode, result.stderr) == (0, "")
    (comparison,) = json.loads(result.stdout)["comparisons"]
    assert (comparison["before"], comparison["after"]) == ("dev", "prod")
    assert comparison["isDeployment"] is False
    actions = {change["action"] for change in comparison["changes"]}
    assert {"added", "changed"} <= actions


def test_output_survives_any_encoding(repository: Path) -> None:
    result = plan(repository, environment={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert (result.returncode, result.stderr) == (0, "")
    assert "kv-shop" in result.stdout
