"""Registers the API in the directory, once, and tells azd its client id."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from app_registration import (
    VARIABLE,
    AppRegistrations,
    client_id_of,
    of_sign_in,
    set_variable,
)
from azure_rest import HookError, stops_azd


def register(
    variables: Mapping[str, str],
    connect: Callable[[Mapping[str, str]], AppRegistrations] = of_sign_in,
    store: Callable[[str, str], None] = set_variable,
) -> None:
    """Make the registration unless the environment has one.

    One that azd would not remember is taken back: the next run makes it anew.
    """
    if client_id_of(variables):
        return
    if variables.get("CI") or variables.get("TF_BUILD"):
        raise HookError(
            f"{VARIABLE} is not set, and a pipeline may not register applications: set it to the "
            "client id of the API's app registration."
        )
    name = variables.get("AZURE_ENV_NAME", "")
    if not name:
        raise HookError("AZURE_ENV_NAME is not set: run this through azd.")
    registrations = connect(variables)
    client_id = registrations.create(name)
    try:
        registrations.enable(client_id)
        store(name, client_id)
    except HookError:
        registrations.delete(client_id)
        raise
    print(f"app_registration: {client_id} is the API of {name}")


@stops_azd("app_registration")
def main() -> None:
    register(os.environ)


if __name__ == "__main__":
    main()
