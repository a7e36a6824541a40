"""Run all benchmarks, or those named."""

import sys

from tests.benchmarks import (
    command_line,
    functions,
    infrastructure,
    pipeline,
    plan,
    services,
    templating,
    tokens,
)

BENCHMARKS = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        command_line,
        templating,
        infrastructure,
        plan,
        services,
        tokens,
        functions,
        pipeline,
    )
}

names = sys.argv[1:] or list(BENCHMARKS)
if unknown := [name for name in names if name not in BENCHMARKS]:
    sys.exit(f"no benchmark is called {unknown[0]}: choose from {', '.join(BENCHMARKS)}")
for chosen in names:
    BENCHMARKS[chosen].run()
