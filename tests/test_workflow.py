"""The pipeline: what runs on which event, as GitHub evaluates it, and what keeps it up to date."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.matrix import DEFAULT, EVENT_DRIVEN, case_id
from tests.templates import ANSWERS_FILE, commit
from tools.template import Template

PUSH = {"event_name": "push", "ref": "refs/heads/main"}
CONFIGURED = {"AZURE_CLIENT_ID": "client"}
PREVIEWED = {**CONFIGURED, "PREVIEW_PULL_REQUESTS": "true"}
PROMOTED = {**CONFIGURED, "DEPLOY_TO": '["dev", "prod"]'}


def pull_request(author: str = "ada", source: str = "example/app") -> dict[str, Any]:
    request = {"user": {"login": author}, "head": {"repo": {"full_name": source}}}
    return {
        "event_name": "pull_request",
        "ref": "refs/pull/7/merge",
        "event": {"pull_request": request},
    }


def evaluate(expression: str, **contexts: Any) -> Any:
    """Evaluate a GitHub expression; what a context lacks is an empty string."""

    def look_up(match: re.Match[str]) -> str:
        context, *names = match[0].split(".")
        value = contexts[context]
        for name in names:
            value = value.get(name, "") if isinstance(value, dict) else ""
        return repr(value)

    code = expression.strip().removeprefix("${{").removesuffix("}}").strip()
    # Texts are kept as they are, so that no operator or name is found in one.
    parts = re.split(r"('[^']*')", code)
    for index in range(0, len(parts), 2):
        part = re.sub(r"\b(?:github|vars|matrix)(?:\.\w+)+", look_up, parts[index])
        parts[index] = part.replace("&&", " and ").replace("||", " or ").replace("\n", " ")
    functions = {"fromJSON": json.loads, "format": str.format}
    return eval("".join(parts), {"__builtins__": {}}, functions)  # noqa: S307 - our own workflow


def test_renovate_finds_the_version_of_bicep(rendering: Render) -> None:
    repository = rendering(DEFAULT)
    (manager,) = json.loads((repository / "renovate.json").read_text())["customManagers"]
    name = ".github/workflows/azure-dev.yml"
    (pattern,), (version,) = manager["managerFilePatterns"], manager["matchStrings"]
    assert re.search(pattern.strip("/"), name)
    found = re.findall(version.replace("(?<", "(?P<"), (repository / name).read_text())
    assert len(found) == 1
    assert re.fullmatch(r"v\d+\.\d+\.\d+", found[0])


@pytest.mark.parametrize("answers", [DEFAULT, EVENT_DRIVEN, {"ci": "none"}], ids=case_id)
def test_renovate_updates_the_template_and_leaves_the_merge_to_a_person(
    rendering: Render, answers: dict[str, object]
) -> None:
    repository = rendering(answers)
    assert (repository / ANSWERS_FILE).is_file()  # where Renovate's manager looks by itself
    configuration = json.loads((repository / "renovate.json").read_text())
    assert "config:recommended" in configuration["extends"]
    # Nothing leaves the manager out or narrows it.
    narrowing = {"enabled", "enabledManagers", "includePaths", "ignorePaths", "copier"}
    assert configuration.keys().isdisjoint(narrowing)
    rules = [rule for rule in configuration["packageRules"] if "copier" in rule["matchManagers"]]
    assert [rule["automerge"] for rule in rules] == [False]
    assert all(rule.get("enabled", True) for rule in rules)
    least = Template().configuration["_min_copier_version"]
    assert configuration["constraints"]["copier"] == f">={least}"


@pytest.mark.parametrize("answers", [DEFAULT, EVENT_DRIVEN], ids=case_id)
def test_the_pipeline_refuses_conflict_markers(
    rendering: Render, tmp_path: Path, answers: dict[str, object]
) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(rendering(answers), repository)
    commit(repository, "First rendering")
    workflow = yaml.safe_load((repository / ".github/workflows/azure-dev.yml").read_text())
    (step,) = [
        step
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if "git grep" in step.get("run", "")
    ]
    assert step.keys() == {"name", "run"}  # it always runs, and its failure is the job's

    def run_step() -> subprocess.CompletedProcess[str]:
        bash = ["bash", "-e", "-c", step["run"]]  # as GitHub runs a step
        return subprocess.run(bash, cwd=repository, check=False, capture_output=True, text=True)

    assert run_step().returncode == 0
    files = {"README.md": "<<<<<<< HEAD", "infra/main.bicep": ">>>>>>> template-v0.2.0"}
    for name, marker in files.items():
        text = (repository / name).read_text()
        (repository / name).write_text(f"{text}{marker}\n")
        result = run_step()
        assert result.returncode == 1
        assert f"{name}:{len(text.splitlines()) + 1}:{marker}" in result.stdout
        (repository / name).write_text(text)
    # Underlined headings and quoted markers are no conflicts.
    (repository / "README.md").write_text("Title\n=======\n\n    <<<<<<< HEAD\n")
    assert run_step().returncode == 0


@pytest.mark.parametrize("answers", [DEFAULT, EVENT_DRIVEN], ids=case_id)
def test_a_commit_with_conflict_markers_is_refused(
    rendering: Render, answers: dict[str, object]
) -> None:
    configuration = yaml.safe_load((rendering(answers) / ".pre-commit-config.yaml").read_text())
    hooks = {hook["id"]: hook for found in configuration["repos"] for hook in found["hooks"]}
    # Without the argument it looks for markers only while git itself merges.
    assert hooks["check-merge-conflict"]["args"] == ["--assume-in-merge"]


@pytest.fixture(params=[DEFAULT, EVENT_DRIVEN], ids=case_id)
def job(rendering: Render, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The only job that may sign in to Azure."""
    workflow = rendering(request.param) / ".github/workflows/azure-dev.yml"
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["azure"]
    assert all(job.get("needs") != "audit" for job in jobs.values())
    found: dict[str, Any] = jobs["azure"]
    return found


@pytest.mark.parametrize(
    ("github", "variables", "environments"),
    [
        pytest.param(PUSH, {}, None, id="before-pipeline-config"),
        pytest.param(PUSH, CONFIGURED, [""], id="as-pipeline-config-leaves-it"),
        pytest.param(PUSH | {"event_name": "workflow_dispatch"}, CONFIGURED, [""], id="by-hand"),
        pytest.param(PUSH | {"ref": "refs/heads/topic"}, CONFIGURED, None, id="another-branch"),
        pytest.param(PUSH, PROMOTED, ["dev", "prod"], id="promotion"),
        pytest.param(pull_request(), CONFIGURED, None, id="pull-request"),
        pytest.param(pull_request(), PROMOTED, None, id="pull-request-beside-promotion"),
        pytest.param(pull_request(), PREVIEWED, ["preview"], id="preview"),
        pytest.param(pull_request(), PROMOTED | PREVIEWED, ["preview"], id="preview-and-promotion"),
        pytest.param(pull_request(source="mallory/app"), PREVIEWED, None, id="fork"),
        pytest.param(pull_request("dependabot[bot]"), PREVIEWED, None, id="dependabot"),
    ],
)
def test_who_gets_to_azure(
    job: dict[str, Any],
    github: dict[str, Any],
    variables: dict[str, str],
    environments: list[str] | None,
) -> None:
    contexts = {"github": github | {"repository": "example/app"}, "vars": variables}
    runs = evaluate(job["if"], **contexts)
    assert bool(runs) == (environments is not None)
    if environments is None:
        return
    strategy = job["strategy"]
    assert evaluate(strategy["matrix"]["environment"], **contexts) == environments
    assert job["environment"] == "${{ matrix.environment }}"
    # One after the other, and none after one that failed.
    assert strategy["max-parallel"] == 1
    assert strategy.get("fail-fast", True)
    changing = [
        step["if"]
        for step in job["steps"]
        if re.search("azd (provision|deploy)", step.get("run", ""))
    ]
    preview, *others = [evaluate(condition, **contexts) for condition in changing]
    assert preview == (github["event_name"] == "pull_request")
    assert others == [not preview] * len(others)


def test_jobs_are_named_after_their_environment(job: dict[str, Any]) -> None:
    def name(github: dict[str, Any], environment: str) -> object:
        return evaluate(job["name"], github=github, matrix={"environment": environment})

    assert name(PUSH, "") == "Deploy"
    assert name(PUSH, "prod") == "Deploy to prod"
    assert name(pull_request(), "preview") == "Preview"
