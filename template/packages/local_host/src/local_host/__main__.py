"""Run the host: `python -m local_host --port 8080`; scripts/run_local.py starts what it needs."""

import argparse
import asyncio

from local_host.host import LocalHost
from local_host.settings import LocalSettings


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="local_host", description="Run the document pipeline on this machine."
    )
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    asyncio.run(LocalHost(LocalSettings.load()).run(arguments.port))


if __name__ == "__main__":
    main()
