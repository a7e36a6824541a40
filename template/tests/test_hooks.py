"""The azd hooks: what they stop, with which line, and what they write."""

import http.client
import importlib.util
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOOKS = ROOT / "infra" / "hooks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HOOKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


preprovision = load("preprovision")
web_predeploy = load("web_predeploy")


def run(name: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HOOKS / f"{name}.py")]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)  # noqa: S603


def test_a_stop_is_one_line_and_no_traceback() -> None:
    result = run("preprovision", {})
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "preprovision: AZURE_ENV_TYPE is not set: run `azd env set AZURE_ENV_TYPE dev` (or prod)."
    ]


def test_a_first_provisioning_passes_without_azure() -> None:
    result = run("preprovision", {"AZURE_ENV_TYPE": "dev", "AZURE_ENV_NAME": "new"})
    assert (result.returncode, result.stderr) == (0, "")


def test_the_environment_type_is_what_azd_stored_when_no_variable_is_set(tmp_path: Path) -> None:
    folder = tmp_path / ".azure" / "mine"
    folder.mkdir(parents=True)
    answer = {"infra": {"parameters": {"environmentType": "prod"}}}
    (folder / "config.json").write_text(json.dumps(answer), encoding="utf-8")
    stored = preprovision.stored_environment_type(tmp_path, "mine")
    assert preprovision.environment_type({}, stored) == "prod"
    assert preprovision.environment_type({"AZURE_ENV_TYPE": "dev"}, stored) == "dev"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"infra": 1}'])
def test_a_configuration_without_the_answer_is_no_answer(tmp_path: Path, content: str) -> None:
    folder = tmp_path / ".azure" / "mine"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(content, encoding="utf-8")
    assert preprovision.stored_environment_type(tmp_path, "mine") == ""


def test_an_unknown_environment_type_is_refused() -> None:
    with pytest.raises(preprovision.HookError, match="AZURE_ENV_TYPE is 'staging'"):
        preprovision.environment_type({"AZURE_ENV_TYPE": "staging"}, "")


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [("", ""), ("0.25", "0.5"), ("0.5", "1.0Gi"), ("1", "2Gi"), ("1.75", "3.5"), ("4.0", "8.0Gi")],
)
def test_a_consumption_pair_passes(cpu: str, memory: str) -> None:
    preprovision.check_container_size({"CONTAINER_CPU": cpu, "CONTAINER_MEMORY": memory})


@pytest.mark.parametrize(
    ("cpu", "memory", "message"),
    [
        ("0.5", "", "together"),
        ("", "1.0Gi", "together"),
        ("half", "1.0Gi", "not like"),
        ("0.5", "1.0GB", "not like"),
        ("NaN", "1.0Gi", "not like"),
        ("1.0", "1.0Gi", "does not exist"),
        ("0.3", "0.6", "does not exist"),
        ("0", "0", "does not exist"),
        ("4.25", "8.5", "does not exist"),
    ],
)
def test_any_other_size_is_refused(cpu: str, memory: str, message: str) -> None:
    with pytest.raises(preprovision.HookError, match=message):
        preprovision.check_container_size({"CONTAINER_CPU": cpu, "CONTAINER_MEMORY": memory})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that maps three variables."""
    infra = tmp_path / "infra"
    infra.mkdir()
    infra.joinpath("main.parameters.json").write_text(
        '{"tags": "${AZURE_TAGS=null}", "values": ["${CONTAINER_CPU=}", "${MODEL_CAPACITY=}"]}'
    )
    return tmp_path


def test_plain_values_pass(project: Path) -> None:
    variables = {"AZURE_TAGS": '{"team": "core"}', "CONTAINER_CPU": "0.5", "OTHER": '"'}
    preprovision.check_texts(variables, project)
    for capacity in ("", "0", "30"):
        preprovision.check_capacities({"MODEL_CAPACITY": capacity, "CAPACITY": "x"}, project)


@pytest.mark.parametrize("value", ['0.5"', '0.5","x":"y', "0.5\\", "0.5\n"])
def test_a_value_that_ends_its_quotation_marks_is_refused(project: Path, value: str) -> None:
    with pytest.raises(preprovision.HookError, match="CONTAINER_CPU holds a quotation mark"):
        preprovision.check_texts({"CONTAINER_CPU": value}, project)


@pytest.mark.parametrize("value", ["many", "-1", "1.5", " 1", "1" * 10])
def test_a_capacity_that_is_no_whole_number_is_refused(project: Path, value: str) -> None:
    with pytest.raises(preprovision.HookError, match=r"MODEL_CAPACITY is '.*': set it to a whole"):
        preprovision.check_capacities({"MODEL_CAPACITY": value}, project)


@pytest.mark.parametrize("tags", ["", "{}", '{"team": "core"}'])
def test_an_object_of_strings_passes_as_tags(tags: str) -> None:
    preprovision.check_tags({"AZURE_TAGS": tags})


@pytest.mark.parametrize("tags", ["team=search", '["team"]', "null", '{"team": 1}'])
def test_other_tags_are_refused(tags: str) -> None:
    with pytest.raises(preprovision.HookError, match="JSON object of strings"):
        preprovision.check_tags({"AZURE_TAGS": tags})


@pytest.mark.parametrize("token", ["ab", "Upper", "with-hyphen", "a" * 17])
def test_a_token_that_spoils_names_is_refused(token: str) -> None:
    preprovision.check_resource_token({"AZURE_RESOURCE_TOKEN": "abc123"})
    with pytest.raises(preprovision.HookError, match="AZURE_RESOURCE_TOKEN"):
        preprovision.check_resource_token({"AZURE_RESOURCE_TOKEN": token})


def test_the_network_of_a_deployed_environment_cannot_change() -> None:
    deployed = {"AZURE_CONTAINER_APPS_ENVIRONMENT_NETWORK": "none"}
    preprovision.check_network({}, "prod")
    preprovision.check_network(deployed, "dev")
    with pytest.raises(preprovision.HookError, match="cannot change"):
        preprovision.check_network(deployed, "prod")


def test_the_networks_are_those_of_the_profiles() -> None:
    profiles = (ROOT / "infra" / "profiles.bicep").read_text(encoding="utf-8")
    networks = dict(
        re.findall(r"^var (\w+)Profile profile = \{\n  network: '([\w-]+)'", profiles, re.MULTILINE)
    )
    assert networks == preprovision.NETWORKS


def test_every_container_app_of_azure_yaml_is_looked_up() -> None:
    azure_yaml = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    expected = re.findall(
        r"^  ([\w-]+):\n    project: .*\n    host: containerapp$", azure_yaml, re.MULTILINE
    )
    assert preprovision.container_app_services(ROOT) == expected


def app(name: str, service: str | None) -> dict[str, Any]:
    return {"name": name, "tags": service and {"azd-service-name": service}}


GATEWAY = app("ca-api-gateway-abc", "api-gateway")


@pytest.mark.parametrize(
    ("apps", "groups"),
    [
        ([], []),
        ([], ["rg-a", "rg-b"]),
        ([GATEWAY], ["RG-mine"]),
        ([app("other", None)], ["rg-mine"]),
    ],
)
def test_apps_that_azd_finds_pass(apps: list[dict[str, Any]], groups: list[str]) -> None:
    preprovision.check_apps(["api-gateway", "other-service"], apps, "rg-mine", groups)


@pytest.mark.parametrize(
    ("apps", "groups", "message"),
    [
        ([GATEWAY], [], "azd would look in no group"),
        ([GATEWAY], ["rg-mine", "rg-second"], "rg-mine and rg-second"),
        ([GATEWAY], ["rg-other"], "azd env set AZURE_RESOURCE_GROUP rg-mine"),
        ([GATEWAY, app("copy", "api-gateway")], ["rg-mine"], "2 container apps in rg-mine have"),
        ([app("ca-other-abc", None)], ["rg-mine"], "azd-service-name=other-service"),
    ],
)
def test_apps_that_azd_would_reset_stop_it(
    apps: list[dict[str, Any]], groups: list[str], message: str
) -> None:
    with pytest.raises(preprovision.HookError, match=message):
        preprovision.check_apps(["api-gateway", "other-service"], apps, "rg-mine", groups)


class Azure:
    """Answers in the place of Azure Resource Manager."""

    def __init__(self, answers: dict[str, tuple[int, Any]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str, timeout: float) -> "Azure":
        assert host == "management.azure.com"
        assert timeout > 0
        return self

    def request(self, method: str, target: str, body: str | None, headers: dict[str, str]) -> None:
        assert (method, body) == ("GET", None)
        assert headers == {"Authorization": "Bearer token"}
        self.asked.append(target)

    def getresponse(self) -> Any:
        fragment = next(key for key in self.answers if key in self.asked[-1])
        status, body = self.answers[fragment]
        response = io.BytesIO(json.dumps(body).encode())
        response.status = status  # type: ignore[attr-defined]
        return response

    def close(self) -> None:
        pass


VARIABLES = {"AZURE_SUBSCRIPTION_ID": "s", "AZURE_ENV_NAME": "mine", "AZURE_ENV_TYPE": "dev"}


def azure(monkeypatch: pytest.MonkeyPatch, answers: dict[str, tuple[int, Any]]) -> Azure:
    stand_in = Azure(answers)
    monkeypatch.setattr(http.client, "HTTPSConnection", stand_in)
    monkeypatch.setattr(preprovision, "access_token", lambda: "token")
    return stand_in


def test_the_look_up_reads_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    following = {"value": [GATEWAY, app("copy", "api-gateway")]}
    first = {"value": [], "nextLink": "https://management.azure.com/next?page=2"}
    groups = {"value": [{"name": "rg-mine"}, {"name": "ME_mine", "managedBy": "/environment"}]}
    answers: dict[str, tuple[int, Any]] = {
        "/resourceGroups/rg-mine/resources?": (200, first),
        "/next?page=2": (200, following),
        "/resourcegroups?": (200, groups),
    }
    azure(monkeypatch, answers)
    with pytest.raises(preprovision.HookError, match="2 container apps in rg-mine"):
        preprovision.look_up_apps(VARIABLES, ROOT)


def test_a_group_that_does_not_exist_holds_no_app(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, tuple[int, Any]] = {"/resourceGroups/": (404, {})}
    stand_in = azure(monkeypatch, answers)
    preprovision.look_up_apps({**VARIABLES, "AZURE_RESOURCE_GROUP": "rg-mine"}, ROOT)
    assert len(stand_in.asked) == 1


def test_a_refusal_of_azure_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    azure(monkeypatch, {"/": (403, {})})
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert preprovision.main() == 1
    assert capsys.readouterr().err == (
        "preprovision: Azure answers 403 when asked what exists in the subscription.\n"
    )


def test_a_broken_connection_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Azure):
        def getresponse(self) -> Any:
            raise ConnectionResetError("reset by peer")

    monkeypatch.setattr(http.client, "HTTPSConnection", Broken({}))
    monkeypatch.setattr(preprovision, "access_token", lambda: "token")
    with pytest.raises(preprovision.HookError, match=r"cannot be reached \(reset by peer\)"):
        preprovision.look_up_apps(VARIABLES, ROOT)


def azd(folder: Path, script: str) -> None:
    program = folder / "azd"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="the azd of the test is a shell script")
@pytest.mark.parametrize(
    ("script", "message"),
    [(None, "not on the PATH"), ("exit 1", "azd auth login"), ("echo no", "azd auth login")],
)
def test_no_token_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, message: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if script:
        azd(tmp_path, script)
    with pytest.raises(preprovision.HookError, match=message):
        preprovision.access_token()


@pytest.mark.skipif(sys.platform == "win32", reason="the azd of the test is a shell script")
def test_the_token_is_that_of_azd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    azd(tmp_path, """echo '{"token": "t", "expiresOn": "2030-01-01T00:00:00Z"}'""")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert preprovision.access_token() == "t"


def test_the_page_learns_where_the_gateway_is(tmp_path: Path) -> None:
    source = ROOT / "web" / "public" / "staticwebapp.config.json"
    settings = tmp_path / "staticwebapp.config.json"
    settings.write_bytes(source.read_bytes())
    before = json.loads(source.read_text(encoding="utf-8"))
    for address in ("https://old.example.com", "https://gateway.example.com/"):
        origin = web_predeploy.gateway_origin({"SERVICE_API_GATEWAY_URI": address})
        web_predeploy.write_settings(tmp_path, origin)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config == {"apiBaseUrl": "https://gateway.example.com"}
    after = json.loads(settings.read_text(encoding="utf-8"))
    policy = after["globalHeaders"].pop("Content-Security-Policy")
    expected = (
        before["globalHeaders"]
        .pop("Content-Security-Policy")
        .replace("connect-src 'self'", "connect-src 'self' https://gateway.example.com")
    )
    assert policy == expected
    assert after == before


@pytest.mark.parametrize("address", ["", "gateway.example.com", "http://gateway.example.com"])
def test_an_address_that_is_not_https_is_refused(address: str) -> None:
    with pytest.raises(web_predeploy.HookError, match="SERVICE_API_GATEWAY_URI"):
        web_predeploy.gateway_origin({"SERVICE_API_GATEWAY_URI": address})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not built"),
        ("{", "globalHeaders"),
        ("{}", "globalHeaders"),
        ('{"globalHeaders": {"Content-Security-Policy": "default-src *"}}', "connect-src"),
    ],
)
def test_a_page_without_its_policy_is_not_deployed(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "staticwebapp.config.json").write_text(content, encoding="utf-8")
    with pytest.raises(web_predeploy.HookError, match=message):
        web_predeploy.write_settings(tmp_path, "https://gateway.example.com")
    assert not (tmp_path / "config.json").exists()
