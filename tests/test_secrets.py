"""No rendering holds a secret or asks for one; planted secrets prove the scanner sees them."""

import re
import shutil
from pathlib import Path

import pytest
from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings

from tests.conftest import Render
from tests.matrix import CASES, case_id

# What detect-secrets does not know: asking Azure for a key, and connection strings with keys.
KEYED_ACCESS = re.compile(
    r"list(?:Account|Admin|Query)?Keys\(|list(?:Secrets|ConnectionStrings|Credentials)\("
    r"|list(?:Account|Service)Sas\("
    r"|AccountKey=|SharedAccessKey|SharedAccessSignature|AZURE_CREDENTIALS|adminUserEnabled: true"
    r"|AzureKeyCredential\((?!UNUSED)|secrets\.(?!GITHUB_TOKEN)[A-Z]"
)


def secrets(repository: Path) -> list[str]:
    """One line for each finding: the file, its line and what was found there."""
    collection = SecretsCollection()
    found = []
    with default_settings():
        for path in sorted(path for path in repository.rglob("*") if path.is_file()):
            collection.scan_file(str(path))
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if match := KEYED_ACCESS.search(line):
                    found.append(f"{path.relative_to(repository)}:{number}: {match.group()}")
    found += [
        f"{Path(name).relative_to(repository)}:{secret.line_number}: {secret.type}"
        for name, secret in collection
    ]
    return sorted(found)


@pytest.mark.parametrize("answers", CASES, ids=case_id)
def test_no_rendering_holds_a_secret(rendering: Render, answers: dict[str, object]) -> None:
    assert secrets(rendering(answers)) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("infra/main.bicep", "output key string = account.listKeys().key1"),
        (
            "services/chat/src/chat_service/main.py",
            'API_KEY = "3f' + 'c1a9e0d27b45f6a8e9c0b1d2e3f4a5"',
        ),
        (".github/workflows/azure-dev.yml", "# ${{ secrets.AZURE_" + "CREDENTIALS }}"),
        (
            "README.md",
            "DefaultEndpointsProtocol=https;AccountName=x;Account" + "Key=" + "A" * 86 + "==",
        ),
        ("infra/hooks/preprovision.py", "# -----BEGIN " + "RSA PRIVATE KEY-----"),
    ],
)
def test_a_planted_secret_is_found(rendering: Render, tmp_path: Path, name: str, line: str) -> None:
    repository = tmp_path / "planted"
    shutil.copytree(rendering({}), repository)
    with (repository / name).open("a") as file:
        file.write(f"{line}\n")
    assert [finding for finding in secrets(repository) if finding.startswith(name)]
