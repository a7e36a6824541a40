"""`python -m azd_ai_scaffold`."""

import sys

from azd_ai_scaffold.cli import run

sys.exit(run())
