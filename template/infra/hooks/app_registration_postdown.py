"""Removes the app registration with its environment, if the hooks of that environment made it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from app_registration import (
    AppRegistrations,
    client_id_of,
    of_sign_in,
    set_variable,
    tag,
)
from azure_rest import stops_azd


def remove(
    variables: Mapping[str, str],
    connect: Callable[[Mapping[str, str]], AppRegistrations] = of_sign_in,
    store: Callable[[str, str], None] = set_variable,
) -> None:
    """Delete the registration and forget its client id; one that others made stays."""
    client_id, name = client_id_of(variables), variables.get("AZURE_ENV_NAME", "")
    if not client_id:
        return
    registrations = connect(variables)
    found = registrations.find(client_id)
    if found is not None:
        if tag(name) not in (found.get("tags") or ()):
            return
        registrations.delete(client_id)
    store(name, "")


@stops_azd("app_registration: the app registration is left")
def main() -> None:
    remove(os.environ)


if __name__ == "__main__":
    main()
