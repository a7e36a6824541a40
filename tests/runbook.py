"""The runbook "add a service", followed to the letter: the chat service gets a sibling."""

import re
import shutil
from pathlib import Path

RUNBOOK = "docs/runbooks/add-a-service.md"

# A file that the runbook links, and the blocks of the chat service in it that get a sibling.
SIBLINGS: list[tuple[str, str]] = [
    ("pyproject.toml", r'  "services/chat/src",\n'),
    ("infra/core/security/identities.bicep", r"  @description\(.*\n  chat: identity\n\n"),
    ("infra/core/security/identities.bicep", r"resource chatIdentity [^}]*\n(?:.*\n)*?}\n\n"),
    ("infra/core/security/identities.bicep", r"  chat: \{\n(?:    .*\n)*  \}\n"),
    ("infra/shared.bicep", r"  identities\.chat\.principalId\n"),
    ("infra/stamp.bicep", r"import \{ chatWorkload \} .*\n"),
    ("infra/stamp.bicep", r"  @description\('Whether the chat service .*\n  chat: .*\n\n"),
    ("infra/stamp.bicep", r"module chatService (?:.*\n)*?}\n\n"),
    ("infra/stamp.bicep", r"      chat: chatService\.outputs\.uri\n"),
    ("infra/stamp.bicep", r"@description\(.*\noutput chatServiceName .*\n\n"),
    ("infra/main.parameters.json", r'        "chat": .*\n'),
    ("infra/main.bicep", r"@description\(.*\noutput SERVICE_CHAT_SERVICE_NAME .*\n\n"),
    ("azure.yaml", r"      - chat-service\n"),
    ("azure.yaml", r"  chat-service:\n(?:    .*\n)*\n"),
    ("infra/app/api-gateway.bicep", r"  @description\(.*\n  chat: string\n\n"),
    ("infra/app/api-gateway.bicep", r"    CHAT_SERVICE_URL: peers\.chat\n"),
    ("api-gateway/src/api_gateway/settings.py", r"    chat_service_url: Endpoint\n"),
    ("api-gateway/src/api_gateway/main.py", r"    chat_service = Backend\(.*\n"),
    ("api-gateway/src/api_gateway/main.py", r" +chat\.router\(chat_service\),\n"),
    ("api-gateway/src/api_gateway/main.py", r' +"chat": chat_service\.check,\n'),
    ("scripts/run_local.py", r"    chat = 8081 \+ port_offset\n"),
    (
        "scripts/run_local.py",
        r'        _workload\(\n            "chat-service"(?:.*\n)*?        \),\n',
    ),
    ("scripts/run_local.py", r' +"CHAT_SERVICE_URL": .*\n'),
    ("tests/support/harness.py", r'    "chat": "openai",\n'),
    ("docs/configuration.md", r"\| `SERVICE_CHAT_SERVICE_RESOURCE_EXISTS` .*\n"),
    (".github/workflows/azure-dev.yml", r" +SERVICE_CHAT_SERVICE_RESOURCE_EXISTS: .*\n"),
]

# What such a sibling does not cover: the file, a text and what it becomes.
CHANGES: list[tuple[str, str, str]] = [
    (
        "infra/stamp.bicep",
        "users: [workloadPrincipal(identities.chat),",
        "users: [workloadPrincipal(identities.chat), workloadPrincipal(identities.search),",
    ),
    (
        "api-gateway/src/api_gateway/main.py",
        "from api_gateway import chat,",
        "from api_gateway import chat, search,",
    ),
    (
        "api-gateway/src/api_gateway/main.py",
        "body_limits=chat.BODY_LIMITS",
        "body_limits=chat.BODY_LIMITS | search.BODY_LIMITS",
    ),
    ("scripts/run_local.py", "search = 8081", "search = 8084"),
]


def add_a_service(repository: Path) -> None:
    """Add the service `search` to a rendering, with no edit that the runbook does not ask for."""
    page = repository / RUNBOOK
    text = page.read_text(encoding="utf-8")
    linked = {(page.parent / link).resolve() for link in re.findall(r"\]\(([^)#]+)\)", text)}

    for source in ("services/chat", "infra/app/chat.bicep", "api-gateway/src/api_gateway/chat.py"):
        assert source in text, f"the runbook does not copy {source}"
    copy = repository / "services/search"
    shutil.copytree(repository / "services/chat", copy)
    (copy / "src/chat_service").rename(copy / "src/search_service")
    for path in filter(Path.is_file, copy.rglob("*")):
        old = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"chat([_-]service)|(services/)chat", r"\2search\1", old))
    function = repository / "infra/app/search.bicep"
    shutil.copy(function.with_name("chat.bicep"), function)
    function.write_text(re.sub(r"chat(Workload|-service)", r"search\1", function.read_text()))
    route = repository / "api-gateway/src/api_gateway/search.py"
    shutil.copy(route.with_name("chat.py"), route)
    route.write_text(re.sub(r'(/api/|"/)chat\b', r"\1search", route.read_text()))

    for name, block in SIBLINGS:
        path = repository / name
        assert path.resolve() in linked, f"the runbook does not link {name}"
        new, count = re.subn(f"^{block}", _with_sibling, path.read_text(), flags=re.MULTILINE)
        assert count == 1, f"{name} has {count} blocks {block}"
        path.write_text(new)
    for name, old, new in CHANGES:
        path = repository / name
        assert path.read_text().count(old) == 1, f"{name} lacks {old}"
        path.write_text(path.read_text().replace(old, new))


def _with_sibling(block: re.Match[str]) -> str:
    """A block, and the same for the new service, which asks the same model."""
    sibling = re.sub("chat(?!Model)", "search", block[0])
    return block[0] + sibling.replace("Chat", "Search").replace("CHAT", "SEARCH")
