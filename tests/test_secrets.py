"""No rendering holds a secret or asks for one; planted secrets prove the scanner sees them."""

import itertools
import re
import shutil
from pathlib import Path

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from tests.conftest import Render
from tests.matrix import CASES, case_id

# One worker has all: it remembers the files that it has seen.
pytestmark = pytest.mark.xdist_group("secrets")

# What detect-secrets does not know: asking Azure for a key, and connection strings with keys.
KEYED_ACCESS = re.compile(
    r"list(?:Account|Admin|Query)?Keys\(|list(?:Secrets|ConnectionStrings|Credentials)\("
    r"|list(?:Account|Service)Sas\("
    r"|AccountKey=|SharedAccessKey|SharedAccessSignature|AZURE_CREDENTIALS|adminUserEnabled: true"
    r"|AzureKeyCredential\((?!UNUSED)|secrets\.(?!GITHUB_TOKEN)[A-Z]"
)


_seen: dict[tuple[str, bytes], list[str]] = {}  # most files are the same in many renderings


def secrets(path: Path, name: str) -> list[str]:
    """One line for each finding in a file: its name, the line and what was found there."""
    content = path.read_bytes()
    if (name, content) not in _seen:
        collection = SecretsCollection()
        collection.scan_file(str(path))
        found = [f"{name}:{secret.line_number}: {secret.type}" for _, secret in collection]
        for number, line in enumerate(content.decode().splitlines(), start=1):
            if match := KEYED_ACCESS.search(line):
                found.append(f"{name}:{number}: {match.group()}")
        _seen[name, content] = found
    return _seen[name, content]


@pytest.mark.parametrize("answers", CASES, ids=case_id)
def test_no_rendering_holds_a_secret(rendering: Render, answers: dict[str, object]) -> None:
    repository = rendering(answers)
    with default_settings():
        found = [
            secrets(path, path.relative_to(repository).as_posix())
            for path in sorted(repository.rglob("*"))
            if path.is_file()
        ]
    assert list(itertools.chain(*found)) == []


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
    planted = tmp_path / name
    planted.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(rendering({}) / name, planted)
    with default_settings():
        assert secrets(planted, name) == []
        with planted.open("a") as file:
            file.write(f"{line}\n")
        assert secrets(planted, name)
