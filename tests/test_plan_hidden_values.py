"""Values of an azd environment never show in a plan unless asked for by name, however used."""

import base64
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from rich.console import Console

from azd_ai_scaffold.errors import ScaffoldError
from azd_ai_scaffold.evaluation import EvaluationError
from azd_ai_scaffold.plan.build import plan_repository
from azd_ai_scaffold.plan.comparison import compare
from azd_ai_scaffold.plan.model import Plan
from azd_ai_scaffold.plan.variables import Variables, read_variables
from azd_ai_scaffold.plan.views.document import comparisons_as_document, plan_as_document
from azd_ai_scaffold.plan.views.markdown import comparisons_as_markdown, plan_as_markdown
from azd_ai_scaffold.plan.views.mermaid import plan_as_mermaid
from azd_ai_scaffold.plan.views.table import show_comparison, show_plan
from tests.azd_repository import MAIN, write_environment, write_repository
from tests.conftest import Render
from tests.evaluated import running_bicep
from tests.templates import write

BANNER, HOST, KEY, LABEL = "Tr0ub4dor&3 horse", "internal-host-77", "k3y-0f-th3-ap1", "c0stc3ntre"
PIN, SUBSCRIPTION = "731946", "8f2d9a34-5b1c-4c56-9e0a-7d3b6f1e2c48"
SECRETS = (BANNER, HOST, KEY, LABEL, PIN, SUBSCRIPTION)
DOTENV = f"""AZURE_ENV_NAME="live"
AZURE_LOCATION="swedencentral"
AZURE_SUBSCRIPTION_ID="{SUBSCRIPTION}"
BANNER="{BANNER}"
HOST='{HOST}'
PIN={PIN}
API_KEY="{KEY}"
SETTINGS="{{\\"{LABEL}\\":[\\"{KEY}\\",{PIN}]}}"
UNUSED="{KEY}"
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that uses secrets in every way that Bicep offers."""
    running_bicep()
    repository = write_repository(tmp_path / "shop")
    write_environment(repository, "live", DOTENV)
    return repository


def planned(repository: Path, *show: str) -> Plan:
    variables = read_variables(repository, "live", (), show)
    return plan_repository(repository, variables, bicep=running_bicep())


def outputs(plan: Plan, other: Plan) -> Iterator[str]:
    """Everything that a user can see of a plan, and of its comparison with another."""
    comparison = compare(other.profiles[0], plan.profiles[0])
    stream = io.StringIO()
    console = Console(file=stream, width=400)
    show_plan(plan, console)
    show_comparison(comparison, console)
    yield stream.getvalue()
    yield json.dumps(plan_as_document(plan), ensure_ascii=False)
    yield json.dumps(comparisons_as_document([comparison]), ensure_ascii=False)
    yield plan_as_markdown(plan)
    yield comparisons_as_markdown([comparison])
    yield plan_as_mermaid(plan)


def traces(secret: str) -> Iterator[str]:
    """What a secret looks like after the functions that Bicep has."""
    yield from (secret, secret.lower(), secret.upper(), quote(secret), secret[:4], secret[::-1])
    for before in ("", "u", "us", "user:", "before "):
        encoded = base64.b64encode((before + secret).encode()).decode().rstrip("=")
        yield encoded[-len(secret) : -2]
    yield secret.encode().hex()


def test_no_secret_shows_in_any_output(repository: Path) -> None:
    plain = plan_repository(repository, Variables({}), bicep=running_bicep())
    for text in outputs(planned(repository), plain):
        for secret in SECRETS:
            for trace in traces(secret):
                assert trace not in text, f"{trace} of {secret}"


def test_placeholders_say_which_variable_it_was(repository: Path) -> None:
    profile = planned(repository).profiles[0]
    vault = next(r for r in profile.resources if r.type == "Microsoft.KeyVault/vaults")
    assert vault.tags["plain"] == "<BANNER>"
    assert vault.tags["within"] == "before <BANNER> after"
    assert vault.tags["address"] == "https://<HOST>/path"
    assert vault.tags["pin"] == vault.tags["double"] == "<PIN>"
    assert "<SETTINGS" in vault.tags["settings"]
    assert vault.id.startswith("/subscriptions/<AZURE_SUBSCRIPTION_ID>/")
    (note,) = [note for note in profile.notes if "placeholders" in note]
    assert note.startswith("placeholders stand for API_KEY, BANNER, HOST, PIN, SETTINGS:")


def test_a_value_asked_for_by_name_is_taken_and_shown(repository: Path) -> None:
    (profile,) = planned(repository, "BANNER", "PIN").profiles
    vault = next(r for r in profile.resources if r.type == "Microsoft.KeyVault/vaults")
    assert vault.tags["plain"] == BANNER
    assert vault.tags["encoded"] == base64.b64encode(f"user:{BANNER}".encode()).decode()
    assert vault.tags["pin"] == PIN
    assert vault.tags["address"] == "https://<HOST>/path"


def test_a_number_that_decides_on_resources_must_be_shown(repository: Path) -> None:
    write_environment(repository, "live", f"{DOTENV}COPIES=7\n")
    with pytest.raises(EvaluationError, match="COPIES decides which resources there are") as caught:
        planned(repository)
    assert "7" not in str(caught.value)
    (profile,) = planned(repository, "COPIES").profiles
    assert len(profile.of_type("Microsoft.Storage/storageAccounts")) == 7


def test_names_derived_from_the_subscription_are_exact(repository: Path) -> None:
    main = repository / "deploy" / "shop.bicep"
    derived = "'kv-${uniqueString(subscription().id)}'"
    main.write_text(MAIN.replace("'kv-${environmentName}'", derived))

    def name(plan: Plan) -> str:
        (vault,) = plan.profiles[0].of_type("Microsoft.KeyVault/vaults")
        return vault.name

    without = DOTENV.replace(SUBSCRIPTION, "00000000-0000-0000-0000-000000000009")
    exact = name(planned(repository))
    assert exact == name(planned(repository, "AZURE_SUBSCRIPTION_ID"))
    write_environment(repository, "live", without)
    assert exact != name(planned(repository))


def test_public_words_stay(repository: Path) -> None:
    more = 'TIER="premium"\nWITH_VAULT="true"\n'
    write_environment(repository, "live", DOTENV + more)
    (profile,) = planned(repository).profiles
    (vault,) = profile.of_type("Microsoft.KeyVault/vaults")
    assert (vault.location, vault.properties["sku"]["name"]) == ("swedencentral", "premium")


@pytest.mark.parametrize(
    "line",
    [
        f'TIER="{KEY}"',
        f'COPIES="{KEY}"',
        f'WITH_VAULT="{KEY}"',
        f'SETTINGS="{KEY}"',
        f'AZURE_TENANT_ID="{KEY}"',
        f'SETTINGS="[\\"{KEY}\\"]"',
    ],
)
def test_no_secret_shows_in_a_refusal(repository: Path, line: str) -> None:
    write_environment(repository, "live", f"{DOTENV}{line}\n")
    with pytest.raises(ScaffoldError) as caught:
        planned(repository)
    assert KEY not in str(caught.value)
    assert line.partition("=")[0] in str(caught.value)


def test_parameters_in_bicep_get_placeholders_too(repository: Path) -> None:
    write(
        repository,
        {
            "deploy/shop.bicepparam": "using 'shop.bicep'\n"
            "param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')\n"
            "param copies = int(readEnvironmentVariable('COPIES', '1'))\n"
            "param banner = 'a ${readEnvironmentVariable('BANNER')}'\n"
            "param pin = base64(readEnvironmentVariable('PIN'))\n"
        },
    )
    plan = planned(repository)
    (vault,) = plan.profiles[0].of_type("Microsoft.KeyVault/vaults")
    assert vault.tags["plain"] == "a <BANNER>"
    assert vault.tags["pin"] == "<PIN>"
    for text in outputs(plan, plan):
        assert not [secret for secret in SECRETS if secret in text]


def test_a_secret_in_a_place_of_its_own_does_not_show(repository: Path) -> None:
    misplaced = (
        f"AZURE_ENV_NAME='{BANNER}'\nAZURE_RESOURCE_GROUP='{HOST}'\nAZURE_LOCATION='{KEY}'\n"
    )
    write_environment(repository, "live", misplaced)
    plan = planned(repository)
    for text in outputs(plan, plan):
        assert not [secret for secret in SECRETS if secret in text]
    names = {resource.name for resource in plan.profiles[0].resources}
    assert "kv-<AZURE_ENV_NAME>" in names


def test_a_secret_for_a_profile_does_not_show(rendering: Render, tmp_path: Path) -> None:
    running_bicep()
    repository = Path(shutil.copytree(rendering({}), tmp_path / "repository"))
    write_environment(repository, "live", f"AZURE_ENV_TYPE='{KEY}'\n")
    with pytest.raises(EvaluationError, match="<AZURE_ENV_TYPE>") as caught:
        planned(repository)
    assert KEY not in str(caught.value)


def test_what_azd_escapes_is_read_back(repository: Path) -> None:
    text = 'BANNER="a\\\\b \\"c\\" \\$d \\!e \\`f\\` #g\\n"\n'
    write_environment(repository, "live", text)
    variables = read_variables(repository, "live", (), ("BANNER",))
    assert variables.values["BANNER"] == 'a\\b "c" $d !e `f` #g\n'


@pytest.mark.parametrize("text", [f"{KEY}\n", f"A=b\n{KEY} {KEY}\n", f"A=b\nB='{KEY}\n"])
def test_a_line_that_is_no_variable_is_named_by_its_number(repository: Path, text: str) -> None:
    write_environment(repository, "live", text)
    with pytest.raises(ScaffoldError, match=r"\.env: line \d is not of the form") as caught:
        read_variables(repository, "live", (), ())
    assert KEY not in str(caught.value)
