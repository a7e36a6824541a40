"""The maintenance command that reports old API versions."""

from pathlib import Path

from azd_ai_scaffold.bicep import Bicep
from tests.rendering import render
from tools.api_versions import KEPT, old_versions


def test_an_old_version_is_reported(bicep: Bicep, tmp_path: Path) -> None:
    repository = render(tmp_path / "repository")
    vault = repository / "infra/core/security/key-vault.bicep"
    text = vault.read_text()
    vault.write_text(text.replace("vaults@2026-02-01", "vaults@2019-09-01"))
    assert vault.read_text() != text
    messages = [diagnostic.message for diagnostic in old_versions(bicep, repository)]
    assert any("Microsoft.KeyVault/vaults" in message for message in messages)
    assert any(kind in message for message in messages for kind in KEPT)
