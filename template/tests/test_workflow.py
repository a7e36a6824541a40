"""The pipeline gives azd what the infrastructure asks for, and runs no action that can change."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = (ROOT / ".github/workflows/azure-dev.yml").read_text(encoding="utf-8")
PARAMETERS = (ROOT / "infra/main.parameters.json").read_text(encoding="utf-8")

# What azd itself reads: sign-in, subscription, and the group where it looks for the services.
AZD = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP"}


def test_every_azd_variable_is_mapped() -> None:
    mapped = re.findall(r"^ +(\w+): \$\{\{ vars\.(\w+) \}\}$", WORKFLOW, re.MULTILINE)
    wanted = set(re.findall(r"\$\{(\w+)", PARAMETERS)) | AZD

    assert all(name == variable for name, variable in mapped)
    assert sorted(name for name, _ in mapped) == sorted(wanted)


def test_every_action_is_pinned_to_a_commit() -> None:
    actions = re.findall(r"^ +(?:- )?uses: (.*)$", WORKFLOW, re.MULTILINE)

    assert actions
    for action in actions:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action), action


def test_no_checkout_leaves_its_token_behind() -> None:
    assert WORKFLOW.count("actions/checkout@") == WORKFLOW.count("persist-credentials: false")
