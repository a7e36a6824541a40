"""Lets people come back to the page from sign-in: adds its address to the app registration."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Callable, Mapping

from app_registration import (
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
    """Add the page's address; those that are there stay."""
    client_id, page = client_id_of(variables), page_address(variables)
    try:
        registrations = connect(variables)
        found = registrations.find(client_id)
        if found is None:
            raise HookError(f"the directory has no app registration {client_id}: mend {VARIABLE}.")
        addresses: list[str] = (found.get("spa") or {}).get("redirectUris") or []
        if page not in addresses:
            registrations.set_redirects(client_id, [*addresses, page])
    except ForbiddenError:
        # A pipeline must go on: the address changes once in the life of an environment.
        print(
            f"app_registration: if sign-in fails, add {page} to the single-page redirect addresses "
            f"of {client_id}; this sign-in may not see whether it is there."
        )


@stops_azd("app_registration")
def main() -> None:
    add_page(os.environ)


if __name__ == "__main__":
    main()
