"""The edge, switched on and off and with a host name of the owner, keeps the rules too."""

import pytest

from azd_ai_scaffold.evaluation import EvaluationError
from tests.evaluated import table
from tests.infra.conftest import Evaluate
from tests.infra.edge_rules import PRIVATE_LINK_REGIONS
from tests.infra.rulebook import findings
from tests.matrix import EDGES, case_id

DOMAIN = {"AZURE_CUSTOM_DOMAIN": "ai.example.com"}
ON, OFF = {"AZURE_EDGE_ENABLED": "true"}, {"AZURE_EDGE_ENABLED": "false"}


@pytest.mark.parametrize("answers", EDGES, ids=case_id)
@pytest.mark.parametrize(
    ("kind", "variables"),
    [("prod", DOMAIN), ("prod", OFF | DOMAIN), ("prod", ON)],
    ids=["domain", "off", "on"],
)
def test_an_environment_with_an_edge_keeps_the_rules(
    evaluated: Evaluate, answers: dict[str, object], kind: str, variables: dict[str, str]
) -> None:
    assert findings(evaluated(answers, kind, **variables)) == []


def test_front_door_stands_before_dev_as_well(evaluated: Evaluate) -> None:
    environment = evaluated({"edge": "front-door"}, "dev", **ON)
    assert environment.edge == "front-door"
    assert findings(environment) == []


@pytest.mark.parametrize("answers", EDGES, ids=case_id)
def test_another_word_than_true_or_false_is_refused(
    evaluated: Evaluate, answers: dict[str, object]
) -> None:
    with pytest.raises(EvaluationError, match="edge"):
        evaluated(answers, "prod", AZURE_EDGE_ENABLED="yes")


def test_a_region_with_private_links_of_front_door_is_its_own_nearest() -> None:
    for name, region in table("regions").items():
        assert region["private_link"] in PRIVATE_LINK_REGIONS, name
        assert (region["private_link"] == name) == (name in PRIVATE_LINK_REGIONS), name


@pytest.mark.parametrize("location", sorted(table("regions").keys() - PRIVATE_LINK_REGIONS))
def test_front_door_reaches_a_region_without_its_private_links(
    evaluated: Evaluate, location: str
) -> None:
    environment = evaluated({"edge": "front-door"}, "prod", AZURE_LOCATION=location)
    assert findings(environment) == []
