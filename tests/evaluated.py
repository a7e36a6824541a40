"""One Bicep process for all tests of a worker."""

import functools
import os

from azd_ai_scaffold.bicep import HOW_TO_GET_BICEP, Bicep, find_bicep
from tests.programs import missing


@functools.cache
def running_bicep() -> Bicep:
    """The Bicep process of this worker; without Bicep the test is skipped, or fails in the gate."""
    if find_bicep() is None:
        missing(HOW_TO_GET_BICEP)
    return Bicep(timeout=float(os.environ.get("BICEP_TIMEOUT", "120")))
