"""Settings fail closed: a wrong environment ends the process with one line that names it."""

import pytest

from ai_runtime.settings import Endpoint, Settings

LOCAL = "http://127.0.0.1:8090/"
ID = "11111111-2222-3333-4444-55555555ABCD"
DEPLOYED = {
    "ENVIRONMENT_TYPE": "prod",
    "AZURE_CLIENT_ID": ID,
    "AZURE_TENANT_ID": ID,
    "API_CLIENT_ID": ID,
    "SERVICE_ENDPOINT": "https://name.example.com/",
}


class ServiceSettings(Settings):
    service_endpoint: Endpoint


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> ServiceSettings:
    for name in (*DEPLOYED, "TOKEN_AUTHORITY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return ServiceSettings.load()


def test_local_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, SERVICE_ENDPOINT="http://localhost:8090")
    assert settings.is_local
    assert settings.service_endpoint == "http://localhost:8090/"


def test_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **DEPLOYED)
    assert not settings.is_local
    assert settings.authenticates
    assert settings.api_client_id == ID.lower()


def test_dev_starts_without_an_app_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **DEPLOYED | {"ENVIRONMENT_TYPE": "dev", "API_CLIENT_ID": ""})
    assert not settings.authenticates


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "SERVICE_ENDPOINT: required"),
        ({"SERVICE_ENDPOINT": ""}, "SERVICE_ENDPOINT: required"),
        ({"SERVICE_ENDPOINT": "name.example.com"}, "SERVICE_ENDPOINT: must be an address"),
        ({"SERVICE_ENDPOINT": "http://u:p@localhost/"}, "SERVICE_ENDPOINT: must be an address"),
        ({"SERVICE_ENDPOINT": "ftp://localhost/"}, "SERVICE_ENDPOINT: must be an address of this"),
        (
            {"SERVICE_ENDPOINT": "https://name.example.com/"},
            "SERVICE_ENDPOINT: must be an address of this machine while ENVIRONMENT_TYPE is local",
        ),
        (
            {"ENVIRONMENT_TYPE": "dev", "AZURE_CLIENT_ID": "x", "SERVICE_ENDPOINT": LOCAL},
            "SERVICE_ENDPOINT: must start with https://",
        ),
        (
            {"ENVIRONMENT_TYPE": "dev", "SERVICE_ENDPOINT": "https://name.example.com/"},
            "AZURE_CLIENT_ID: required unless ENVIRONMENT_TYPE is local",
        ),
        ({"ENVIRONMENT_TYPE": "staging", "SERVICE_ENDPOINT": LOCAL}, "ENVIRONMENT_TYPE: "),
        (DEPLOYED | {"AZURE_TENANT_ID": "", "API_CLIENT_ID": ""}, "API_CLIENT_ID: required while"),
        (DEPLOYED | {"API_CLIENT_ID": ""}, "API_CLIENT_ID: required while"),
        (DEPLOYED | {"AZURE_TENANT_ID": ""}, "AZURE_TENANT_ID: required to check tokens"),
        (DEPLOYED | {"AZURE_TENANT_ID": "common"}, "AZURE_TENANT_ID: "),
        (DEPLOYED | {"API_CLIENT_ID": f"api://{ID}"}, "API_CLIENT_ID: "),
        (DEPLOYED | {"TOKEN_AUTHORITY": LOCAL}, "TOKEN_AUTHORITY: must start with https://"),
        (
            DEPLOYED | {"ENVIRONMENT_TYPE": "local", "SERVICE_ENDPOINT": LOCAL},
            "TOKEN_AUTHORITY: required",
        ),
    ],
)
def test_refused(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], line: str) -> None:
    with pytest.raises(SystemExit) as ended:
        load(monkeypatch, **environment)
    assert str(ended.value).startswith(line)
    assert "\n" not in str(ended.value)
