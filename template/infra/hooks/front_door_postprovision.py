"""Approves the private link of Front Door to the Container Apps environment, and waits for it.

Front Door asks for the link from a subscription of its own, so no deployment can approve it.
"""

from __future__ import annotations

import http
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

from azure_rest import AzureRest, HookError, access_token

API_VERSION = "2026-01-01"
PATIENCE_SECONDS = 900
PAUSE_SECONDS = 10


class PrivateLinks:
    """The private endpoint connections of a Container Apps environment."""

    def __init__(self, rest: AzureRest, environment_id: str, request_message: str) -> None:
        self._rest = rest
        self._target = f"{environment_id}/privateEndpointConnections"
        self._request_message = request_message

    def of_front_door(self) -> list[dict[str, Any]]:
        """Return the connections that our Front Door asked for; nobody else knows its id."""
        status, answer = self._rest.call("GET", f"{self._target}?api-version={API_VERSION}")
        refuse(status, "show the private endpoint connections of the Container Apps environment")
        connections = answer.get("value")
        if not isinstance(connections, list):
            raise HookError("Azure's answer holds no private endpoint connections: try again.")
        return [
            connection
            for connection in connections
            if state_of(connection).get("description") == self._request_message
        ]

    def approve(self, name: str) -> bool:
        """Approve one connection, and tell whether Azure took it; it does not while it is busy."""
        # The description stays: by it the connection is found again.
        state = {"status": "Approved", "description": self._request_message}
        status, _ = self._rest.call(
            "PUT",
            f"{self._target}/{name}?api-version={API_VERSION}",
            {"properties": {"privateLinkServiceConnectionState": state}},
        )
        if status == http.HTTPStatus.CONFLICT:
            return False
        refuse(status, "approve the private link of Front Door")
        return True


def state_of(connection: dict[str, Any]) -> dict[str, Any]:
    """Return who approved a connection, or what it waits for."""
    state = connection.get("properties", {}).get("privateLinkServiceConnectionState")
    return state if isinstance(state, dict) else {}


def refuse(status: int, what: str) -> None:
    """Raise what an answer other than a success means."""
    if status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
        raise HookError(f"Azure does not let you {what} ({status}): be Contributor of the group.")
    if not http.HTTPStatus.OK <= status < http.HTTPStatus.MULTIPLE_CHOICES:
        raise HookError(f"Azure answers {status} when asked to {what}: run the hook again.")


def connect(
    links: PrivateLinks, patience: float = PATIENCE_SECONDS, pause: float = PAUSE_SECONDS
) -> None:
    """Wait until Front Door has asked, approve what it asked for, and wait until it is connected.

    Args:
        links: the connections of the environment.
        patience: seconds to wait in all.
        pause: seconds between two looks.
    """
    until = time.monotonic() + patience
    approved: set[str] = set()
    while True:
        found = links.of_front_door()
        for connection in found:
            name, status = connection["name"], state_of(connection).get("status")
            if status == "Pending" and name not in approved and links.approve(name):
                approved.add(name)
            if status in ("Rejected", "Disconnected"):
                raise HookError(
                    f"the private link of Front Door is {status.lower()}: delete the connection "
                    f"{name} of the Container Apps environment and provision again."
                )
        if found and all(is_connected(connection) for connection in found):
            return
        if time.monotonic() + pause > until:
            state = "waits to be connected" if found else "was not asked for"
            raise HookError(
                f"the private link of Front Door {state} after {patience:.0f} s: "
                "run `azd hooks run postprovision` later."
            )
        time.sleep(pause)


def is_connected(connection: dict[str, Any]) -> bool:
    """Tell whether requests of Front Door come through."""
    ready = connection.get("properties", {}).get("provisioningState", "Succeeded") == "Succeeded"
    return ready and state_of(connection).get("status") == "Approved"


def links_of(variables: Mapping[str, str]) -> PrivateLinks | None:
    """Return the links to look after; None while the edge is off."""
    front_door = variables.get("AZURE_FRONT_DOOR_ID", "")
    environment = variables.get("AZURE_CONTAINER_APPS_ENVIRONMENT_ID", "")
    if not front_door:
        return None
    if not re.fullmatch(r"/subscriptions(/[\w.()-]+)+", environment):
        raise HookError(
            "AZURE_CONTAINER_APPS_ENVIRONMENT_ID is no resource id: run `azd provision` again."
        )
    return PrivateLinks(AzureRest(access_token()), environment, f"Front Door {front_door}")


def main() -> int:
    """Return the exit code: 1 with one line on standard error when Front Door reaches nothing."""
    try:
        links = links_of(os.environ)
        if links is not None:
            connect(links)
            if records := os.environ.get("AZURE_CUSTOM_DOMAIN_RECORDS"):
                print(f"front_door_postprovision: the DNS records of your host name are {records}")
    except HookError as reason:
        print(f"front_door_postprovision: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
