"""`azd-ai-scaffold new`: completely or not at all, in one line, and such that it can be updated."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect
import pytest
import yaml
from copier import run_update

from tests.command_line import COMMAND, CommandLine, Result, start, wait_for
from tests.small import ENDLESS, endless
from tests.templates import (
    ANSWERS_FILE,
    FIRST_RELEASE,
    commit,
    git,
    questions_repository,
    template_repository,
    write,
)
from tools.template import Template

pytestmark = pytest.mark.usefixtures("clean_scratch")

New = Callable[..., Result]
Install = Callable[[Mapping[str, object] | None], None]

QUESTIONS = Template().questions
NEXT = "uv sync --all-packages && uv run python scripts/run_local.py"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A quick template of the questions alone."""
    return questions_repository(tmp_path / "template")


@pytest.fixture(scope="module")  # older than the scratch folder, which its export would be in
def whole_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it is."""
    return template_repository(tmp_path_factory.mktemp("whole") / "template")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty folder to render in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def new(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> New:
    """Run `new` in this process, without a terminal."""

    def run_new(dest: Path | str, *options: str, cwd: Path | None = None) -> Result:
        with monkeypatch.context() as patch:
            if cwd:
                patch.chdir(cwd)
            return command("new", dest, *options)

    return run_new


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Let the package's metadata say where it came from (PEP 610)."""
    monkeypatch.setenv("COPIER_CACHE_DIR", str(tmp_path / "cache"))

    def install_from(direct_url: Mapping[str, object] | None) -> None:
        information = tmp_path / "site" / "azd_ai_scaffold-0.1.0.dist-info"
        metadata = "Metadata-Version: 2.1\nName: azd-ai-scaffold\nVersion: 0.1.0\n"
        write(information, {"METADATA": metadata})
        if direct_url is not None:
            write(information, {"direct_url.json": json.dumps(direct_url)})
        monkeypatch.syspath_prepend(information.parent)

    return install_from


def answers(repository: Path) -> dict[str, object]:
    """What copier recorded."""
    recorded = yaml.safe_load((repository / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert isinstance(recorded, dict)
    return recorded


def test_renders_and_says_what_to_do_next(new: New, template: Path, work: Path) -> None:
    result = new(
        "deep/er/my ai",
        "--defaults",
        f"--template={template}",
        "--data=services=chat,text",
        "--data=project_name=Ada = AI",
        cwd=work,
    )
    assert result.code == 0, result.error
    assert result.output.startswith("Ada = AI will have\n")
    steps = result.output[result.output.index("Ada = AI is in") :]
    assert steps == f"Ada = AI is in deep/er/my ai. Next:\n\n  cd 'deep/er/my ai'\n  {NEXT}\n"
    assert git(work / "deep/er/my ai", "log", "--format=%s") == "First rendering"
    assert git(work / "deep/er/my ai", "status", "--porcelain") == ""
    assert result.error.count("\n") == 1
    assert "only this machine can update from it" in result.error
    recorded = answers(work / "deep/er/my ai")
    assert recorded["services"] == ["chat", "text"]
    assert recorded["_src_path"] == str(template)
    assert recorded["_commit"] == FIRST_RELEASE
    assert [path.name for path in (work / "deep" / "er").iterdir()] == ["my ai"]
    assert stat.S_IMODE((work / "deep/er/my ai").stat().st_mode) == 0o777 & ~_umask()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


@pytest.mark.parametrize(
    "value", ["chat,vision", "[chat, vision]", "[vision,chat]", "chat , 'vision'"]
)
def test_services_are_given_as_a_list_in_any_spelling(
    new: New, template: Path, work: Path, value: str
) -> None:
    result = new(work, "--defaults", f"--template={template}", f"--data=services={value}")
    assert result.code == 0, result.error
    assert answers(work)["services"] == ["chat", "vision"]


def test_the_whole_template_renders_and_can_be_updated(
    new: New, whole_template: Path, work: Path
) -> None:
    dest = work / "repository"
    assert new(dest, "--defaults", f"--template={whole_template}").code == 0
    write(whole_template / "template", {"news.txt": "new\n"})
    commit(whole_template, "feat: news", "v0.2.0")
    run_update(dest, defaults=True, overwrite=True, quiet=True, unsafe=False)
    assert (dest / "news.txt").read_text(encoding="utf-8") == "new\n"
    assert answers(dest)["_commit"] == "v0.2.0"
    assert git(dest, "status", "--porcelain").splitlines() == [f"M {ANSWERS_FILE}", "?? news.txt"]


def test_a_template_without_a_release_can_be_updated_from_too(
    new: New, template: Path, work: Path
) -> None:
    git(template, "tag", "--delete", FIRST_RELEASE)
    assert new(work, "--defaults", f"--template={template}").code == 0
    write(template / "template", {"news.txt": "new\n"})
    head = commit(template, "feat: news")
    run_update(work, defaults=True, overwrite=True, quiet=True, unsafe=False)
    assert (work / "news.txt").exists()
    assert head.startswith(str(answers(work)["_commit"]))


# The destination.


def test_an_existing_folder_with_git_only_is_filled(new: New, template: Path, work: Path) -> None:
    git(work, "init", "--quiet")
    head = (work / ".git" / "HEAD").read_bytes()
    result = new(".", "--defaults", f"--template={template}", cwd=work)
    assert result.code == 0, result.error
    assert sorted(path.name for path in work.iterdir()) == [ANSWERS_FILE, ".git"]
    assert (work / ".git" / "HEAD").read_bytes() == head


def test_a_link_to_a_folder_is_followed(new: New, template: Path, work: Path) -> None:
    (work / "real").mkdir()
    (work / "link").symlink_to("real")
    assert new(work / "link", "--defaults", f"--template={template}").code == 0
    assert (work / "real" / ANSWERS_FILE).is_file()
    assert (work / "link").is_symlink()


def test_a_folder_with_content_is_refused(new: New, template: Path, work: Path) -> None:
    write(work, {"notes.txt": "mine\n", ".git/HEAD": "ref: refs/heads/main\n"})
    result = new(work, "--defaults", f"--template={template}")
    result.assert_refused(f"{work} is not empty (it holds notes.txt): choose another destination")
    assert sorted(path.name for path in work.iterdir()) == [".git", "notes.txt"]


def test_a_file_is_refused(new: New, template: Path, work: Path) -> None:
    write(work, {"dest": ""})
    new(work / "dest", "--defaults", f"--template={template}").assert_refused("is no folder")
    below = new(work / "dest" / "below", "--defaults", f"--template={template}")
    below.assert_refused(f"{work / 'dest'} is no folder: choose another destination")


def test_a_parent_that_cannot_be_written_is_refused(
    new: New, template: Path, tmp_path: Path
) -> None:
    # /proc takes no folders, even from root, for whom file modes mean nothing.
    new("/proc/new", "--defaults", f"--template={template}").assert_refused("/proc/")
    if os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        new(locked / "dest", "--defaults", f"--template={template}").assert_refused(
            "Permission denied"
        )


# The answers.


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (["colour=red"], "no question is called colour; there are project_name, "),
        (["regions={}"], "no question is called regions; there are project_name, "),
        (["_commit=v9"], "no question is called _commit; "),
        (["services"], "--data 'services' is not of the form NAME=VALUE"),
        (["=chat"], "--data '=chat' is not of the form NAME=VALUE"),
        (["ci=none", "ci=github"], "--data answers ci twice"),
    ],
)
def test_malformed_or_unknown_data_is_wrong_usage(
    new: New, template: Path, work: Path, data: Sequence[str], reason: str
) -> None:
    options = [f"--data={item}" for item in data]
    result = new(work / "dest", "--defaults", f"--template={template}", *options)
    result.assert_refused(reason, code=2)
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["--colour"], ["a", "b"]])
def test_wrong_usage_is_one_line(command: CommandLine, arguments: Sequence[str]) -> None:
    command("new", *arguments).assert_refused("", code=2)


def test_without_a_terminal_it_never_waits(new: New, template: Path, work: Path) -> None:
    result = new(work / "dest", f"--template={template}")
    result.assert_refused("there is no terminal to ask in: pass --defaults (and --data)")


# The template's source.


def test_an_explicit_reference_is_rendered(new: New, template: Path, work: Path) -> None:
    write(template / "template", {"news.txt": "new\n"})
    commit(template, "feat: news", "v0.2.0")
    assert new(work / "a", "--defaults", f"--template={template}").code == 0
    assert (work / "a" / "news.txt").exists()
    result = new(work / "b", "--defaults", f"--template={template}", f"--vcs-ref={FIRST_RELEASE}")
    assert result.code == 0, result.error
    assert not (work / "b" / "news.txt").exists()
    result = new(work / "c", "--defaults", f"--template={template}", "--vcs-ref=missing")
    result.assert_refused("the template has no tag, branch or commit 'missing'")


def test_a_url_is_recorded_as_copier_reads_it(
    new: New, template: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPIER_CACHE_DIR", str(tmp_path / "cache"))
    result = new(work, "--defaults", f"--template={template.as_uri()}")
    assert result.code == 0, result.error
    assert result.error == ""
    assert answers(work)["_src_path"] == f"git+{template.as_uri()}"


@pytest.mark.parametrize(
    "url",
    [
        "https://ada:secret@example.com/owner/template.git",
        "https://secret@example.com/owner/template",
        "git+https://ada:secret@example.com/owner/template.git",
        "ssh://git:secret@example.com/owner/template.git",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(new: New, work: Path, url: str) -> None:
    result = new(work / "dest", "--defaults", f"--template={url}")
    result.assert_refused("the template's URL carries credentials")
    assert "secret" not in result.error


def test_unusable_sources_are_refused(new: New, template: Path, work: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    empty = tmp_path / "empty"
    empty.mkdir()
    commit(empty, "nothing")
    write(tmp_path / "broken", {"copier.yml": "a: [\n", "copier/x": ""})
    commit(tmp_path / "broken", "broken")
    for source, reason in {
        tmp_path / "plain": "is no git repository",
        template / "tables": "is no git repository",
        template / "copier.yml": "is no folder",
        empty: "is no template: it has no copier.yml with questions",
        tmp_path / "broken": "copier.yml",
        "https://127.0.0.1:9/owner/template.git": "fatal: unable to access",
        tmp_path / "missing": "fatal: ",
    }.items():
        new(work / "dest", "--defaults", f"--template={source}").assert_refused(reason)
    assert list(work.iterdir()) == []


def test_a_template_that_wants_trust_is_refused(
    new: New, template: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (template / "copier.yml").open("a", encoding="utf-8") as configuration:
        configuration.write(f"\n_tasks: ['touch {tmp_path}/ran']\n")
    commit(template, "feat: tasks", "v0.2.0")
    settings = tmp_path / "settings.yml"
    settings.write_text(f"trust: ['{template}']\n", encoding="utf-8")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    result = new(work / "dest", "--defaults", f"--template={template}")
    result.assert_refused("unsafe feature: tasks")
    assert not (tmp_path / "ran").exists()


def test_copiers_own_settings_that_cannot_be_read_are_named(
    new: New, template: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_text("trust: 1\n", encoding="utf-8")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    result = new(work / "dest", "--defaults", f"--template={template}")
    result.assert_refused("copier's settings cannot be read: Invalid format: trust: Input should")


def test_hooks_of_this_machine_do_not_run_on_the_templates_clone(
    new: New, template: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "hooks", {"post-checkout": "#!/bin/sh\nexit 1\n"})
    (tmp_path / "hooks/post-checkout").chmod(0o755)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.hooksPath")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path / "hooks"))
    before = dict(os.environ)
    result = new(work / "dest", "--defaults", "--quiet", f"--template={template}")
    assert result.code == 0, result.error
    assert dict(os.environ) == before


def test_a_dirty_template_is_refused(new: New, template: Path, work: Path) -> None:
    write(template, {"draft.txt": ""})
    result = new(work / "dest", "--defaults", f"--template={template}")
    result.assert_refused("has changes that are not committed: commit or stash them first")


def test_a_shallow_template_is_refused(
    new: New, template: Path, work: Path, tmp_path: Path
) -> None:
    commit(template, "second")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", template.as_uri(), str(shallow))
    result = new(work / "dest", "--defaults", f"--template={shallow}")
    result.assert_refused("is a shallow clone: run git -C")


def test_without_git_it_says_so(new: New, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    result = new(work / "dest", "--defaults")
    result.assert_refused("git is not installed: install it and put it on PATH")


def test_a_template_that_fails_while_rendering_leaves_nothing(
    new: New, template: Path, work: Path
) -> None:
    write(template / "template", {"a.txt": "", "z.txt.jinja": "[[ no_such_answer ]]\n"})
    commit(template, "fix: break it", "v0.2.0")
    options = ("--defaults", f"--template={template}")
    new(work / "a" / "dest", *options).assert_refused("no_such_answer")
    assert list(work.iterdir()) == []
    git(work, "init", "--quiet")
    new(work, *options).assert_refused("no_such_answer")
    assert [path.name for path in work.iterdir()] == [".git"]


# Where the package was installed from.


def test_a_package_from_git_renders_its_commit(
    new: New, install: Install, template: Path, work: Path
) -> None:
    first = git(template, "rev-parse", "HEAD")
    write(template / "template", {"news.txt": "new\n"})
    commit(template, "feat: news", "v0.2.0")
    install({"url": template.as_uri(), "vcs_info": {"vcs": "git", "commit_id": first}})
    result = new(work, "--defaults")
    assert result.code == 0, result.error
    assert answers(work)["_src_path"] == f"git+{template.as_uri()}"
    assert answers(work)["_commit"] == FIRST_RELEASE
    assert not (work / "news.txt").exists()


@pytest.fixture
def checkout(template: Path, tmp_path: Path, install: Install) -> Path:
    """A clone of the template, from which the package is installed."""
    folder = tmp_path / "check out"
    git(tmp_path, "clone", "--quiet", template.as_uri(), str(folder))
    install({"url": folder.as_uri(), "dir_info": {"editable": True}})
    return folder


@pytest.mark.usefixtures("checkout")
def test_a_pushed_checkout_renders_from_its_origin(new: New, template: Path, work: Path) -> None:
    result = new(work, "--defaults")
    assert (result.code, result.error) == (0, "")
    assert answers(work)["_src_path"] == f"git+{template.as_uri()}"


def test_a_checkout_that_is_not_pushed_renders_from_itself_and_warns(
    new: New, checkout: Path, work: Path
) -> None:
    head = commit(checkout, "not pushed")
    result = new(work, "--defaults")
    assert result.code == 0, result.error
    assert result.error == (
        f"azd-ai-scaffold: warning: the template is the folder {checkout}: "
        "only this machine can update from it\n"
    )
    assert answers(work)["_src_path"] == str(checkout)
    assert str(answers(work)["_commit"]).endswith(f"-g{head[:7]}")


def test_a_checkout_whose_origin_does_not_answer_renders_from_itself_and_warns(
    new: New, checkout: Path, work: Path, tmp_path: Path
) -> None:
    git(checkout, "config", "remote.origin.url", (tmp_path / "gone").as_uri())
    result = new(work, "--defaults")
    assert result.code == 0, result.error
    assert "only this machine can update from it" in result.error
    assert answers(work)["_src_path"] == str(checkout)


def test_a_checkout_with_changes_or_credentials_is_refused(
    new: New, checkout: Path, work: Path
) -> None:
    git(checkout, "config", "remote.origin.url", "https://token:secret@example.com/a/b.git")
    result = new(work / "dest", "--defaults")
    result.assert_refused("carries credentials")
    write(checkout, {"draft.txt": ""})
    new(work / "dest", "--defaults").assert_refused("not committed")


@pytest.mark.parametrize("direct_url", [None, {"url": "file:///a.whl", "archive_info": {}}])
def test_a_package_without_a_source_says_what_to_pass(
    new: New, install: Install, work: Path, direct_url: Mapping[str, object] | None
) -> None:
    install(direct_url)
    result = new(work / "dest", "--defaults")
    result.assert_refused("this installation does not know its template: pass --template")


# Interruptions.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("existing", [False, True], ids=["missing", "only-git"])
def test_an_interruption_while_rendering_leaves_nothing(
    template: Path, work: Path, number: signal.Signals, existing: bool
) -> None:
    write(template / "template", {ENDLESS: endless("[%", "%]")})
    commit(template, "feat: never done", "v0.2.0")
    dest = work if existing else work / "a" / "dest"
    if existing:
        git(work, "init", "--quiet")
    before = sorted(path.name for path in work.iterdir())
    process = start("new", dest, "--defaults", f"--template={template}")
    wait_for(process, work, "**/slow")
    process.send_signal(number)
    output, error = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert (output, error.strip()) == ("", "azd-ai-scaffold: interrupted, nothing was written")
    assert sorted(path.name for path in work.iterdir()) == before


def wizard(template: Path, dest: Path, *options: str) -> "pexpect.spawn[str]":
    """The wizard in a terminal of its own."""
    return pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], "new", str(dest), f"--template={template}", *options],
        env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        encoding="utf-8",
        dimensions=(40, 120),
        timeout=20,
    )


def test_the_wizard_asks_refuses_and_renders(template: Path, work: Path) -> None:
    child = wizard(template, work / "dest")
    child.expect_exact("Which preset?")
    child.expect_exact("enterprise: ")
    child.send("\x1b[A\r")  # the one above standard
    child.expect_exact("Customise minimal")
    child.send("y")
    child.expect_exact("What is the project called?")
    child.expect_exact("AI Platform")
    child.send("\x15Bad [name]\r")
    child.expect_exact('remove " \\ < > { } [ ] $ | ` from it')
    child.send("\x15Ada's AI\r")
    child.expect_exact("What is its short name?")
    child.expect_exact("ada-s-ai")
    for question in [
        "Who owns it?",
        "Which license applies?",
        "Which architecture pattern?",
        "Which AI services?",
    ]:
        child.send("\r")
        child.expect_exact(question)
    child.send(" \x1b[B ")  # drop the first two
    names = list(QUESTIONS)
    for name in names[names.index("services") + 1 :]:
        if name != "chat_model":  # no chat, no chat model
            child.send("\r")
            child.expect_exact(QUESTIONS[name]["help"].splitlines()[0])
    child.send("\r")
    child.expect_exact("Ada's AI will have")
    child.expect_exact("Write it?")
    assert not (work / "dest").exists()
    child.send("\r")
    child.expect_exact("Ada's AI is in")
    child.expect_exact(NEXT)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    recorded = answers(work / "dest")
    assert recorded["services"] == ["text"]
    assert recorded["project_slug"] == "ada-s-ai"
    assert "chat_model" not in recorded


@pytest.mark.parametrize("stop", ["ctrl-c", "terminate"])
def test_an_interruption_of_the_wizard_leaves_nothing(
    template: Path, work: Path, stop: str
) -> None:
    child = wizard(template, work / "a" / "dest", "--preset=standard")
    child.expect_exact("What is the project called?")
    child.send("\r")
    child.expect_exact("What is its short name?")
    if stop == "ctrl-c":
        child.sendintr()
    else:
        child.kill(signal.SIGTERM)
    child.expect_exact("azd-ai-scaffold: interrupted, nothing was written")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (130 if stop == "ctrl-c" else 128 + signal.SIGTERM)
    assert "Traceback" not in (child.before or "")
    assert list(work.iterdir()) == []


def test_help_and_version_import_nothing_heavy() -> None:
    for option in ("--help", "--version"):
        program = (
            "import sys; from azd_ai_scaffold.cli import run; code = run([sys.argv[1]]); "
            "assert not {'copier', 'jinja2', 'yaml', 'pydantic', 'subprocess'} & set(sys.modules); "
            "sys.exit(code)"
        )
        subprocess.run([sys.executable, "-c", program, option], check=True, capture_output=True)
