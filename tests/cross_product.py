"""Every combination of structural answers: `python -m tests.cross_product`, before a release.

Renders each, compiles and evaluates each distinct `infra/` as dev and prod, and holds every rule
against it. Prints count and time; ends with 1 when a combination fails.
"""

import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.evaluated import environment, infrastructure_digest
from tests.infra.rulebook import findings
from tests.matrix import case_id, product, without_infrastructure
from tests.rendering import quick_copier, render

Answers = dict[str, object]


@dataclass
class Outcome:
    """What became of combinations that share their `infra/`."""

    renderings: int = 0
    infrastructures: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)


def groups() -> Iterator[list[Answers]]:
    """Combinations that differ only in what `infra/` does not know, side by side."""
    return (
        list(group)
        for _, group in itertools.groupby(product(), key=lambda case: without_infrastructure(case))
    )


def examine(group: list[Answers]) -> Outcome:
    """Render every combination of a group, and evaluate each `infra/` that was not seen yet."""
    outcome = Outcome()
    folder = Path(tempfile.mkdtemp(prefix="cross-product-"))
    try:
        for number, answers in enumerate(group):
            try:
                repository = render(folder / str(number), **answers)
                outcome.renderings += 1
                digest = infrastructure_digest(repository)
                if digest in outcome.infrastructures:
                    continue
                outcome.infrastructures.add(digest)
                for kind in ("dev", "prod"):
                    found = findings(environment(repository, kind))
                    outcome.failures += [f"{case_id(answers)} {kind}: {line}" for line in found]
            except Exception as error:  # noqa: BLE001 - the others are still worth knowing
                outcome.failures.append(f"{case_id(answers)}: {type(error).__name__}: {error}")
    finally:
        shutil.rmtree(folder)
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth group")
    arguments = parser.parse_args()
    started = time.perf_counter()
    total = Outcome()
    with quick_copier(), ProcessPoolExecutor(arguments.processes) as pool:
        for outcome in pool.map(examine, itertools.islice(groups(), 0, None, arguments.every)):
            total.renderings += outcome.renderings
            total.infrastructures |= outcome.infrastructures
            for failure in outcome.failures:
                print(failure, flush=True)
            total.failures += outcome.failures
    print(
        f"{total.renderings} combinations rendered, {len(total.infrastructures)} infrastructures "
        f"compiled and evaluated as dev and prod, {len(total.failures)} failures, "
        f"{time.perf_counter() - started:.0f} s in {arguments.processes} processes"
    )
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
