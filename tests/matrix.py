"""The supported combinations of answers, as data.

Structural answers decide which files exist: the gate has every pair of their values, the command
`python -m tests.cross_product` every combination. Sizes, model and region only fill in values, so
each of those appears at least once.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations
from itertools import product as every

from allpairspy import AllPairs  # type: ignore[import-untyped]

SERVICES = ("chat", "vision", "text")
SERVICE_SUBSETS = [list(subset) for size in (1, 2, 3) for subset in combinations(SERVICES, size)]

# Every value of the structural answers, by pattern. The last two change nothing below
# infra/. `data_residency` is asked for where there is a model.
STRUCTURAL: dict[str, dict[str, list[object]]] = {
    "microservices": {
        "services": list(SERVICE_SUBSETS),
        "data_residency": ["global", "data-zone"],
        "network": ["public", "private-prod", "private"],
        "edge": ["none", "application-gateway", "front-door"],
        "user_auth": ["entra", "none"],
        "license": ["mit", "none"],
        "ci": ["github", "none"],
    },
    "event-driven": {
        "data_residency": ["global", "data-zone"],
        "network": ["public", "private-prod", "private"],
        "edge": ["none", "application-gateway", "front-door"],
        "user_auth": ["entra", "none"],
        "license": ["mit", "none"],
        "ci": ["github", "none"],
    },
}
OUTSIDE_INFRASTRUCTURE = ("license", "ci")


def supported(pattern: str, combination: Sequence[object]) -> bool:
    """Whether a combination, which may lack its last answers, is not refused."""
    answers = dict(zip(STRUCTURAL[pattern], combination, strict=False))
    # Functions have no virtual network there, in which the gateway would stand.
    nowhere = answers.get("network") == "public" and answers.get("edge") == "application-gateway"
    return not (pattern == "event-driven" and nowhere)


def asked(pattern: str, combination: Sequence[object]) -> dict[str, object]:
    """The answers of a combination, without one that is not asked for."""
    answers = {"pattern": pattern, **dict(zip(STRUCTURAL[pattern], combination, strict=True))}
    services = answers.get("services", ["chat"])
    assert isinstance(services, list)
    if "chat" not in services:
        del answers["data_residency"]
    return answers


def pairs() -> Iterator[dict[str, object]]:
    """Combinations in which every two values of structural answers meet."""
    for pattern, values in STRUCTURAL.items():
        fits = partial(supported, pattern)
        for combination in AllPairs(list(values.values()), filter_func=fits):
            yield asked(pattern, combination)


def product() -> Iterator[dict[str, object]]:
    """The full cross product of structural answers."""
    found: list[dict[str, object]] = []
    for pattern, values in STRUCTURAL.items():
        for combination in filter(partial(supported, pattern), every(*values.values())):
            if (answers := asked(pattern, combination)) not in found:
                found.append(answers)
                yield answers


DEFAULT: dict[str, object] = {}
EVENT_DRIVEN: dict[str, object] = {"pattern": "event-driven"}

# Every value that changes no structure.
VALUES: list[dict[str, object]] = [
    {
        "chat_model": "gpt-5.4",
        "data_residency": "data-zone",
        "location": "eastus",
        "dev_size": "small",
        "prod_size": "medium",
    },
    {
        "project_name": "R&D l'équipe – 東京",
        "project_slug": "r-and-d-2",
        "owner_email": "a@example.com, b@example.org",
        "chat_model": "gpt-5.5",
        "data_residency": "data-zone",
        "location": "francecentral",
        "prod_size": "large",
    },
]

# Each edge before everything, before a single service without prompts, and before functions.
EDGES: list[dict[str, object]] = [
    {"edge": "front-door"},
    {"edge": "front-door", "services": ["text"], "ci": "none"},
    {"edge": "application-gateway"},
    {"edge": "application-gateway", "services": ["chat"], "network": "public"},
    {"pattern": "event-driven", "edge": "front-door", "network": "public"},
    {"pattern": "event-driven", "edge": "application-gateway"},
]

CASES = [
    DEFAULT,
    EVENT_DRIVEN,
    *pairs(),
    *VALUES,
    *({**EVENT_DRIVEN, **values} for values in VALUES),
]


def without_infrastructure(answers: dict[str, object]) -> dict[str, object]:
    """The answers that `infra/` follows from."""
    return {name: value for name, value in answers.items() if name not in OUTSIDE_INFRASTRUCTURE}


def case_id(answers: dict[str, object]) -> str:
    """Short test id of a set of answers, such as ``services=chat+text,ci=none``."""
    return (
        ",".join(
            f"{name}={'+'.join(value) if isinstance(value, list) else value}"
            for name, value in answers.items()
        )
        or "default"
    )
