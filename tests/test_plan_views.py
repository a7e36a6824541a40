"""Views of a plan: facts in words, and output that hostile names cannot break."""

import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from rich.console import Console

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.access import role_assignments
from azd_ai_scaffold.plan.build import plan_repository
from azd_ai_scaffold.plan.calls import calls
from azd_ai_scaffold.plan.comparison import compare
from azd_ai_scaffold.plan.facts import Exposure, Reachability, identity, sku
from azd_ai_scaffold.plan.model import Plan, Profile
from azd_ai_scaffold.plan.summary import full_name
from azd_ai_scaffold.plan.variables import Variables
from azd_ai_scaffold.plan.views.markdown import comparisons_as_markdown, plan_as_markdown
from azd_ai_scaffold.plan.views.mermaid import plan_as_mermaid
from azd_ai_scaffold.plan.views.table import show_comparison, show_plan
from tests.conftest import Render
from tests.evaluated import running_bicep
from tests.programs import program

GROUP = "/subscriptions/s/resourceGroups/g"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
HOSTILE = [
    'a"] --> b["c',
    "end",
    "x|y`z*_[link](http://a)<script>",
    "subgraph s\nend",
    "#quot; #35; %%{init}%% ;",
    "`code` $${x}$$ \\ [red]bold[/red]",
    "\x1b[31mred\u202eright to left",
    "東京 – l'équipe & co",
    "click a call b()",
]

MERMAID = """
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";
globalThis.window = new JSDOM("").window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
async function read(text) {
  if (!(await mermaid.parse(text, { suppressErrors: true }))) return null;
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  return {
    vertices: [...db.getVertices().values()].map(({ id, text }) => ({ id, text })),
    edges: db.getEdges().map(({ start, end, text }) => ({ start, end, text })),
    subgraphs: db.getSubGraphs().map(({ id, title, nodes }) => ({ id, title, nodes })),
  };
}
const diagrams = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) diagrams.push(await read(text));
console.log(JSON.stringify(diagrams));
"""


def resource(kind: str, name: str, /, **body: Any) -> Resource:
    identifier = f"{GROUP}/providers/{kind}/{name}"
    return Resource({"id": identifier, "type": kind, "name": name, **body})


def example(name: str) -> Plan:
    """A plan in which everything is called alike: network, app, identity, vault, role."""
    principal = resource(IDENTITY, f"id {name}")
    network = resource("Microsoft.Network/virtualNetworks", f"vnet {name}".replace("/", "-"))
    subnet = f"{network.id}/subnets/apps"
    environment = resource(
        "Microsoft.App/managedEnvironments",
        f"cae {name}",
        properties={"vnetConfiguration": {"infrastructureSubnetId": subnet}},
    )
    app = resource(
        "Microsoft.App/containerApps",
        f"ca {name}",
        location=name,
        identity={"type": "UserAssigned", "userAssignedIdentities": {principal.id: {}}},
        properties={
            "environmentId": environment.id,
            "configuration": {"ingress": {"external": True}},
        },
    )
    host = app.id.replace("'", "''")
    address = f"[format('https://{{0}}', reference('{host}', '1').configuration.ingress.fqdn)]"
    job = resource(
        "Microsoft.App/containerApps",
        f"job {name}",
        properties={"template": {"containers": [{"env": [{"name": "URL", "value": address}]}]}},
    )
    vault = resource("Microsoft.KeyVault/vaults", f"kv {name}", tags={"x": name})
    endpoint = resource(
        "Microsoft.Network/privateEndpoints",
        f"pep {name}",
        properties={
            "subnet": {"id": subnet},
            "privateLinkServiceConnections": [{"properties": {"privateLinkServiceId": vault.id}}],
        },
    )
    quoted = principal.id.replace("'", "''")
    role = Resource(
        {
            "id": f"{vault.id}/providers/Microsoft.Authorization/roleAssignments/1",
            "type": "Microsoft.Authorization/roleAssignments",
            "name": "1",
            "properties": {
                "principalId": f"[reference('{quoted}', '1').principalId]",
                "roleDefinitionId": "/x/4633458b-17de-408a-b874-0445c86b69e6",
            },
        }
    )
    found = (principal, network, environment, app, job, vault, endpoint, role)
    return Plan(name, (Profile(name, found), Profile("other", found)))


@pytest.fixture(scope="session")
def parser(shared_folder: Path) -> Path:
    """A folder with mermaid itself, installed once."""
    npm = program("npm")
    folder = shared_folder / "mermaid"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            partial.mkdir()
            # jsdom is the page that mermaid's sanitizer asks for.
            packages = ["mermaid@11", "jsdom@26"]
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", *packages]
            subprocess.run(command, cwd=partial, check=True, timeout=300)
            (partial / "parse.mjs").write_text(MERMAID)
            partial.rename(folder)
    return folder


@pytest.fixture(scope="session")
def diagrams(parser: Path) -> dict[str, dict[str, Any] | None]:
    """By name, the diagrams as mermaid understands them; starting it takes seconds."""
    texts = {name: plan_as_mermaid(example(name)) for name in ["plain", *HOSTILE]}
    texts["broken"] = 'flowchart LR\n  a["b'
    done = subprocess.run(
        ["node", "parse.mjs"],
        cwd=parser,
        input=json.dumps(list(texts.values())),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-500:]
    return dict(zip(texts, json.loads(done.stdout), strict=True))


def decoded(label: str) -> str:
    """A label as a reader sees it: mermaid keeps numbered characters in a form of its own."""
    lines = re.sub(r"<br ?/?>", "\n", label)
    return re.sub(r"ﬂ°°(\d+)¶ß", lambda found: chr(int(found[1])), lines)


def visible(name: str) -> str:
    """A name as every view shows it."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


@pytest.mark.xdist_group("mermaid")
@pytest.mark.parametrize("name", ["plain", *HOSTILE])
def test_mermaid_understands_networks_identities_and_calls(
    diagrams: dict[str, dict[str, Any] | None], name: str
) -> None:
    diagram = diagrams[name]
    assert diagram
    labels = {vertex["id"]: decoded(vertex["text"]) for vertex in diagram["vertices"]}
    titles = {group["id"]: decoded(group["title"]) for group in diagram["subgraphs"]}
    shown = visible(name)
    seen = {
        (labels[edge["start"]].split("\n")[0], edge["text"], labels[edge["end"]].split("\n")[0])
        for edge in diagram["edges"]
    }
    assert {
        ("Internet", "", f"ca {shown}"),
        (f"ca {shown}", "is", f"id {shown}"),
        (f"job {shown}", "calls", f"ca {shown}"),
        (f"id {shown}", "Key Vault Secrets User", f"kv {shown}"),
        (f"pep {shown}", "private link", f"kv {shown}"),
    } <= seen
    inside = {
        titles[group["id"]]: [labels.get(node) or titles[node] for node in group["nodes"]]
        for group in diagram["subgraphs"]
    }
    assert f"ca {shown}\ncontainerApps" in inside[f"cae {shown}"]
    assert f"cae {shown}" in inside["apps"]
    assert f"pep {shown}\nprivateEndpoints" in inside["apps"]


@pytest.mark.xdist_group("mermaid")
def test_mermaid_refuses_what_is_no_diagram(diagrams: dict[str, dict[str, Any] | None]) -> None:
    assert diagrams["broken"] is None


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_a_table(name: str) -> None:
    plan = example(name)
    stream = io.StringIO()
    console = Console(file=stream, width=400, force_terminal=True)
    show_plan(plan, console)
    show_comparison(compare(plan.profiles[0], example("other").profiles[0]), console)
    text = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())
    assert f"kv {visible(name)}" in text
    assert not set("\x1b\u202e") & set(text)
    if "\x1b" in name:  # the colours that are left are rich's own
        assert "\x1b[31mred" not in stream.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_markdown(name: str) -> None:
    from markdown_it import MarkdownIt

    plan = example(name)
    comparison = compare(plan.profiles[0], example("other").profiles[0])
    for text in (plan_as_markdown(plan), comparisons_as_markdown([comparison])):
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
        inline = [token for token in tokens if token.type == "inline"]
        kinds = {child.type for token in inline for child in token.children or ()}
        assert kinds <= {"text", "text_special"}
        assert not [token for token in tokens if token.type == "html_block"]
        cells = {"".join(c.content for c in token.children or ()) for token in inline}
        assert f"kv {visible(name)}" in cells


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"sku": {"name": "S0"}}, "S0"),
        ({"sku": {"name": "GlobalStandard", "capacity": 50}}, "GlobalStandard, 50"),
        ({"sku": {"tier": "Basic"}}, "Basic"),
        ({"sku": "Standard"}, "Standard"),
        ({"properties": {"sku": {"family": "A", "name": "premium"}}}, "premium"),
        ({"sku": "[parameters('sku')]"}, "[parameters('sku')]"),
        ({}, ""),
        ({"sku": None, "properties": None}, ""),
    ],
)
def test_sku(body: dict[str, Any], expected: str) -> None:
    assert sku(resource("x/y", "z", **body)) == expected


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("Microsoft.KeyVault/vaults", {}, Exposure.PUBLIC),
        ("Microsoft.KeyVault/vaults", {"publicNetworkAccess": "disabled"}, Exposure.PRIVATE),
        (
            "Microsoft.KeyVault/vaults",
            {"networkAcls": {"defaultAction": "Deny"}},
            Exposure.SELECTED,
        ),
        ("Microsoft.App/containerApps", {"configuration": {}}, Exposure.NONE),
        (
            "Microsoft.App/containerApps",
            {"configuration": {"ingress": {"external": False}}},
            Exposure.PRIVATE,
        ),
        (
            "Microsoft.App/containerApps",
            {"configuration": {"ingress": {"external": True}}},
            Exposure.PUBLIC,
        ),
        (
            "Microsoft.App/managedEnvironments",
            {"vnetConfiguration": {"internal": True}},
            Exposure.PRIVATE,
        ),
        (
            "Microsoft.OperationalInsights/workspaces",
            {
                "publicNetworkAccessForIngestion": "Disabled",
                "publicNetworkAccessForQuery": "Enabled",
            },
            Exposure.PUBLIC,
        ),
        (
            "Microsoft.OperationalInsights/workspaces",
            {
                "publicNetworkAccessForIngestion": "Disabled",
                "publicNetworkAccessForQuery": "Disabled",
            },
            Exposure.PRIVATE,
        ),
        ("Microsoft.Network/virtualNetworks", {}, None),
        ("Contoso.New/things", {"publicNetworkAccess": "Enabled"}, Exposure.PUBLIC),
    ],
)
def test_exposure(kind: str, properties: dict[str, Any], expected: Exposure | None) -> None:
    found = resource(kind, "x", properties=properties)
    assert Reachability([found]).of(found) is expected


@pytest.mark.parametrize(
    ("environment", "ingress", "expected"),
    [
        ({"publicNetworkAccess": "Enabled"}, {"external": True}, Exposure.PUBLIC),
        ({"publicNetworkAccess": "Disabled"}, {"external": True}, Exposure.PRIVATE),
        ({"vnetConfiguration": {"internal": True}}, {"external": True}, Exposure.PRIVATE),
        (
            {},
            {"external": True, "ipSecurityRestrictions": [{"action": "Allow"}]},
            Exposure.SELECTED,
        ),
        ({}, {"external": True, "ipSecurityRestrictions": [{"action": "Deny"}]}, Exposure.PUBLIC),
    ],
)
def test_an_app_is_as_reachable_as_its_environment(
    environment: dict[str, Any], ingress: dict[str, Any], expected: Exposure
) -> None:
    around = resource("Microsoft.App/managedEnvironments", "cae", properties=environment)
    properties = {"environmentId": around.id.upper(), "configuration": {"ingress": ingress}}
    app = resource("Microsoft.App/containerApps", "ca", properties=properties)
    assert Reachability([app, around]).of(app) is expected


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ({"ipSecurityRestrictionsDefaultAction": "Deny"}, Exposure.SELECTED),
        ({"ipSecurityRestrictions": [{"action": "Allow"}]}, Exposure.SELECTED),
        (
            {
                "ipSecurityRestrictionsDefaultAction": "Allow",
                "ipSecurityRestrictions": [{"action": "Allow"}],
            },
            Exposure.PUBLIC,
        ),
        ({"scmIpSecurityRestrictionsDefaultAction": "Deny"}, Exposure.PUBLIC),
    ],
)
def test_a_site_that_refuses_by_default(site: dict[str, Any], expected: Exposure) -> None:
    properties = {"publicNetworkAccess": "Enabled", "siteConfig": site}
    found = resource("Microsoft.Web/sites", "func", properties=properties)
    assert Reachability([found]).of(found) is expected


def test_nothing_answers_on_the_address_of_a_nat_gateway() -> None:
    address = resource("Microsoft.Network/publicIPAddresses", "pip")
    used = {"publicIpAddresses": [{"id": address.id}]}
    nat = resource("Microsoft.Network/natGateways", "ng", properties=used)
    bastion = resource("Microsoft.Network/bastionHosts", "bas", properties=used)
    assert Reachability([address]).of(address) is Exposure.PUBLIC
    assert Reachability([address, nat]).of(address) is Exposure.NONE
    assert Reachability([address, nat, bastion]).of(address) is Exposure.PUBLIC


def seen_calls(repository: Path) -> set[tuple[str, str, str]]:
    """The requests in prod, with the names up to their common last part."""
    plan = plan_repository(repository, Variables({"AZURE_ENV_TYPE": "prod"}), bicep=running_bicep())
    found = calls(plan.profiles[0].resources)
    return {(_stem(call.source.name), call.verb, _stem(call.target.name)) for call in found}


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition("-")[0]


SERVICE_CALLS = {
    ("ca-api-gateway", "calls", f"ca-{service}") for service in ("chat", "vision", "text")
}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, SERVICE_CALLS),
        (
            {"edge": "front-door"},
            SERVICE_CALLS
            | {("fde", "forwards to", "ca-api-gateway"), ("fde", "forwards to", "stapp")},
        ),
        (
            {"edge": "application-gateway"},
            SERVICE_CALLS
            | {
                ("pip-application-gateway", "forwards to", "agw"),
                ("agw", "forwards to", "ca-api-gateway"),
                ("agw", "forwards to", "stapp"),
            },
        ),
        (
            {"pattern": "event-driven", "edge": "front-door"},
            {("fde", "forwards to", "func-processor")},
        ),
    ],
)
def test_requests_of_edges_and_apps(
    rendering: Render, answers: dict[str, object], expected: set[tuple[str, str, str]]
) -> None:
    assert seen_calls(rendering(answers)) == expected


def test_settings_of_a_site_stand_within_or_beside_it() -> None:
    api, other = (resource("Microsoft.Web/sites", name) for name in ("api", "other"))
    address = f"[reference('{api.id}', '2025-03-01').defaultHostName]"
    settings = resource("Microsoft.Web/sites/config", "x", properties={"API": address})
    beside = Resource({**settings.body, "id": f"{other.id}/config/appsettings"})
    cors = resource("Microsoft.Web/sites/config", "y", properties={"cors": [address]})
    no_call = Resource({**cors.body, "id": f"{other.id}/config/web"})
    within = resource(
        "Microsoft.Web/sites",
        "other",
        properties={"siteConfig": {"appSettings": [{"name": "API", "value": address}]}},
    )
    for resources in ((api, other, beside), (api, within)):
        assert [(call.source.name, call.target.name) for call in calls(resources)] == [
            ("other", "api")
        ]
    assert calls((api, other, no_call)) == ()


def test_expressions_in_place_of_objects_are_passed_over() -> None:
    expression = "[parameters('given')]"
    found = (
        resource("Microsoft.Web/sites", "api", properties={"siteConfig": expression}),
        resource("Microsoft.App/containerApps", "ca", properties={"template": expression}),
        resource(
            "Microsoft.Cdn/profiles/afdEndpoints/routes",
            "all",
            properties={"originGroup": expression},
        ),
    )
    assert calls(found) == ()
    assert [Reachability(found).of(each) for each in found[:2]] == [
        Exposure.PUBLIC,
        Exposure.NONE,
    ]


def test_nothing_of_the_internet_reaches_what_is_behind_an_edge(rendering: Render) -> None:
    repository = rendering({"edge": "application-gateway"})
    plan = plan_repository(repository, Variables({"AZURE_ENV_TYPE": "prod"}), bicep=running_bicep())
    text = plan_as_mermaid(plan)
    labels = dict(re.findall(r'^ *(p0_n\d+)[\[(]+"([^"<]*)', text, re.MULTILINE))
    internet = next(node for node, label in labels.items() if label == "Internet")
    reached = {
        labels[node] for node in re.findall(rf"^ *{internet} -+> (\S+)$", text, re.MULTILINE)
    }
    assert any(name.startswith("pip-application-gateway") for name in reached)
    assert not [name for name in reached if name.startswith(("ca-", "cae-", "pip-nat"))]


def test_a_resource_is_named_with_what_it_extends() -> None:
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"
    for scope, name in (
        (account, "audit of st"),
        (f"{account}/blobServices/default", "audit of st/blobServices"),
        (f"{account}/queueServices/default", "audit of st/queueServices"),
    ):
        settings = "Microsoft.Insights/diagnosticSettings"
        body = {"id": f"{scope}/providers/{settings}/audit", "type": settings, "name": "audit"}
        assert full_name(Resource(body)) == name
    assert full_name(resource("Microsoft.KeyVault/vaults", "kv")) == "kv"
    role = example("x").profiles[0].resources[-1]
    assert full_name(role) == "Key Vault Secrets User for id x on kv x"


def terminal(plan: Plan, width: int) -> list[str]:
    """The lines of a plan in a terminal of that width."""
    stream = io.StringIO()
    show_plan(plan, Console(file=stream, width=width, highlight=False))
    return stream.getvalue().splitlines()


def app(name: str, region: str = "swedencentral") -> Resource:
    """A container app with every fact that a row can have."""
    principal = resource(IDENTITY, f"id-{name}")
    container = {"resources": {"cpu": 0.5, "memory": "1.0Gi"}}
    return resource(
        "Microsoft.App/containerApps",
        f"ca-{name}",
        location=region,
        identity={"userAssignedIdentities": {principal.id: {}}},
        properties={
            "configuration": {"ingress": {"external": True}},
            "template": {"containers": [container], "scale": {"maxReplicas": 3}},
        },
    )


def test_resources_of_a_type_stand_in_columns() -> None:
    policies = [resource("Contoso.New/policies", f"rule-{index}") for index in range(15)]
    apps = [app("api"), app("page", "westeurope"), app("job")]
    lines = terminal(Plan("shop", (Profile("dev", (*policies, *apps)),)), 120)
    assert lines == [
        "shop, dev: 18 resources, 0 role assignments, in swedencentral",
        "Microsoft.App/containerApps",
        "  ca-api   public  0.5 CPU, 1.0Gi, 0-3 replicas                 id-api",
        "  ca-page  public  0.5 CPU, 1.0Gi, 0-3 replicas, in westeurope  id-page",
        "  ca-job   public  0.5 CPU, 1.0Gi, 0-3 replicas                 id-job",
        "Contoso.New/policies (15)",
        f"  {', '.join(f'rule-{index}' for index in range(14))},",
        "  rule-14",
        "",
    ]


def test_what_does_not_fit_a_narrow_terminal_goes_into_the_next_line() -> None:
    lines = terminal(Plan("shop", (Profile("dev", (app("api"),)),)), 48)
    assert lines[2:4] == [
        "  ca-api  public  0.5 CPU, 1.0Gi, 0-3 replicas",
        "    id-api",
    ]


def test_no_line_of_a_rendering_is_wider_than_the_terminal(rendering: Render) -> None:
    plan = plan_repository(rendering({"edge": "front-door"}), Variables({}), bicep=running_bicep())
    lines = terminal(plan, 80)
    assert not [line for line in lines if len(line) > 80 or line != line.rstrip()]


def test_identities_and_their_roles() -> None:
    both = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {"/x/id-a": {}}}
    site = resource("Microsoft.Web/sites", "site", identity=both)
    assert identity(site) == "system-assigned, id-a"

    def granted(principal: str, role: str = "/x/custom") -> tuple[str, str]:
        properties = {"principalId": principal, "roleDefinitionId": role}
        name = "Microsoft.Authorization/roleAssignments"
        (found,) = role_assignments([site, resource(name, "1", properties=properties)])
        return found.principal, found.role

    reference = f"[reference('{site.id}', '2024-11-01', 'full').identity.principalId]"
    assert granted(reference) == ("site (system-assigned)", "custom")
    assert granted("[reference('/a/b/outside', '1').principalId]")[0] == "outside"
    acr_pull = "/x/7F951DDA-4ED3-4680-A7CA-43FE172D538D"
    assert granted("11111111-1111", acr_pull) == ("11111111-1111", "AcrPull")
