"""Run the stand-in: `python -m ai_standin --port 8090`."""

import argparse

import uvicorn

from ai_standin.app import create_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="ai_standin", description="Stand in for the AI services.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--delay", type=float, default=0.03, help="before each part, in seconds")
    arguments = parser.parse_args()
    # Loopback only: whoever reaches it can steer it.
    uvicorn.run(
        create_app(arguments.delay),
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
