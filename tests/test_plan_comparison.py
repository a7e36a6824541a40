"""What changes between two plans: every kind of change, property by property, and why."""

import io
from typing import Any

import pytest
from rich.console import Console

from azd_ai_scaffold.evaluation import Resource
from azd_ai_scaffold.plan.comparison import (
    MISSING,
    Action,
    Comparison,
    PropertyChange,
    compare,
    compare_plans,
)
from azd_ai_scaffold.plan.model import Plan, Profile
from azd_ai_scaffold.plan.views.markdown import comparisons_as_markdown
from azd_ai_scaffold.plan.views.table import show_comparison

GROUP = "/subscriptions/s/resourceGroups/g"


def resource(kind: str, name: str, /, *, group: str = GROUP, **body: Any) -> Resource:
    """A resource of a type in a group."""
    identifier = f"{group}/providers/{kind}/{name}"
    return Resource({"id": identifier, "type": kind, "name": name, "apiVersion": "1", **body})


def vault(name: str = "kv", **body: Any) -> Resource:
    return resource("Microsoft.KeyVault/vaults", name, **body)


def assignment(role: str, principal: str, name: str) -> Resource:
    kind = "Microsoft.Authorization/roleAssignments"
    properties = {"roleDefinitionId": role, "principalId": principal}
    return resource(kind, name, group=vault().id, properties=properties)


def changes(before: list[Resource], after: list[Resource]) -> list[tuple[Action, str]]:
    """Actions and names of what differs."""
    comparison = compare(Profile("a", tuple(before)), Profile("b", tuple(after)))
    return [(change.action, change.resource.name) for change in comparison.changes]


def differences(before: Resource, after: Resource) -> tuple[PropertyChange, ...]:
    """What differs of one resource."""
    (change,) = compare(Profile("a", (before,)), Profile("b", (after,))).changes
    return change.properties


def test_equal_profiles_do_not_differ() -> None:
    comparison = compare(Profile("a", (vault(),)), Profile("b", (vault(),)))
    assert (comparison.changes, comparison.unchanged) == ((), 1)
    assert (comparison.before, comparison.after) == ("a", "b")


def test_order_case_of_ids_and_api_versions_do_not_count() -> None:
    other = resource("Microsoft.Search/searchServices", "srch")
    upper = Resource({**vault().body, "id": vault().id.upper(), "apiVersion": "2"})
    assert changes([vault(), other], [other, upper]) == []


def test_added_and_removed() -> None:
    search = resource("Microsoft.Search/searchServices", "srch")
    assert changes([], [search]) == [(Action.ADDED, "srch")]
    assert changes([search], []) == [(Action.REMOVED, "srch")]
    assert changes([search], [vault()]) == [(Action.ADDED, "kv"), (Action.REMOVED, "srch")]


def test_properties_are_found_wherever_they_are() -> None:
    before = vault(tags={"a": "1", "b.c": "2"}, properties={"x": {"y": [1, 2]}, "gone": True})
    after = vault(tags={"a": "1", "b.c": "3"}, properties={"x": {"y": [1, 3]}, "new": 0})
    assert differences(before, after) == (
        PropertyChange('tags["b.c"]', "2", "3"),
        PropertyChange("properties.x.y", [1, 2], [1, 3]),
        PropertyChange("properties.gone", True, MISSING),
        PropertyChange("properties.new", MISSING, 0),
    )


def test_lists_of_named_objects_are_compared_by_name() -> None:
    before = vault(properties={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
    after = vault(properties={"env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]})
    assert differences(before, after) == (
        PropertyChange("properties.env[A]", {"name": "A", "value": "1"}, MISSING),
        PropertyChange("properties.env[B].value", "2", "3"),
        PropertyChange("properties.env[C]", MISSING, {"name": "C", "value": "4"}),
    )


def test_null_is_a_property_that_is_not_there_and_false_is_not_zero() -> None:
    assert changes([vault(properties={"x": None})], [vault(properties={})]) == []
    assert changes([vault(properties={"x": False})], [vault(properties={"x": 0})]) != []


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("Microsoft.KeyVault/vaults", {"location": "a"}, {"location": "b"}),
        ("Microsoft.CognitiveServices/accounts", {"kind": "OpenAI"}, {"kind": "AIServices"}),
        (
            "Microsoft.App/managedEnvironments",
            {"properties": {}},
            {"properties": {"vnetConfiguration": {"infrastructureSubnetId": "x"}}},
        ),
        (
            "Microsoft.Network/privateEndpoints",
            {"properties": {"subnet": {"id": "a"}}},
            {"properties": {"subnet": {"id": "b"}}},
        ),
        (
            "Microsoft.Network/privateEndpoints",
            {
                "properties": {
                    "privateLinkServiceConnections": [
                        {"name": "a.b", "properties": {"privateLinkServiceId": "x"}}
                    ]
                }
            },
            {
                "properties": {
                    "privateLinkServiceConnections": [
                        {"name": "a.b", "properties": {"privateLinkServiceId": "y"}}
                    ]
                }
            },
        ),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            {"properties": {}},
            {"properties": {"network": {"delegatedSubnetResourceId": "x"}}},
        ),
        (
            "Microsoft.ServiceBus/namespaces",
            {"sku": {"name": "Standard"}},
            {"sku": {"name": "Premium"}},
        ),
    ],
)
def test_what_azure_does_not_change_is_replaced(
    kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert changes([resource(kind, "x", **before)], [resource(kind, "x", **after)]) == [
        (Action.REPLACED, "x")
    ]
    (change,) = differences(resource(kind, "x", **before), resource(kind, "x", **after))
    assert change.replaces


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("Microsoft.KeyVault/vaults", {"sku": {"name": "a"}}, {"sku": {"name": "b"}}),
        (
            "Microsoft.ServiceBus/namespaces",
            {"sku": {"name": "Basic"}},
            {"sku": {"name": "Standard"}},
        ),
        ("Microsoft.Storage/storageAccounts", {"kind": "Storage"}, {"kind": "StorageV2"}),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            {"properties": {}},
            {"properties": {"network": {"publicNetworkAccess": "Enabled"}}},
        ),
        (
            "Microsoft.Network/privateEndpoints",
            {"tags": {"subnet": "a"}},
            {"tags": {"subnet": "b"}},
        ),
    ],
)
def test_everything_else_is_changed(
    kind: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert changes([resource(kind, "x", **before)], [resource(kind, "x", **after)]) == [
        (Action.CHANGED, "x")
    ]


def shown(comparison: Comparison) -> str:
    """A comparison in the terminal."""
    stream = io.StringIO()
    show_comparison(comparison, Console(file=stream, width=120))
    return stream.getvalue()


def test_what_a_deployment_does_not_do_is_said() -> None:
    search = resource("Microsoft.Search/searchServices", "srch")
    profiles = Profile("a", (search, vault(location="x"))), Profile("b", (vault(location="y"),))
    found = compare(*profiles)
    for text in (shown(found), comparisons_as_markdown([found]).replace("\\", "")):
        assert "removed (1): an incremental deployment deletes nothing, so they stay in Azu" in text
        assert "replaced (1): Azure refuses the change in place; the old one has to go fir" in text
        assert "a → b" in text
    added = compare(Profile("a", ()), Profile("b", (search,)))
    for text in (shown(added), comparisons_as_markdown([added])):
        assert "incremental" not in text
        assert "refuses" not in text


def test_profiles_stand_side_by_side() -> None:
    search = resource("Microsoft.Search/searchServices", "srch")
    site = resource("Microsoft.Web/sites", "web")
    dev = Profile("dev", (search, vault(location="x")))
    prod = Profile("prod", (site, vault(location="y")))
    found = compare(dev, prod, is_deployment=False)
    assert {change.action for change in found.changes} == {
        Action.ADDED,
        Action.REMOVED,
        Action.CHANGED,
    }
    for text in (shown(found), comparisons_as_markdown([found])):
        for words in ("dev and prod", "only in dev", "only in prod", "differs"):
            assert words in text
        for words in ("incremental", "refuses", "removed", "replaced", "does not move"):
            assert words not in text


def test_a_comparison_says_what_a_setting_or_a_role_is_of() -> None:
    settings = resource("Microsoft.Insights/diagnosticSettings", "audit", group=vault().id)
    role = "/x/4633458b-17de-408a-b874-0445c86b69e6"
    principal = "[reference('/a/b/id-chat', '1').principalId]"
    granted = assignment(role, principal, "[guid('long')]")
    text = shown(compare(Profile("a", ()), Profile("b", (settings, granted))))
    assert "audit of kv" in text
    assert "Key Vault Secrets User for id-chat on kv" in text
    assert "guid" not in text


def test_another_name_or_group_is_a_replacement() -> None:
    assert changes([vault("old")], [vault("new")]) == [(Action.REPLACED, "new")]
    moved = vault(group="/subscriptions/s/resourceGroups/other")
    (change,) = differences(vault(), moved)
    assert (change.path, change.before, change.after) == ("scope", GROUP, moved.scope)
    services = [vault(f"kv{n}", tags={"azd-service-name": f"s{n}"}) for n in range(2)]
    renamed = [vault(f"new{n}", tags={"azd-service-name": f"s{n}"}) for n in range(2)]
    assert changes(services, renamed) == [(Action.REPLACED, "new0"), (Action.REPLACED, "new1")]


def test_resources_are_not_paired_by_guessing() -> None:
    before, after = [vault("a"), vault("b")], [vault("c"), vault("d")]
    assert {action for action, _ in changes(before, after)} == {Action.ADDED, Action.REMOVED}


def test_a_role_assignment_is_what_it_grants_whatever_its_name() -> None:
    first = assignment("reader", "me", "1")
    assert changes([first], [assignment("reader", "me", "2")]) == []
    assert changes([first], [assignment("owner", "me", "1")]) == [
        (Action.ADDED, "1"),
        (Action.REMOVED, "1"),
    ]


def test_plans_are_compared_profile_by_profile() -> None:
    dev, prod = Profile("dev", (vault(),)), Profile("prod", ())
    found = compare_plans(Plan("x", (dev, prod)), Plan("x", (Profile("prod", (vault(),)), dev)))
    assert [(c.after, len(c.changes)) for c in found] == [("prod", 1), ("dev", 0)]
    single = Plan("x", (Profile("default", (vault(),)),))
    assert [c.before for c in compare_plans(single, Plan("x", (dev, prod)))] == ["default"] * 2
    assert compare_plans(Plan("x", (dev, prod)), single) == ()
