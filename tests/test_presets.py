"""`new` from a preset: what it answers, what it leaves open, and what is shown before."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from azd_ai_scaffold.bicep import HOW_TO_GET_BICEP
from azd_ai_scaffold.cli import PRESETS
from azd_ai_scaffold.presets import load_presets
from azd_ai_scaffold.preview import preview, resource_counts
from azd_ai_scaffold.rendering import Rendering
from tests.command_line import CHOICE_WIDTH, CommandLine
from tests.conftest import Render
from tests.evaluated import running_bicep
from tests.small import CONFIGURATION, release, small_template
from tests.templates import ANSWERS_FILE, commit, git, questions_repository, write
from tools.template import Template

TEMPLATE = Template()
QUESTIONS = TEMPLATE.questions
LEFT_OPEN = {"project_name", "project_slug", "owner_email", "license", "pattern", "services"}
LEFT_OPEN |= {"location", "ci"}


@pytest.fixture(scope="session")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quick template of the questions alone."""
    return questions_repository(tmp_path_factory.mktemp("presets") / "template")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The small template."""
    return small_template(tmp_path / "template")


def recorded(repository: Path) -> dict[str, object]:
    """The recorded answers."""
    answers = yaml.safe_load((repository / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert isinstance(answers, dict)
    return answers


# The data.


def test_the_command_line_knows_every_preset() -> None:
    assert tuple(load_presets()) == PRESETS


@pytest.mark.parametrize("preset", load_presets().values(), ids=PRESETS)
def test_a_preset_answers_whatever_is_not_left_open(preset: object) -> None:
    (found,) = [known for known in load_presets().values() if known == preset]
    assert QUESTIONS.keys() <= found.answers.keys() | LEFT_OPEN
    assert found.answers.keys().isdisjoint(LEFT_OPEN)
    assert "\n" not in found.audience
    assert len(f"{found.name}: {found.audience}") <= CHOICE_WIDTH


@pytest.mark.parametrize("pattern", ["microservices", "event-driven"])
@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_answers_are_valid(
    questions: Path, tmp_path: Path, command: CommandLine, name: str, pattern: str
) -> None:
    options = ("--defaults", "--quiet", f"--data=pattern={pattern}", f"--template={questions}")
    result = command("new", tmp_path / "dest", f"--preset={name}", *options)
    assert result.code == 0, result.error
    answers = recorded(tmp_path / "dest")
    expected = {
        question: value
        for question, value in load_presets()[name].answers.items()
        if question in QUESTIONS
    }
    assert {question: answers.get(question) for question in expected} == expected


def test_what_a_preset_leaves_out_of_the_questions_is_not_used(
    template: Path, tmp_path: Path, command: CommandLine
) -> None:
    """Copier uses a given answer also where the question is not asked."""
    asked = CONFIGURATION.replace("project_slug:", "edge: {type: str, default: own}\nproject_slug:")
    hidden = asked.replace("edge: {", "edge: {when: '{{ false }}', ")
    write(template, {"template/edge.txt.jinja": "{{ edge }}\n"})
    for number, (configuration, edge) in enumerate([(asked, "front-door\n"), (hidden, "own\n")], 2):
        release(template, f"v0.{number}.0", {"copier.yml": configuration})
        dest = tmp_path / f"dest-{number}"
        options = ("--defaults", "--quiet", f"--template={template}")
        assert command("new", dest, "--preset=enterprise", *options).code == 0
        assert (dest / "edge.txt").read_text(encoding="utf-8") == edge
    refused = command("new", tmp_path / "refused", "--data=edge=none", *options)
    refused.assert_refused("edge is not asked with these answers: leave it out", 2)
    assert not (tmp_path / "refused").exists()


# Answers from files.


def test_data_goes_over_the_file_and_the_file_over_the_preset(
    questions: Path, tmp_path: Path, command: CommandLine
) -> None:
    file = tmp_path / "answers.yml"
    file.write_text(
        "project_name: From the file\nprod_size: large\nservices: [text, chat]\nci: none\n",
        encoding="utf-8",
    )
    options = ("--defaults", "--quiet", f"--template={questions}", "--preset=minimal")
    given = (f"--data-file={file}", "--data=ci=github")
    assert command("new", tmp_path / "dest", *options, *given).code == 0
    answers = recorded(tmp_path / "dest")
    assert answers["project_name"] == "From the file"
    assert (answers["prod_size"], answers["dev_size"]) == ("large", "minimal")
    assert answers["services"] == ["chat", "text"]
    assert answers["ci"] == "github"


@pytest.mark.parametrize(
    ("text", "reason", "code"),
    [
        ("a: [\n", "answers.yml:2 cannot be used: ", 1),
        ("- a\n", "answers.yml does not map names to values", 1),
        ("", "answers.yml does not map names to values", 1),
        ("colour: red\n", "no question is called colour", 2),
        ("location: [a\x00]\n", "answers.yml cannot be used: ", 1),
        ("location: uksouth\nlocation: westus2\n", "answers.yml:2 cannot be used: location is", 1),
        ("location: !!int x\n", "answers.yml cannot be used: ", 1),
        ("[" * 5000, "answers.yml is nested too deeply", 1),
        ("location: 2020-13-45\n", "location: '2020-13-45' is not in ['westus2', ", 1),
        ("location: [uksouth]\n", "location takes one value, not ['uksouth']", 2),
        ("location:\n", "location takes one value, not None", 2),
        ("services:\n", "services takes a list of values, not None", 2),
        ("services: 1\n", "services takes a list of values, not 1", 2),
        (None, "answers.yml: No such file or directory", 1),
    ],
)
def test_an_unusable_file_is_one_line(
    template: Path, tmp_path: Path, command: CommandLine, text: str | None, reason: str, code: int
) -> None:
    file = tmp_path / "answers.yml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    options = ("--defaults", f"--template={template}", f"--data-file={file}")
    command("new", tmp_path / "dest", *options).assert_refused(reason, code)
    assert not (tmp_path / "dest").exists()


# What is shown.


def test_the_preview_counts_azure_resources(rendering: Render) -> None:
    running_bicep()  # or skip
    folder = rendering({})
    answers = {"project_name": "Ada", "user_auth": "entra", "location": "swedencentral"}
    labels = {"user_auth": "With Microsoft Entra ID"}
    lines = preview(Rendering(answers, labels, frozenset()), folder).splitlines()
    assert lines[0] == "Ada will have"
    found = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    assert found["services"][:2] == ["web,", "api-gateway,"]
    assert found["user_auth"] == ["entra", "(With", "Microsoft", "Entra", "ID)"]
    assert found["dev"] == ["prod"]
    assert found["Microsoft.CognitiveServices/accounts"] == ["3", "3"]
    dev, prod = map(int, found["Azure"][1:])
    types = [counts for name, counts in found.items() if name.startswith("Microsoft.")]
    assert (dev, prod) == (sum(int(c[0]) for c in types), sum(int(c[1]) for c in types))


def test_the_preview_counts_as_plan_does(rendering: Render, command: CommandLine) -> None:
    running_bicep()  # or skip
    folder = rendering({})
    lines = resource_counts(folder, "swedencentral")
    resources, roles = (
        next(line for line in lines if line.strip().startswith(name)).split()[-2:]
        for name in ("Azure resources", "Role assignments")
    )
    said = command("plan", folder, "--set=AZURE_LOCATION=swedencentral").output
    counts = re.findall(r", (\w+): (\d+) resources, (\d+) role assignments", said)
    assert counts == list(zip(("dev", "prod"), resources, roles, strict=True))


def test_the_preview_without_bicep_says_how_to_get_it(
    rendering: Render, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rendering({})
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("BICEP_PATH", raising=False)
    text = preview(Rendering({}, {}, frozenset()), folder)
    assert text.splitlines()[-1] == f"  Azure resources are not shown. {HOW_TO_GET_BICEP}."


def test_each_security_choice_is_shown_in_the_templates_words(
    questions: Path, tmp_path: Path, command: CommandLine
) -> None:
    options = ("--defaults", f"--template={questions}", "--preset=enterprise")
    said = command("new", tmp_path / "dest", *options).output
    shown = {line.split()[0]: line for line in said.splitlines() if line.startswith("  ")}
    answers = recorded(tmp_path / "dest")
    for question in ("network", "edge", "user_auth", "data_residency"):
        labels = TEMPLATE.choices(question, **TEMPLATE.answers(**answers))
        answer = str(answers[question])
        assert shown[question].endswith(f"{answer} ({labels[answer]})")


def test_quiet_says_nothing(template: Path, tmp_path: Path, command: CommandLine) -> None:
    url = f"--template={template.as_uri()}"
    result = command("new", tmp_path / "dest", "--defaults", "--quiet", url)
    assert (result.code, result.output, result.error) == (0, "", "")


# The first commit.


def test_without_git_there_is_no_repository(
    template: Path, tmp_path: Path, command: CommandLine
) -> None:
    result = command("new", tmp_path / "dest", "--defaults", "--no-git", f"--template={template}")
    assert result.code == 0
    assert '  git init --quiet && git add . && git commit --quiet -m "First' in result.output
    assert not (tmp_path / "dest/.git").exists()


def test_without_an_identity_the_files_are_there_but_not_committed(
    template: Path, tmp_path: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    monkeypatch.delenv("EMAIL", raising=False)
    dest = tmp_path / "dest"
    result = command("new", dest, "--defaults", f"--template={template}")
    assert result.code == 0
    reason = "git does not know who you are: set user.name and user.email, then commit"
    assert f"azd-ai-scaffold: warning: there is no first commit: {reason}\n" in result.error
    assert "  git add . && git commit" in result.output
    assert "A  guide.txt" in git(dest, "status", "--porcelain")


def test_neither_hooks_nor_signatures_of_this_machine_stop_the_first_commit(
    template: Path, tmp_path: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "hooks", {"pre-commit": "#!/bin/sh\nexit 1\n"})
    (tmp_path / "hooks/pre-commit").chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text(
        f"[core]\nhooksPath = {tmp_path}/hooks\n[commit]\ngpgSign = true\n"
        "[init]\ndefaultBranch = trunk\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    dest = tmp_path / "dest"
    options = ("--defaults", "--quiet", f"--template={template}")
    assert command("new", dest, *options).code == 0
    assert git(dest, "log", "--format=%s") == "First rendering"
    assert git(dest, "branch", "--show-current") == "trunk"


def test_the_first_commit_has_what_this_machine_lets_git_ignore(
    template: Path, tmp_path: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"git/ignore": "guide.txt\n"})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for dest in (tmp_path / "missing", tmp_path / "empty"):
        if dest.name == "empty":
            git(tmp_path, "init", "--quiet", str(dest))
        options = ("--defaults", "--quiet", f"--template={template}")
        assert command("new", dest, *options).code == 0
        committed = git(dest, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
        assert "guide.txt" in committed
    write(template, {"template/guide.txt": "new\n"})
    commit(template, "feat: another guide", "v0.2.0")
    assert "changed  guide.txt" in command("update", dest, "--defaults").output


@pytest.mark.parametrize("option", [None, "--no-git"])
def test_the_next_step_in_a_repository_commits_there_and_only_the_rendering(
    template: Path, tmp_path: Path, command: CommandLine, option: str | None
) -> None:
    outer = tmp_path / "outer"
    write(outer, {"notes.txt": "mine\n"})
    commit(outer, "Begin")
    write(outer, {"notes.txt": "not done\n"})
    git(outer, "add", "notes.txt")
    options = ("--defaults", f"--template={template}", *filter(None, [option]))
    result = command("new", outer / "dest", *options)
    assert result.code == 0, result.error
    steps = result.output[result.output.index("Next:") :].splitlines()[2:-1]
    subprocess.run(["sh", "-ec", "\n".join(steps)], check=True)
    assert git(outer, "log", "-1", "--format=%s") == "First rendering"
    assert git(outer, "status", "--porcelain") == "M  notes.txt"
    assert not (outer / "dest/.git").exists()
    assert command("update", outer / "dest", "--check").code == 0


def test_a_repository_with_commits_is_filled_and_not_committed(
    template: Path, tmp_path: Path, command: CommandLine
) -> None:
    dest = tmp_path / "dest"
    dest.mkdir()
    head = commit(dest, "Begin")
    result = command("new", dest, "--defaults", f"--template={template}")
    assert result.code == 0
    assert "the repository has commits already: commit the files yourself" in result.error
    assert git(dest, "rev-parse", "HEAD") == head
    assert "?? guide.txt" in git(dest, "status", "--porcelain")


def test_an_empty_repository_gets_its_first_commit(
    template: Path, tmp_path: Path, command: CommandLine
) -> None:
    dest = tmp_path / "dest"
    subprocess.run(["git", "init", "--quiet", str(dest)], check=True)
    assert command("new", dest, "--defaults", f"--template={template}").code == 0
    assert git(dest, "log", "--format=%s") == "First rendering"
    assert git(dest, "status", "--porcelain") == ""
