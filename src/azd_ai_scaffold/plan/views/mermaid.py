"""A mermaid flowchart: networks, identities, and who may call what."""

import re
from collections import defaultdict
from collections.abc import Iterator

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.access import role_assignments
from azd_ai_scaffold.plan.calls import calls
from azd_ai_scaffold.plan.facts import (
    ENVIRONMENT,
    Exposure,
    Reachability,
    environment_id,
    texts,
    user_identities,
)
from azd_ai_scaffold.plan.model import Plan, Profile
from azd_ai_scaffold.plan.views.text import printable, short

_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_NETWORK = "Microsoft.Network/virtualNetworks"
_SUBNET = re.compile(r"/subscriptions/.*/virtualNetworks/([^/]+)/subnets/([^/]+)", re.IGNORECASE)
# Everything else in a label is written as a number, so that no name can end it.
_PLAIN = re.compile(r"[^\w ./:,()-]")


def plan_as_mermaid(plan: Plan) -> str:
    """The plan as one flowchart, with a subgraph for each profile."""
    lines = ["flowchart LR"]
    for index, profile in enumerate(plan.profiles):
        lines.append(f"  subgraph p{index}[{_label(f'{plan.project}, {profile.name}')}]")
        lines += [f"    {line}" for line in _Diagram(profile, f"p{index}").lines()]
        lines.append("  end")
    return "\n".join(lines)


class _Diagram:
    """The nodes and edges of one profile; every node is a resource or what an edge needs."""

    def __init__(self, profile: Profile, prefix: str) -> None:
        self.profile = profile
        self.prefix = prefix
        self.by_id = {resource.id.lower(): resource for resource in profile.resources}
        self.reachability = Reachability(profile.resources)
        self.nodes: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.edges: list[str] = []
        self.subgraphs = 0

    def lines(self) -> Iterator[str]:
        """The body of the profile's subgraph."""
        self._connect()
        places: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for key in self.nodes:
            resource = self.by_id.get(key)
            places[self._place(resource) if resource else ()].append(key)
        for resource in self.profile.resources:  # a network without nodes is one all the same
            if resource.is_a(_NETWORK):
                places.setdefault((resource.name,), [])
        yield from self._tree(places, ())
        yield from self.edges

    def _connect(self) -> None:
        for resource in self.profile.resources:
            # Of an environment its apps are what answers.
            is_environment = resource.is_a(ENVIRONMENT)
            access = None if is_environment else self.reachability.of(resource)
            if access in (Exposure.PUBLIC, Exposure.SELECTED):
                arrow = "-->" if access is Exposure.PUBLIC else "-.->"
                self._edge(self._node("internet", "Internet"), arrow, "", self._known(resource))
            for identity in user_identities(resource):
                self._edge(self._known(resource), "---", "is", self._of(identity))
        for target, endpoint in self.reachability.endpoints.items():
            self._edge(self._known(endpoint), "-.->", "private link", self._of(target))
        for call in calls(self.profile.resources):
            self._edge(self._known(call.source), "==>", call.verb, self._known(call.target))
        for found in role_assignments(self.profile.resources):
            identity = found.principal_id or found.principal
            source = self._of(identity) if found.principal_id else self._other(identity)
            self._edge(source, "-->", found.role, self._of(found.scope))

    def _place(self, resource: Resource) -> tuple[str, ...]:
        """The subgraphs that a resource is in: network, subnet, Container Apps environment."""
        properties = resource.properties
        if environment := self.by_id.get(environment_id(properties)):
            return (*self._place(environment), environment.name)
        if resource.is_a(_NETWORK):
            return (resource.name,)
        for text in texts(properties):
            if found := _SUBNET.fullmatch(text):
                return (found[1], found[2])
        return ()

    def _tree(
        self, places: dict[tuple[str, ...], list[str]], here: tuple[str, ...]
    ) -> Iterator[str]:
        for key in places.get(here, ()):
            yield f"{self.nodes[key]}{self.labels[key]}"
        depth = len(here)
        inner = dict.fromkeys(
            path[depth] for path in places if len(path) > depth and path[:depth] == here
        )
        for name in inner:
            below = (*here, name)
            self.subgraphs += 1
            yield f"subgraph {self.prefix}_s{self.subgraphs}[{_label(name)}]"
            yield from (f"  {line}" for line in self._tree(places, below))
            yield "end"

    def _edge(self, source: str, arrow: str, label: str, target: str) -> None:
        text = f"|{_label(label)}|" if label else ""
        line = f"{source} {arrow}{text} {target}"
        if line not in self.edges:
            self.edges.append(line)

    def _of(self, resource_id: str) -> str:
        """The node of a resource of the plan, or of one outside it."""
        resource = self.by_id.get(resource_id.lower())
        return self._known(resource) if resource else self._other(resource_id)

    def _known(self, resource: Resource) -> str:
        shape = "([{}])" if resource.is_a(_IDENTITY) else "[{}]"
        label = _label(short(resource.name), resource.type.rpartition("/")[2])
        return self._node(resource.id.lower(), "", shape.format(label))

    def _other(self, name: str) -> str:
        return self._node(f"outside {name.lower()}", short(name).rpartition("/")[2])

    def _node(self, key: str, text: str, shown: str | None = None) -> str:
        if key not in self.nodes:
            self.nodes[key] = f"{self.prefix}_n{len(self.nodes)}"
            self.labels[key] = shown or f"(({_label(text)}))"
        return self.nodes[key]


def _label(*lines: str) -> str:
    """Lines as one quoted label."""
    escaped = (_PLAIN.sub(lambda found: f"#{ord(found[0])};", printable(line)) for line in lines)
    return f'"{"<br/>".join(escaped)}"'
