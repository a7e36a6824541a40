"""The supported combinations of answers, as data.

Structural answers decide which files exist; sizes, model and region only fill in values, so each
of their values appears at least once instead of in every combination.
"""

from itertools import combinations

SERVICES = ("chat", "vision", "text")
SERVICE_SUBSETS = [list(subset) for size in (1, 2, 3) for subset in combinations(SERVICES, size)]

DEFAULT: dict[str, object] = {}

# Every subset of services, with the other structural answers turned over in turn.
STRUCTURES: list[dict[str, object]] = [
    {
        "services": services,
        "license": "none" if index % 2 else "mit",
        "network": ("public", "private-prod", "private")[index % 3],
        "ci": "none" if index % 3 == 1 else "github",
        "user_auth": "none" if index % 4 in (0, 3) else "entra",
    }
    for index, services in enumerate(SERVICE_SUBSETS)
]

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

EVENT_DRIVEN: dict[str, object] = {"pattern": "event-driven"}

# The pattern without services to choose: its structure, and every value again.
EVENT_DRIVEN_CASES: list[dict[str, object]] = [
    EVENT_DRIVEN,
    {**EVENT_DRIVEN, "license": "none", "ci": "none", "user_auth": "none", "network": "public"},
    {**EVENT_DRIVEN, "network": "private"},
    *({**EVENT_DRIVEN, **values} for values in VALUES),
]

# Each edge before everything, and before a single service without prompts.
EDGES: list[dict[str, object]] = [
    {"edge": "front-door"},
    {"edge": "front-door", "services": ["text"], "ci": "none"},
]

CASES = [DEFAULT, *STRUCTURES, *VALUES, *EVENT_DRIVEN_CASES, *EDGES]


def case_id(answers: dict[str, object]) -> str:
    """Short test id of a set of answers, such as ``services=chat+text,ci=none``."""
    return (
        ",".join(
            f"{name}={'+'.join(value) if isinstance(value, list) else value}"
            for name, value in answers.items()
        )
        or "default"
    )
