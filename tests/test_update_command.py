"""`azd-ai-scaffold update`: every edit is kept or named; a repository changes wholly or not."""

import hashlib
import json
import os
import signal
import stat
from pathlib import Path

import pexpect
import pytest

from azd_ai_scaffold.bicep import HOW_TO_GET_BICEP
from azd_ai_scaffold.changelog import changes_between
from tests.command_line import COMMAND, CommandLine, start, wait_for
from tests.evaluated import running_bicep
from tests.small import (
    CHANGELOG,
    CONFIGURATION,
    ENDLESS,
    LINES,
    OLD,
    SECOND,
    endless,
    release,
    small_template,
)
from tests.templates import ANSWERS_FILE, commit, git, tree, write

pytestmark = pytest.mark.usefixtures("clean_scratch")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The small template, as its first release."""
    return small_template(tmp_path / "template")


@pytest.fixture
def repository(template: Path, tmp_path: Path, command: CommandLine) -> Path:
    """A rendering of the first release, committed by `new`."""
    dest = tmp_path / "repository"
    assert command("new", dest, "--defaults", "--quiet", f"--template={template}").code == 0
    return dest


def fresh(command: CommandLine, template: Path, tmp_path: Path, *options: str) -> dict[str, bytes]:
    """What the newest release renders."""
    dest = tmp_path / "fresh"
    options = ("--defaults", "--quiet", "--no-git", *options)
    assert command("new", dest, f"--template={template}", *options).code == 0
    return tree(dest)


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file of a folder, those of git too, by a hash of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        # git status refreshes what the index remembers of the files
        if path.is_file() and path.relative_to(folder).as_posix() != ".git/index"
    }


# What an update does.


def test_an_unexpected_error_has_its_traceback_where_it_is_asked_for(
    repository: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azd_ai_scaffold.update.prepared_update", None)
    command("update", repository, "--defaults").assert_refused("object is not callable")
    monkeypatch.setenv("AZD_AI_SCAFFOLD_DEBUG", "1")
    with pytest.raises(TypeError):
        command("update", repository, "--defaults")


def test_output_survives_any_encoding(template: Path, repository: Path) -> None:
    release(template, "v0.2.0", SECOND)
    narrow = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    process = start("update", repository, "--defaults", environment=narrow)
    output, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, "")
    assert output.startswith(r"Template v0.1.0 \u2192 v0.2.0")


def test_an_unedited_repository_becomes_a_fresh_rendering(
    template: Path, repository: Path, tmp_path: Path, command: CommandLine
) -> None:
    release(template, "v0.2.0", {**SECOND, "template/old.txt": None})
    (template / "template/run.sh").chmod(0o755)
    release(template, "v0.2.1", {})
    result = command("update", repository, "--defaults")
    assert (result.code, result.error) == (0, "")
    assert result.output == (
        f"Template v0.1.0 → v0.2.1 of {template}\n\n"
        "## [0.2.0] - 2026-02-01\n\n- The guide says more.\n\n"
        "Files\n"
        "  added    new.txt\n"
        "  changed  .copier-answers.yml\n"
        "  changed  guide.txt\n"
        "  changed  run.sh\n"
        "  removed  old.txt\n"
        "All of it is staged: git diff --cached shows it, git commit keeps it.\n"
    )
    assert tree(repository) == fresh(command, template, tmp_path)
    assert (repository / "run.sh").stat().st_mode & stat.S_IXUSR
    assert git(repository, "status", "--porcelain").splitlines() == [
        "M  .copier-answers.yml",
        "M  guide.txt",
        "A  new.txt",
        "D  old.txt",
        "M  run.sh",
    ]
    commit(repository, "Update")
    assert command("update", repository, "--defaults").output.endswith("Nothing changes.\n")
    assert git(repository, "status", "--porcelain") == ""


def test_every_edit_is_kept(
    template: Path, repository: Path, tmp_path: Path, command: CommandLine
) -> None:
    (repository / "old.txt").unlink()
    git(repository, "mv", "name.txt", "renamed.txt")
    write(
        repository,
        {
            "guide.txt": LINES.replace("line 18\n", "my line 18\n"),
            "mine/notes.txt": "mine\n",
            "chat.txt": LINES + "mine\n",
        },
    )
    (repository / "mine/logo.png").write_bytes(bytes(range(256)))
    (repository / "run.sh").write_bytes(b"\x00mine")  # a text file that became binary
    (repository / "mine/link").symlink_to("notes.txt")
    commit(repository, "Own work")
    mine = tree(repository)
    changed = {"template/old.txt": OLD + "more\n", "template/name.txt.jinja": "another\n"}
    release(template, "v0.2.0", {**SECOND, **changed})

    result = command("update", repository, "--defaults")
    assert (result.code, result.error) == (0, "")
    skipped = "(the template changed it; you renamed it to renamed.txt, which stays as it is)"
    assert f"  skipped  name.txt {skipped}\n" in result.output
    assert "  skipped  old.txt (the template changed it; you deleted it)\n" in result.output
    merged = LINES.replace("line 18\n", "my line 18\n").replace("line 1\n", "their line 1\n")
    expected = fresh(command, template, tmp_path)
    assert tree(repository) == mine | {
        "guide.txt": merged.encode(),
        "new.txt": expected["new.txt"],
        ANSWERS_FILE: expected[ANSWERS_FILE],
    }
    assert (repository / "mine/link").is_symlink()


def test_other_answers_are_an_update_too(
    template: Path, repository: Path, tmp_path: Path, command: CommandLine
) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("services: [text]\nproject_slug: other\n", encoding="utf-8")
    given = (f"--data-file={file}", "--data=services=vision,text")
    result = command("update", repository, "--defaults", "--allow-replace", *given)
    assert result.code == 0, result.error
    assert "removed  chat.txt" in result.output
    assert tree(repository) == fresh(command, template, tmp_path, *given)
    assert (repository / "name.txt").read_text(encoding="utf-8") == "other in swedencentral\n"


def test_a_rendering_below_the_top_of_its_repository_is_updated(
    template: Path, tmp_path: Path, command: CommandLine
) -> None:
    top = tmp_path / "mono"
    write(top, {"guide.txt": "not rendered\n"})
    commit(top, "Begin")
    dest = top / "apps/ai"
    result = command("new", dest, "--defaults", f"--template={template}")
    assert result.code == 0
    assert f"it lies in the repository {top}: commit it there" in result.error
    assert not (dest / ".git").exists()
    commit(top, "Rendering")
    release(template, "v0.2.0", SECOND)
    assert command("update", dest, "--defaults").code == 0
    assert tree(dest) == fresh(command, template, tmp_path)
    assert (top / "guide.txt").read_text(encoding="utf-8") == "not rendered\n"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("GIT_CONFIG_GLOBAL", "[tag]\ngpgSign = true\n", id="signed-tags"),
        pytest.param("GIT_CONFIG_GLOBAL", "[merge]\nverifySignatures = true\n", id="signatures"),
        pytest.param("GIT_CONFIG_GLOBAL", "[core]\nattributesFile = attributes\n", id="attributes"),
        pytest.param("XDG_CONFIG_HOME", "", id="default-attributes"),
        pytest.param("GIT_CONFIG_PARAMETERS", "'tag.gpgSign'='true'", id="git -c"),
    ],
)
def test_no_git_configuration_of_this_machine_decides_the_merge(
    template: Path,
    repository: Path,
    tmp_path: Path,
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    write(repository, {"guide.txt": LINES.replace("line 1\n", "my line 1\n")})
    commit(repository, "Own work")
    release(template, "v0.2.0", SECOND)
    monkeypatch.setenv("GIT_EDITOR", "false")  # a failure instead of an editor that waits
    attributes = tmp_path / "git/attributes"
    write(tmp_path, {"git/attributes": "*.txt merge=union\n"})
    write(tmp_path, {"gitconfig": value.replace("attributes\n", f"{attributes}\n")})
    places = {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "XDG_CONFIG_HOME": str(tmp_path)}
    monkeypatch.setenv(variable, places.get(variable, value))
    result = command("update", repository, "--defaults", "--quiet")
    assert (result.code, result.output) == (1, "")
    assert "guide.txt: you and the template changed the same lines" in result.error


def test_a_folder_whose_name_is_not_utf_8_is_updated(
    template: Path, tmp_path: Path, command: CommandLine
) -> None:
    dest = tmp_path / os.fsdecode(b"caf\xe9") / "ai"
    options = ("--defaults", f"--template={template}")
    assert command("new", dest, "--quiet", *options).code == 0
    release(template, "v0.2.0", SECOND)
    result = command("update", dest, "--defaults")
    assert result.code == 0, result.error
    assert tree(dest) == fresh(command, template, tmp_path)
    write(dest, {"draft.txt": ""})
    refused = command("update", dest, "--defaults")
    refused.assert_refused(r"caf\udce9/ai has changes that are not committed")


# Conflicts.


def test_the_same_lines_are_a_conflict_that_git_knows(
    template: Path, repository: Path, command: CommandLine
) -> None:
    write(repository, {"guide.txt": LINES.replace("line 1\n", "my line 1\n"), "new.txt": "mine\n"})
    commit(repository, "Own work")
    release(template, "v0.2.0", SECOND)
    result = command("update", repository, "--defaults")
    assert result.code == 1
    assert (
        "  guide.txt: you and the template changed the same lines\n"
        "    line 2:\n"
        "    <<<<<<< HEAD\n"
        "    my line 1\n"
        "    =======\n"
        "    their line 1\n"
        "    >>>>>>> template-v0.2.0\n"
    ) in result.error
    assert "  new.txt: you and the template both added it\n" in result.error
    assert git(repository, "status", "--porcelain").splitlines() == [
        "M  .copier-answers.yml",
        "UU guide.txt",
        "AA new.txt",
    ]
    assert git(repository, "show", ":1:guide.txt") == LINES.strip()
    add, commit_it = f"git -C {repository} add guide.txt new.txt", f"git -C {repository} commit"
    assert f"  {add} && {commit_it}\n" in result.error
    write(repository, {"guide.txt": LINES, "new.txt": "ours\n"})
    git(repository, "add", "guide.txt", "new.txt")
    git(repository, "commit", "--quiet", "--message=Update")
    assert command("update", repository, "--defaults").code == 0
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize("renamed", [False, True], ids=["removed", "renamed"])
def test_an_edited_file_that_the_template_drops_is_a_conflict_and_stays(
    template: Path, repository: Path, command: CommandLine, renamed: bool
) -> None:
    mine = OLD.replace("old 7\n", "my 7\n")
    write(repository, {"old.txt": mine})
    commit(repository, "Own work")
    files = {"template/old.txt": None, "template/chat.txt": None}
    release(template, "v0.2.0", files | ({"template/better.txt": OLD} if renamed else {}))
    result = command("update", repository, "--defaults")
    assert result.code == 1
    did = "renamed it to better.txt" if renamed else "removed it"
    assert f"  old.txt: you edited it, the template {did}\n" in result.error
    assert "    -old 7\n    +my 7\n" in result.error
    assert (repository / "old.txt").read_text(encoding="utf-8") == mine
    assert not (repository / "chat.txt").exists()
    assert (repository / "better.txt").exists() == renamed
    assert "UD old.txt" in git(repository, "status", "--porcelain")


def test_a_binary_file_that_both_changed_keeps_the_owners_bytes(
    template: Path, repository: Path, command: CommandLine
) -> None:
    (repository / "guide.txt").write_bytes(b"\x00mine")
    commit(repository, "Own work")
    release(template, "v0.2.0", SECOND)
    result = command("update", repository, "--defaults")
    assert result.code == 1
    assert "binary: your version is kept" in result.error
    assert (repository / "guide.txt").read_bytes() == b"\x00mine"


def test_an_answer_that_the_template_no_longer_takes_is_never_replaced(
    template: Path, repository: Path, tmp_path: Path, command: CommandLine
) -> None:
    """Copier itself would take the default, without a word, and so move everything."""
    assert command("update", repository, "--defaults", "--data=location=westus2").code == 1
    moved = command(
        "update", repository, "--defaults", "--data=location=westus2", "--allow-replace"
    )
    assert moved.code == 0
    commit(repository, "Moved")
    release(template, "v0.2.0", {"copier.yml": CONFIGURATION.replace("westus2, ", "")})
    before = fingerprint(repository)
    command("update", repository, "--defaults").assert_refused(
        "v0.2.0 of the template does not take your answer location=westus2 ('westus2' is not in "
        "['uksouth', 'swedencentral']): it would become swedencentral; to go on, choose one: "
        "azd-ai-scaffold update --data location=VALUE"
    )
    assert fingerprint(repository) == before
    given = "--data=location=uksouth"
    assert command("update", repository, "--defaults", given, "--allow-replace").code == 0
    assert tree(repository) == fresh(command, template, tmp_path, given)


def test_a_question_that_the_template_retires_keeps_no_silent_default(
    template: Path, repository: Path, command: CommandLine
) -> None:
    command("update", repository, "--defaults", "--data=services=text")
    commit(repository, "Text only")
    hidden = CONFIGURATION.replace(
        "services:\n", "services:\n  when: '{{ location == \"uksouth\" }}'\n"
    )
    release(template, "v0.2.0", {"copier.yml": hidden})
    command("update", repository, "--defaults").assert_refused(
        "does not take your answer services="
    )


def test_what_replaces_deployed_resources_wants_to_be_allowed(
    repository: Path, command: CommandLine
) -> None:
    before = fingerprint(repository)
    for data in ("location=uksouth", "project_slug=other"):
        result = command("update", repository, "--defaults", f"--data={data}")
        result.assert_refused("replaces what is deployed: pass --allow-replace if you mean it")
    assert fingerprint(repository) == before


# What is refused.


def test_a_repository_that_cannot_be_updated_is_refused(
    template: Path, repository: Path, tmp_path: Path, command: CommandLine
) -> None:
    write(repository, {"draft.txt": ""})
    command("update", repository, "--defaults").assert_refused(
        f"{repository} has changes that are not committed (draft.txt): commit or stash them"
    )
    (tmp_path / "plain").mkdir()
    command("update", tmp_path / "plain", "--defaults").assert_refused("has no .copier-answers.yml")
    command("update", tmp_path / "missing", "--defaults").assert_refused("is no folder")
    alone = tmp_path / "alone"
    options = ("--defaults", "--no-git", "--quiet", f"--template={template}")
    assert command("new", alone, *options).code == 0
    command("update", alone, "--defaults").assert_refused("is no git repository")
    git(alone, "init", "--quiet")
    command("update", alone, "--defaults").assert_refused("has no commit")
    write(alone, {ANSWERS_FILE: "a: [\n"})
    command("update", alone, "--defaults").assert_refused("cannot be read: restore it from git")
    write(alone, {ANSWERS_FILE: "_src_path: x\n"})
    command("update", alone, "--defaults").assert_refused("from which template and version")
    write(alone, {ANSWERS_FILE: f"_src_path: {template}\n_commit: 1\n"})
    command("update", alone, "--defaults").assert_refused("from which template and version")
    write(alone, {ANSWERS_FILE: "_src_path: /gone/template\n_commit: v0.1.0\n"})
    command("update", alone, "--defaults").assert_refused(
        "the template's folder /gone/template is not on this machine: set _src_path in "
        f"{alone / ANSWERS_FILE} to where it is, and commit that"
    )


@pytest.mark.parametrize(
    ("options", "reason", "code"),
    [
        (["--data=colour=red"], "no question is called colour", 2),
        (
            ["--data=location=moon"],
            "location: 'moon' is not in ['westus2', 'uksouth', 'swedencentral']",
            1,
        ),
        (["--vcs-ref=missing"], "the template has no tag, branch or commit 'missing'", 1),
        (["--json"], "--json belongs to --check", 2),
        *(
            (["--check", option], f"--check only compares versions: leave out {name}", 2)
            for option in ("--data=location=uksouth", "--data-file=a", "--dry-run")
            for name in [option.split("=")[0]]
        ),
    ],
)
def test_wrong_input_is_one_line(
    repository: Path, command: CommandLine, options: list[str], reason: str, code: int
) -> None:
    command("update", repository, "--defaults", *options).assert_refused(reason, code)
    assert git(repository, "status", "--porcelain") == ""


def test_without_a_terminal_it_never_waits(repository: Path, command: CommandLine) -> None:
    command("update", repository).assert_refused("there is no terminal to ask in: pass --defaults")


def test_going_back_is_refused(template: Path, repository: Path, command: CommandLine) -> None:
    release(template, "v0.2.0", SECOND)
    assert command("update", repository, "--defaults").code == 0
    commit(repository, "Update")
    command("update", repository, "--defaults", "--vcs-ref=v0.1.0").assert_refused(
        "the repository has v0.2.0 of the template, which is newer than v0.1.0"
    )


@pytest.mark.parametrize("wish", ["_tasks", "_migrations"])
def test_a_template_that_wants_to_run_commands_is_refused(
    template: Path,
    repository: Path,
    tmp_path: Path,
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    wish: str,
) -> None:
    configuration = CONFIGURATION + f"{wish}: ['touch {tmp_path}/ran']\n"
    release(template, "v0.2.0", {"copier.yml": configuration})
    settings = tmp_path / "settings.yml"
    settings.write_text(f"trust: ['{template}']\n", encoding="utf-8")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    command("update", repository, "--defaults").assert_refused(wish.removeprefix("_"))
    assert not (tmp_path / "ran").exists()


def test_a_dirty_template_is_refused(
    template: Path, repository: Path, command: CommandLine
) -> None:
    write(template, {"draft.txt": ""})
    command("update", repository, "--defaults").assert_refused("not committed")


# Looking without touching.


def test_check_says_whether_there_is_a_newer_template(
    template: Path, repository: Path, command: CommandLine
) -> None:
    write(repository, {"draft.txt": ""})  # a check may run at any time
    result = command("update", repository, "--check")
    assert (result.code, result.output) == (0, "v0.1.0: the newest template\n")
    release(template, "v0.2.0", SECOND)
    result = command("update", repository, "--check")
    assert (result.code, result.output) == (
        2,
        "v0.1.0: v0.2.0 is newer: azd-ai-scaffold update\n",
    )
    result = command("update", repository, "--check", "--json")
    expected = {"current": "v0.1.0", "latest": "v0.2.0", "newer": True}
    assert (result.code, json.loads(result.output)) == (2, expected)
    result = command("update", repository, "--check", "--quiet")
    assert (result.code, result.output, result.error) == (2, "", "")


def test_check_compares_with_the_version_asked_for(
    template: Path, repository: Path, command: CommandLine
) -> None:
    release(template, "v0.2.0", SECOND)
    release(template, "v0.3.0", {})
    result = command("update", repository, "--check", "--vcs-ref=v0.2.0")
    newer = "v0.1.0: v0.2.0 is newer: azd-ai-scaffold update --vcs-ref v0.2.0\n"
    assert (result.code, result.output) == (2, newer)
    result = command("update", repository, "--check", "--vcs-ref=v0.1.0")
    assert (result.code, result.output) == (0, "v0.1.0: v0.1.0 is not newer\n")


def test_a_dry_run_shows_the_diff_and_touches_nothing(
    template: Path, repository: Path, command: CommandLine
) -> None:
    write(repository, {"guide.txt": LINES.replace("line 1\n", "my line 1\n")})
    commit(repository, "Own work")
    release(template, "v0.2.0", SECOND)
    before = fingerprint(repository)
    result = command("update", repository, "--defaults", "--dry-run")
    assert result.code == 1  # as the update would end
    assert "+row 3\n" in result.output
    assert "guide.txt: you and the template changed the same lines" in result.error
    assert fingerprint(repository) == before


MAIN = """\
targetScope = 'resourceGroup'

@allowed(['dev', 'prod'])
param environmentType string

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'st${environmentType}'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
}

resource outbound 'Microsoft.Network/natGateways@2025-05-01' = {
  name: 'ng'
  location: 'westeurope'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-one'
  location: 'westeurope'
}
"""
PARAMETERS = '{"parameters": {"environmentType": {"value": "${AZURE_ENV_TYPE=dev}"}}}\n'
LATER = (
    MAIN.replace("id-one", "id-two")
    .replace("natGateways", "publicIPAddresses")
    .replace("'ng'", "'pip'")
)


def test_a_dry_run_shows_what_changes_in_azure(
    template: Path, repository: Path, command: CommandLine
) -> None:
    running_bicep()  # or skip
    infra = {
        "template/azure.yaml": "name: small\n",
        "template/infra/main.bicep": MAIN,
        "template/infra/main.parameters.json": PARAMETERS,
    }
    release(template, "v0.2.0", infra)
    assert command("update", repository, "--defaults").code == 0
    commit(repository, "Infrastructure")
    release(template, "v0.3.0", {"template/infra/main.bicep": LATER})
    result = command("update", repository, "--defaults", "--dry-run")
    assert result.code == 0, result.error
    shown = result.output.partition("diff --git")[0].splitlines()
    for profile in ("dev", "prod"):
        first = shown.index(f"{profile} with v0.2.0 → {profile} with v0.3.0: 1 resource the same")
        assert shown[first + 1 : first + 13] == [
            "",
            "replaced (1): Azure refuses the change in place; the old one has to go first",
            "Microsoft.ManagedIdentity/userAssignedIdentities  id-two",
            "  name: id-one → id-two",
            "    (a resource is not renamed: the old one stays beside the new one)",
            "",
            "added (1)",
            "Microsoft.Network/publicIPAddresses  pip",
            "",
            "removed (1): an incremental deployment deletes nothing, so they stay in Azure",
            "Microsoft.Network/natGateways  ng",
            "",
        ]
    result = command("update", repository, "--defaults", "--dry-run", "--quiet")
    assert (result.code, result.output) == (0, "")


def test_a_dry_run_names_the_bicep_that_has_conflicts(
    template: Path, repository: Path, command: CommandLine
) -> None:
    running_bicep()  # or skip
    infra = {"template/azure.yaml": "name: small\n", "template/infra/main.bicep": MAIN}
    release(template, "v0.2.0", infra)
    assert command("update", repository, "--defaults").code == 0
    write(repository, {"infra/main.bicep": MAIN.replace("id-one", "id-own")})
    commit(repository, "Own name")
    release(template, "v0.3.0", {"template/infra/main.bicep": LATER})
    result = command("update", repository, "--defaults", "--dry-run")
    assert result.code == 1
    assert "Changes in Azure are not shown. infra/main.bicep has conflicts.\n" in result.output


def test_a_dry_run_without_bicep_says_how_to_get_it(
    repository: Path, tmp_path: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").symlink_to("/usr/bin/git")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("BICEP_PATH", raising=False)
    result = command("update", repository, "--defaults", "--dry-run")
    assert result.code == 0, result.error
    assert result.output.splitlines()[-1] == f"Changes in Azure are not shown. {HOW_TO_GET_BICEP}."


# All or nothing.


def test_an_ignored_file_in_the_way_stops_the_update(
    template: Path, repository: Path, command: CommandLine
) -> None:
    write(repository, {".gitignore": "new.txt\nfolder\n"})
    commit(repository, "Ignore")
    write(repository, {"new.txt": "mine\n"})
    release(template, "v0.2.0", SECOND)
    before = fingerprint(repository)
    command_result = command("update", repository, "--defaults")
    assert command_result.code == 1
    assert "new.txt is ignored by git and in the way" in command_result.error
    assert fingerprint(repository) == before
    (repository / "new.txt").unlink()
    write(repository, {"folder": "mine\n"})
    release(template, "v0.2.1", {"template/folder/deep/file.txt": "theirs\n"})
    assert (
        "folder is ignored by git and in the way"
        in command("update", repository, "--defaults").error
    )
    assert (repository / "folder").read_text(encoding="utf-8") == "mine\n"
    assert git(repository, "status", "--porcelain") == ""


def filtered(repository: Path, smudge: str) -> None:
    """Let git run a program for every text file that it writes into the repository."""
    write(repository, {".gitattributes": "*.txt filter=own\n"})
    commit(repository, "Filter")
    git(repository, "config", "filter.own.clean", "cat")
    git(repository, "config", "filter.own.smudge", smudge)
    git(repository, "config", "filter.own.required", "true")


def test_a_failure_while_writing_takes_everything_back(
    template: Path, repository: Path, command: CommandLine
) -> None:
    filtered(repository, "sed '/row 9/{w /dev/stderr\nq1\n}'")
    release(template, "v0.2.0", {**SECOND, "template/a/deep/first.txt": "theirs\n"})
    before = tree(repository)
    result = command("update", repository, "--defaults")
    assert result.code == 1
    assert "git in" in result.error
    assert tree(repository) == before
    assert git(repository, "status", "--porcelain") == ""
    assert not (repository / "a").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_writing_does_not_stop_half_way(
    template: Path, repository: Path, tmp_path: Path, command: CommandLine, number: int
) -> None:
    filtered(repository, f"sh -c 'touch {tmp_path}/writing; sleep 0.3; cat'")
    release(template, "v0.2.0", SECOND)
    process = start("update", repository, "--defaults")
    wait_for(process, tmp_path, "writing")
    process.send_signal(number)
    output, error = process.communicate(timeout=180)
    assert (process.returncode, error) == (0, "")
    assert "All of it is staged" in output
    rendered = fresh(command, template, tmp_path)
    assert {k: v for k, v in tree(repository).items() if k in rendered} == rendered


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_writing_leaves_the_repository_as_it_was(
    template: Path, repository: Path, clean_scratch: Path, number: int
) -> None:
    release(template, "v0.2.0", {f"template/{ENDLESS}": endless("{%", "%}")})
    before = fingerprint(repository)
    process = start("update", repository, "--defaults")
    wait_for(process, clean_scratch, "*/theirs/slow")
    process.send_signal(number)
    output, error = process.communicate(timeout=180)
    assert process.returncode == 128 + number
    assert (output, error.strip()) == ("", "azd-ai-scaffold: interrupted, nothing was written")
    assert fingerprint(repository) == before


# In a terminal.


def test_a_terminal_asks_what_is_new_and_whether_to_write(template: Path, repository: Path) -> None:
    release(
        template,
        "v0.2.0",
        {**SECOND, "copier.yml": CONFIGURATION + "size: {type: str, default: small}\n"},
    )
    before = fingerprint(repository)
    for answer in ("n", "y"):
        child = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], "update", str(repository)],
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            encoding="utf-8",
            dimensions=(40, 120),
            timeout=60,
        )
        child.expect_exact("size")
        child.send("\r")
        child.expect_exact("The guide says more.")
        child.expect_exact("Change the repository?")
        child.send(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == (1 if answer == "n" else 0), child.before
        if answer == "n":
            assert fingerprint(repository) == before
    recorded = (repository / ANSWERS_FILE).read_text(encoding="utf-8")
    assert "size: small" in recorded


# The changelog.


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("0.1.0", "0.2.0", ["0.2.0"]),
        ("0.1.0", "0.1.0", []),
        ("0.0.1", "0.2.0", ["0.2.0", "0.1.0"]),
        ("0.1.0.post3+abc", "0.2.0", ["0.2.0"]),
        ("0.2.0", "0.2.0.post1.dev0+abc", ["Unreleased"]),
        ("0.2.0", "0.3.0", []),
    ],
)
def test_the_changelog_between_two_versions(old: str, new: str, found: list[str]) -> None:
    text = changes_between(CHANGELOG, old, new)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert [heading.split("[")[1].split("]")[0] for heading in headings] == found
    assert "https://example.com" not in text
    assert changes_between("no changelog\n", old, new) == ""
