"""All rules, whichever module they are in: import `RULES` and `findings` from here."""

from tests.evaluated import Environment
from tests.infra import edge_rules, governance_rules, pipeline_rules, rules

MODULES = (rules, edge_rules, governance_rules, pipeline_rules)
RULES = {
    member.name: member
    for module in MODULES
    for member in vars(module).values()
    if isinstance(member, rules.Rule)
}


def findings(environment: Environment) -> list[str]:
    """All findings of all rules, each with the name of its rule."""
    return [f"{name}: {found}" for name, check in RULES.items() for found in check(environment)]
