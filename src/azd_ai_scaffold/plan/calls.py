"""Which workloads send requests to which: the addresses that settings and edges refer to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.facts import APP, mapping, mentions, texts

CALLS = "calls"
FORWARDS = "forwards to"

_ADDRESS = "Microsoft.Network/publicIPAddresses"
_GATEWAY = "Microsoft.Network/applicationGateways"
_ORIGIN = "Microsoft.Cdn/profiles/originGroups/origins"
_PAGE = "Microsoft.Web/staticSites"
_ROUTE = "Microsoft.Cdn/profiles/afdEndpoints/routes"
_SETTINGS = "Microsoft.Web/sites/config"
_SITE = "Microsoft.Web/sites"
# The host name of an app, a site or a page.
_HOST = re.compile(
    r"reference\('((?:[^']|'')+)'(?:, '[^']*')*\)"
    r"(?:\.\w+)*\.(?:fqdn|latestRevisionFqdn|defaultHost[nN]ame)\b"
)


@dataclass(frozen=True, slots=True)
class Call:
    """Requests from one resource to another.

    Attributes:
        source: Who sends them: an app, an edge, or the public address of an edge.
        verb: `CALLS` of an app, `FORWARDS` of an edge.
        target: Who answers them.
    """

    source: Resource
    verb: str
    target: Resource


def calls(resources: Iterable[Resource]) -> tuple[Call, ...]:
    """The requests between resources of a plan: first those of edges, then those of apps."""
    planned = tuple(resources)
    found = (*_of_gateways(planned), *_of_front_doors(planned), *_of_apps(planned))
    unique = {(call.source.id.lower(), call.target.id.lower()): call for call in found}
    return tuple(unique.values())


def _of_apps(resources: tuple[Resource, ...]) -> Iterator[Call]:
    """Apps whose settings hold the address of another app; pages only send requests."""
    targets = _by_id(resources, APP, _SITE)
    for source in resources:
        settings: list[Any]
        if source.is_a(APP):
            settings = [source.properties.get("template")]
        elif source.is_a(_SITE):
            settings = [found.properties for found in resources if _is_settings_of(source, found)]
            settings.append(mapping(source.properties.get("siteConfig")).get("appSettings"))
        else:
            continue
        for target in _hosts(settings, targets):
            if target is not source:
                yield Call(source, CALLS, target)


def _of_gateways(resources: tuple[Resource, ...]) -> Iterator[Call]:
    targets = _by_id(resources, APP, _SITE, _PAGE)
    for gateway in resources:
        if gateway.is_a(_GATEWAY):
            frontends = gateway.properties.get("frontendIPConfigurations")
            for address in resources:
                if address.is_a(_ADDRESS) and mentions(frontends, address.id):
                    yield Call(address, FORWARDS, gateway)
            for target in _hosts(gateway.properties.get("backendAddressPools"), targets):
                yield Call(gateway, FORWARDS, target)


def _of_front_doors(resources: tuple[Resource, ...]) -> Iterator[Call]:
    targets = _by_id(resources, APP, _SITE, _PAGE)
    by_id = {resource.id.lower(): resource for resource in resources}
    for route in resources:
        if route.is_a(_ROUTE):
            endpoint = by_id.get(_parent(_parent(route.id.lower())))
            group = str(mapping(route.properties.get("originGroup")).get("id")).lower()
            for origin in resources:
                if endpoint and origin.is_a(_ORIGIN) and origin.id.lower().startswith(f"{group}/"):
                    for target in _hosts(origin.properties.get("hostName"), targets):
                        yield Call(endpoint, FORWARDS, target)


def _is_settings_of(site: Resource, resource: Resource) -> bool:
    """Whether a resource holds a site's settings apart from it."""
    is_child = resource.id.lower() == f"{site.id}/config/appsettings".lower()
    return resource.is_a(_SETTINGS) and is_child


def _hosts(value: Any, targets: dict[str, Resource]) -> Iterator[Resource]:
    """The targets whose host names a JSON value refers to."""
    for text in texts(value):
        for resource_id in _HOST.findall(text):
            if target := targets.get(resource_id.replace("''", "'").lower()):
                yield target


def _by_id(resources: tuple[Resource, ...], *types: str) -> dict[str, Resource]:
    return {found.id.lower(): found for found in resources if any(map(found.is_a, types))}


def _parent(resource_id: str) -> str:
    """The id without its last part."""
    return resource_id.rpartition("/")[0]
