"""Tells the directory what exists only now: the page's address, and the gateway's identity."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Callable, Mapping

from app_registration import (
    APPLICATION_ROLE,
    GUID,
    VARIABLE,
    AppRegistrations,
    ForbiddenError,
    client_id_of,
    of_sign_in,
)
from azure_rest import HookError, stops_azd


def page_address(variables: Mapping[str, str]) -> str:
    """Return the address of the page, as it names itself to the sign-in."""
    address = urllib.parse.urlsplit(variables.get("SERVICE_WEB_URI", ""))
    if address.scheme != "https" or not address.hostname:
        raise HookError("SERVICE_WEB_URI is no https address: run `azd provision` again.")
    return f"https://{address.netloc}/"


def add_page(
    variables: Mapping[str, str],
    connect: Callable[[Mapping[str, str]], AppRegistrations] = of_sign_in,
) -> None:
    """Add the page's address, so that people come back from sign-in; those that are there stay."""
    client_id, page = client_id_of(variables), page_address(variables)
    try:
        registrations = connect(variables)
        found = registrations.find(client_id)
        if found is None:
            raise HookError(f"the directory has no app registration {client_id}: check {VARIABLE}.")
        addresses: list[str] = (found.get("spa") or {}).get("redirectUris") or []
        if page not in addresses:
            registrations.set_redirects(client_id, [*addresses, page])
    except ForbiddenError:
        # A pipeline must go on: the address changes once in the life of an environment.
        print(
            f"app_registration: if sign-in fails, add {page} to the single-page redirect addresses "
            f"of {client_id}; this sign-in may not see whether it is there."
        )


def assign_gateway(
    variables: Mapping[str, str],
    connect: Callable[[Mapping[str, str]], AppRegistrations] = of_sign_in,
) -> None:
    """Give the gateway's identity the app role of applications.

    The gateway calls the services with a token for the API. Where assignment is required, Entra ID
    issues such a token only to an identity with a role.
    """
    client_id = client_id_of(variables)
    identity = variables.get("SERVICE_API_GATEWAY_IDENTITY_PRINCIPAL_ID", "")
    if not GUID.fullmatch(identity):
        raise HookError(
            "SERVICE_API_GATEWAY_IDENTITY_PRINCIPAL_ID is no object id: run `azd provision` again."
        )
    try:
        assigned = connect(variables).assign(client_id, APPLICATION_ROLE, identity)
    except ForbiddenError:
        assigned = False
    if not assigned:
        print(
            f"app_registration: this sign-in could not assign {APPLICATION_ROLE} of {client_id} to "
            f"the gateway {identity}. Assign it before you require assignment "
            "(docs/runbooks/app-registration.md)."
        )


@stops_azd("app_registration")
def main() -> None:
    add_page(os.environ)
    assign_gateway(os.environ)


if __name__ == "__main__":
    main()
