"""Lets people get tokens for the API with azd or the Azure CLI: nobody can consent to that.

A registration that somebody else made stays as it is; docs/runbooks/app-registration.md says what
it needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from app_registration import AppRegistrations, ForbiddenError, client_id_of, of_sign_in, tag
from azure_rest import stops_azd

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""Client id of the Azure CLI, which azd signs in with too. It is the same in every tenant."""


def pre_authorized(api: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the pre-authorized clients of a registration, the Azure CLI with every scope."""
    clients: dict[str, dict[str, Any]] = {
        client["appId"]: client for client in api["preAuthorizedApplications"]
    }
    scopes = [scope["id"] for scope in api["oauth2PermissionScopes"]]
    clients[AZURE_CLI] = {"appId": AZURE_CLI, "delegatedPermissionIds": scopes}
    return list(clients.values())


def pre_authorize(
    variables: Mapping[str, str],
    connect: Callable[[Mapping[str, str]], AppRegistrations] = of_sign_in,
) -> None:
    """Add the Azure CLI to the registration of the environment, unless it is there.

    Not when the registration is made: Graph refuses scopes that the same request adds.
    """
    client_id = client_id_of(variables)
    try:
        registrations = connect(variables)
        found = registrations.find(client_id)
        if found is None or tag(variables.get("AZURE_ENV_NAME", "")) not in found["tags"]:
            return
        clients = pre_authorized(found["api"])
        if clients != found["api"]["preAuthorizedApplications"]:
            registrations.set_pre_authorized(client_id, clients)
    except ForbiddenError:
        # A pipeline has no rights in the directory, and nothing deployed depends on this.
        print(
            f"azure_cli: this sign-in may not change {client_id}. If replay_rejected.py gets "
            "no token, pre-authorize the Azure CLI (docs/runbooks/app-registration.md)."
        )


@stops_azd("azure_cli")
def main() -> None:
    pre_authorize(os.environ)


if __name__ == "__main__":
    main()
