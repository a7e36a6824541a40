"""The questions: what each refuses, that every default works, and the rules of their change."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jinja2.meta
import pytest
import yaml
from copier import run_copy, run_recopy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.command_line import CHOICE_WIDTH, CommandLine
from tests.matrix import SERVICE_SUBSETS, STRUCTURAL, pairs, product
from tests.rendering import ROOT
from tests.templates import ANSWERS_FILE, questions_repository, write
from tools.template import Template

STATIC_WEB_APP_REGIONS = {"westus2", "centralus", "eastus2", "westeurope", "eastasia"}


TEMPLATE = Template()
CONFIGURATION, QUESTIONS = TEMPLATE.configuration, TEMPLATE.questions
REGIONS: dict[str, dict[str, Any]] = TEMPLATE.hidden["regions"]
MODELS: dict[str, dict[str, Any]] = TEMPLATE.hidden["models"]
RELEASED = yaml.safe_load((ROOT / "tests/data/released.yml").read_text(encoding="utf-8"))


def choices(question: str) -> dict[str, str]:
    """Labels of a question's values, by value."""
    answers = {"chat_model": "gpt-5.4", "data_residency": "global", "network": "private"}
    patterns = {"microservices": ["chat"], "event-driven": ["chat", "text"]}
    labels: dict[str, str] = {}
    for pattern, capabilities in patterns.items():
        labels |= TEMPLATE.choices(
            question, pattern=pattern, services=["chat"], capabilities=capabilities, **answers
        )
    return labels


@pytest.fixture(scope="session")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template of the questions alone."""
    return questions_repository(tmp_path_factory.mktemp("questions") / "template")


def answer(questions: Path, dest: Path, **answers: object) -> dict[str, Any]:
    """Answers that copier records, with defaults for what is not given."""
    run_copy(str(questions), dest, data=dict(answers), defaults=True, quiet=True, unsafe=False)
    recorded = yaml.safe_load((dest / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert isinstance(recorded, dict)
    return recorded


NAME = {"name": "project_name", "characters": 'remove " \\ < > { } [ ] $ | ` from it'}
EMAIL = "owner_email: write ada@example.com, ben@example.com"
SLUG = "project_slug: use 3 to 30 of a-z, 0-9 and single hyphens, a letter first and no hyphen last"
NO_VISION = "no image captions: change region or omit vision"
REFUSALS: list[tuple[dict[str, str], str]] = [
    ({"project_name": ""}, "project_name: enter a name of 1 to 60 characters"),
    ({"project_name": " \u3000"}, "project_name: enter a name of 1 to 60 characters"),
    ({"project_name": "n" * 61}, "project_name: shorten it to 60 characters (it has 61)"),
    ({"project_name": " padded"}, "project_name: remove the spaces around it"),
    *(
        (
            {"project_name": f"a{character}b"},
            "project_name: write one line, without tabs and control characters",
        )
        for character in "\t\n\r\x1b\x7f\x85\u2028\u2029"
    ),
    *(
        ({"project_name": f"a{character}b"}, "project_name: remove the invisible characters")
        for character in "\u061c\u200b\u200e\u202e\u2066\ufeff\U000e0041"
    ),
    *(
        ({"project_name": f"a{character}b"}, f"project_name: {NAME['characters']}")
        for character in '"\\<>{}[]$|`'
    ),
    *(
        ({"project_slug": slug}, SLUG)
        for slug in ["", "ab", "a" * 31, "1st", "-ab", "ab-", "a--b", "Ab-c", "a_b", "abc\n", "äbc"]
    ),
    (
        {"project_slug": "ai-runtime"},
        "project_slug: choose another name: a package is called ai-runtime already",
    ),
    *(
        ({"owner_email": address}, EMAIL)
        for address in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@example.com,",
            "ada@example.com;ben@example.com",
            "ada b@example.com",
            "ada@example.com\n",
            "<ada@example.com>",
        ]
    ),
    (
        {"owner_email": "ada@example.com, Ada@Example.com"},
        "owner_email: name each address once: Ada@Example.com is there twice",
    ),
    ({"license": "gpl"}, "license: 'gpl' is not in ['mit', 'none']"),
    ({"pattern": "monolith"}, "pattern: 'monolith' is not in ['microservices', 'event-driven']"),
    (
        {"pattern": "event-driven", "services": "[chat]"},
        "services: leave them out: the pattern event-driven has none to choose",
    ),
    (
        {"pattern": "event-driven", "location": "italynorth"},
        "location: no Document Intelligence: change region",
    ),
    (
        {"pattern": "event-driven", "network": "public", "edge": "application-gateway"},
        "edge: needs a virtual network: choose another network",
    ),
    ({"services": "[]"}, "services: choose at least one service"),
    ({"services": "[chat, speech]"}, "services: 'speech' is not in ['chat', 'vision', 'text']"),
    (
        {"chat_model": "gpt-4o"},
        "chat_model: 'gpt-4o' is not in ['gpt-5.4-mini', 'gpt-5.4', 'gpt-5.5']",
    ),
    ({"data_residency": "local"}, "data_residency: 'local' is not in ['global', 'data-zone']"),
    (
        {"chat_model": "gpt-5.5", "data_residency": "global"},
        "data_residency: no region has gpt-5.5 with chat, vision, text: change it",
    ),
    ({"location": "swedencentral"}, "location: " + NO_VISION),
    (
        {"location": "westus2", "services": "[chat, text]"},
        "location: no Azure OpenAI: change region or omit chat",
    ),
    (
        {"location": "italynorth", "services": "[chat, text]"},
        "location: no Document Intelligence: change region or omit text",
    ),
    (
        {"location": "koreacentral", "data_residency": "data-zone"},
        "location: in no data zone: choose one in the EU or the US",
    ),
    (
        {"location": "francecentral", "data_residency": "data-zone"},
        "location: no gpt-5.4-mini (data-zone): change region or model",
    ),
    (
        {
            "location": "francecentral",
            "chat_model": "gpt-5.5",
            "services": "[chat]",
            "data_residency": "global",
        },
        "location: no gpt-5.5 (global): change region or model",
    ),
    ({"location": "marscentral", "services": "[vision]"}, "location: 'marscentral' is not in "),
    ({"dev_size": "huge"}, "dev_size: 'huge' is not in ['minimal', 'small']"),
    ({"prod_size": "huge"}, "prod_size: 'huge' is not in ['small', 'medium', 'large']"),
    ({"ci": "jenkins"}, "ci: 'jenkins' is not in ['github', 'none']"),
]


@pytest.mark.parametrize(("answers", "refusal"), REFUSALS, ids=lambda value: repr(value)[:60])
def test_copier_refuses(
    questions: Path, tmp_path: Path, answers: dict[str, str], refusal: str
) -> None:
    name, _, mend = refusal.partition(": ")
    with pytest.raises(ValueError, match=re.escape(f"'{name}': {mend}")) as refused:
        answer(questions, tmp_path / "rendered", **answers)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "rendered").exists()


@pytest.mark.parametrize(
    ("answers", "refusal"), [REFUSALS[0], *REFUSALS[-20:]], ids=lambda value: repr(value)[:60]
)
def test_new_refuses_in_one_line(
    questions: Path, tmp_path: Path, command: CommandLine, answers: dict[str, str], refusal: str
) -> None:
    data = [f"--data={name}={value}" for name, value in answers.items()]
    dest = tmp_path / "a" / "rendered"
    result = command("new", dest, "--defaults", f"--template={questions}", *data)
    result.assert_refused(refusal)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answers",
    [
        {"project_name": "R&D l'équipe – 東京 नमस्ते 👩‍💻"},
        {"project_name": "n" * 60, "project_slug": "a" * 30},
        {"owner_email": "ada@example.com,ben+azure@sub.example.org"},
        {"services": ["text", "chat", "chat"]},
        {"pattern": "event-driven", "location": "swedencentral"},
        {"chat_model": "gpt-5.5"},
        {"data_residency": "data-zone"},
    ],
    ids=repr,
)
def test_unusual_answers_are_taken(
    questions: Path, tmp_path: Path, answers: dict[str, object]
) -> None:
    recorded = answer(questions, tmp_path / "rendered", **answers)
    for name, value in answers.items():
        assert recorded[name] == (["chat", "text"] if name == "services" else value)


def test_defaults_follow_the_answers(questions: Path, tmp_path: Path) -> None:
    """Whatever services, model and residency are chosen, the other defaults fit them."""
    offered = {
        (tuple(services), model, residency)
        for services, model, residency, region in itertools.product(
            SERVICE_SUBSETS, MODELS, ("global", "data-zone"), REGIONS.values()
        )
        if set(services) <= set(region["services"])
        and ("chat" not in services or model in region["models"][residency])
        and ("chat" not in services or residency == "global" or region["data_zone"])
    }
    for number, (services, model, residency) in enumerate(
        itertools.product(SERVICE_SUBSETS, MODELS, ("global", "data-zone"))
    ):
        given = {"services": services, "data_residency": residency}
        if "chat" in services:
            given["chat_model"] = model
        elif model != next(iter(MODELS)):
            continue  # not asked for
        dest = tmp_path / str(number)
        if (tuple(services), model, residency) in offered:
            location = answer(questions, dest, **given)["location"]
            assert set(services) <= set(REGIONS[location]["services"])
        else:
            with pytest.raises(ValueError, match="no region has"):
                answer(questions, dest, **given)


@settings(max_examples=500, deadline=None)
@given(st.text(min_size=0, max_size=70))
@example("東京")
@example("007")
@example("3D Viewer")
@example("AI")
@example("chat service")
@example("a" * 29 + " b")
@example("x" * 60)
@example("K elvin İstanbul ß")
def test_accepted_names_are_safe_and_give_a_valid_slug(name: str) -> None:
    refused = TEMPLATE.render(QUESTIONS["project_name"]["validator"], project_name=name).strip()
    slug = TEMPLATE.render(QUESTIONS["project_slug"]["default"], project_name=name)
    assert not TEMPLATE.render(QUESTIONS["project_slug"]["validator"], project_slug=slug).strip()
    assert re.fullmatch(r"[a-z](-?[a-z0-9])+", slug)
    assert 3 <= len(slug) <= 30
    if not refused:
        assert 1 <= len(name) <= 60
        assert {unicodedata.category(character) for character in name}.isdisjoint(
            {"Cc", "Cs", "Zl", "Zp"}
        )
        assert {unicodedata.bidirectional(character) for character in name}.isdisjoint(
            {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B"}
        )
        assert not set(name) & set('"\\<>{}[]$|`')


def test_every_question_explains_itself_within_a_terminal() -> None:
    for name, question in QUESTIONS.items():
        asked, cost = question["help"].split("\n")
        assert asked.endswith("?"), name
        assert len(asked) <= CHOICE_WIDTH, name
        assert len(cost.lstrip()) <= CHOICE_WIDTH, name
        for label in choices(name).values():
            assert len(label) <= CHOICE_WIDTH, label


def refused_choices(question: str, **answers: object) -> Iterator[tuple[str, str]]:
    """The label and the reason of each choice that copier refuses with these answers."""
    for label, value in yaml.safe_load(TEMPLATE.render(QUESTIONS[question]["choices"], **answers)):
        if isinstance(value, dict) and (reason := value.get("validator", "")):
            yield label, reason


def test_every_refused_choice_shows_its_reason_within_a_terminal() -> None:
    new = itertools.product(["microservices"], SERVICE_SUBSETS, [list(REGIONS)])
    # Of an old repository only its own region is a candidate.
    old = itertools.product(["event-driven"], [["chat", "text"]], [[name] for name in REGIONS])
    names = ("pattern", "services", "chat_model", "data_residency", "location", "edge")
    lines: dict[str, set[str]] = {name: set() for name in names}
    for (pattern, capabilities, candidates), model, residency in itertools.product(
        [*new, *old], MODELS, ("global", "data-zone")
    ):
        answers = {"pattern": pattern, "capabilities": capabilities, "network": "public"}
        answers |= {"candidate_regions": candidates}
        answers |= {"chat_model": model, "data_residency": residency}
        for name in names:
            refused = refused_choices(name, **answers)
            lines[name] |= {f"- {label} ({reason})" for label, reason in refused}  # questionary
    assert all(lines.values())
    assert [line for line in itertools.chain(*lines.values()) if len(line) > CHOICE_WIDTH] == []


def test_regions_agree_with_themselves_and_the_models() -> None:
    for name, region in REGIONS.items():
        assert set(region["services"]) <= set(choices("services")), name
        assert ("chat" in region["services"]) == bool(region["models"]["global"]), name
        assert bool(region["data_zone"]) == bool(region["models"]["data-zone"]), name
        assert set(itertools.chain(*region["models"].values())) <= set(MODELS), name
        assert region["static_web_app"] in STATIC_WEB_APP_REGIONS, name
    assert {"eu", "us", None} == {region["data_zone"] for region in REGIONS.values()}
    assert {region["static_web_app"] for region in REGIONS.values()} == STATIC_WEB_APP_REGIONS


# The rules of change.


def test_a_released_question_and_its_values_stay() -> None:
    for name, values in RELEASED["questions"].items():
        assert name in QUESTIONS, f"{name} was released: rename it by a default that reads it"
        assert set(values or []) <= set(choices(name)), f"mark values of {name} retired instead"


def test_what_a_region_had_stays() -> None:
    for name, offered in RELEASED["regions"].items():
        now = {*REGIONS[name]["services"], *itertools.chain(*REGIONS[name]["models"].values())}
        assert set(offered) <= now, f"copier would move repositories out of {name} in silence"


def test_released_answers_are_recorded_in_the_data_file() -> None:
    """The data file lags only by what the next release adds."""
    assert set(RELEASED["questions"]) <= set(QUESTIONS)
    assert set(RELEASED["regions"]) <= set(REGIONS)


def conditions() -> list[str]:
    """The conditions of the table of exclusions."""
    lines = [line for line in CONFIGURATION["_exclude"] if "[%" in line]
    found = [re.fullmatch(r"\[% if (.+) %\]/[^\[\]]+\[% endif %\]", line) for line in lines]
    for line, match in zip(lines, found, strict=True):
        assert match, f"not of the form [% if condition %]/path[% endif %]: {line}"
    return [match[1] for match in found if match]


def violations(condition: str, known: set[str]) -> list[str]:
    """Questions newer than the first release that a condition takes for defined."""
    names = jinja2.meta.find_undeclared_variables(
        TEMPLATE.environment.parse(f"[% if {condition} %][% endif %]")
    )
    return [
        name
        for name in sorted(names - known)
        if not condition.startswith(f"{name} is defined and ")
    ]


def test_conditions_on_newer_questions_ask_whether_they_are_defined() -> None:
    for condition in conditions():
        assert violations(condition, set(RELEASED["questions"])) == [], condition


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("license == 'none'", []),
        ("cache == 'none'", ["cache"]),
        ("cache is defined and cache == 'none'", []),
        ("license == 'none' or cache is defined and cache == 'none'", ["cache"]),
    ],
)
def test_the_lint_of_conditions_can_fail(condition: str, expected: list[str]) -> None:
    assert violations(condition, {"license"}) == expected


def test_the_template_never_needs_trust() -> None:
    assert not {"_tasks", "_migrations", "_jinja_extensions"} & set(CONFIGURATION)


def test_the_next_commands_are_the_same_everywhere(tmp_path: Path) -> None:
    from azd_ai_scaffold.new import NewRepository, next_steps
    from azd_ai_scaffold.source import Source

    message = TEMPLATE.render(
        CONFIGURATION["_message_after_copy"],
        project_name="Ada",
        _copier_conf={"dst_path": str(tmp_path)},
    )
    repository = NewRepository("Ada", Source("", None), uncommitted="--no-git was given")
    assert message.strip() == next_steps(repository, tmp_path)


def test_the_default_of_a_newer_question_is_what_an_older_repository_has() -> None:
    before = RELEASED["before"]
    assert QUESTIONS.keys() - RELEASED["questions"].keys() <= before.keys()
    for name, value in before.items():
        assert TEMPLATE.render(QUESTIONS[name]["default"], is_update=True) == value


def test_a_new_question_keeps_an_older_repository_as_it_was(tmp_path: Path) -> None:
    """From a URL of a git repository, where a first rendering has `_commit` too."""
    template = questions_repository(tmp_path / "template")
    options: dict[str, Any] = {"defaults": True, "quiet": True, "unsafe": False}
    address = f"git+{template.as_uri()}"
    run_copy(address, tmp_path / "new", data={"ci": "none"}, **options)
    recorded = yaml.safe_load((tmp_path / "new" / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert {name: recorded[name] for name in RELEASED["before"]} == {
        name: TEMPLATE.render(QUESTIONS[name]["default"], is_update=False)
        for name in RELEASED["before"]
    }
    assert (recorded["network"], recorded["user_auth"]) == ("private-prod", "entra")

    old = {name: recorded[name] for name in ("_src_path", "_commit", *RELEASED["questions"])}
    write(tmp_path / "old", {ANSWERS_FILE: yaml.safe_dump(old)})
    run_recopy(tmp_path / "old", data={"ci": "github"}, overwrite=True, **options)
    updated = yaml.safe_load((tmp_path / "old" / ANSWERS_FILE).read_text(encoding="utf-8"))
    assert {name: updated[name] for name in RELEASED["before"]} == RELEASED["before"]
    assert updated["ci"] == "github"


def test_the_matrix_has_every_structural_answer() -> None:
    names = {name for values in STRUCTURAL.values() for name in values}
    used = jinja2.meta.find_undeclared_variables(
        TEMPLATE.environment.parse("".join(CONFIGURATION["_exclude"]))
    )
    assert used <= {*names, "pattern", "capabilities"}
    assert set(STRUCTURAL) == set(choices("pattern"))
    for values in STRUCTURAL.values():
        for name in values.keys() - {"services"}:
            assert set(values[name]) == set(choices(name)), name


def test_every_pair_of_structural_answers_is_rendered() -> None:
    def met(cases: Iterable[dict[str, object]]) -> set[tuple[str, ...]]:
        return {
            pair
            for answers in cases
            for pair in itertools.combinations(
                [f"{name}={value}" for name, value in answers.items()], 2
            )
        }

    assert met(pairs()) == met(product())
