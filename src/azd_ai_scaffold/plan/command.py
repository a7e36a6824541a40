"""`plan` as the command line runs it: evaluate, compare, show."""

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from azd_ai_scaffold.bicep import Bicep
from azd_ai_scaffold.errors import ScaffoldError, WrongUsageError
from azd_ai_scaffold.evaluation import EvaluationError
from azd_ai_scaffold.plan.build import PROFILES, plan_repository
from azd_ai_scaffold.plan.comparison import Comparison, compare, compare_plans
from azd_ai_scaffold.plan.infrastructure import find_infrastructure
from azd_ai_scaffold.plan.model import Plan
from azd_ai_scaffold.plan.revision import exported
from azd_ai_scaffold.plan.variables import Variables, read_variables


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for; `compare` is empty, one revision or two profiles."""

    dest: Path
    environment: str | None
    settings: tuple[str, ...]
    show: tuple[str, ...]
    compare: tuple[str, ...]
    form: str


def show_request(request: Request) -> None:
    """Evaluate and print.

    Raises:
        ScaffoldError: It was refused or failed.
    """
    if request.compare and request.form == "mermaid":
        raise WrongUsageError("--compare has no mermaid: choose table, json or markdown")
    if len(request.compare) > 2 or (
        len(request.compare) == 2 and set(request.compare) - {*PROFILES}
    ):
        raise WrongUsageError("--compare takes two profiles (dev prod) or one git revision")
    try:
        repository = request.dest.resolve()
        find_infrastructure(repository)  # says what is missing before Bicep starts
        variables = read_variables(repository, request.environment, request.settings, request.show)
        with Bicep() as bicep:
            if not request.compare:
                _print_plan(plan_repository(repository, variables, bicep=bicep), request.form)
                return
            comparisons = _compare(bicep, repository, variables, request.compare)
        _print_comparisons(comparisons, request.form)
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _compare(
    bicep: Bicep, repository: Path, variables: Variables, what: tuple[str, ...]
) -> list[Comparison]:
    if len(what) == 2:
        plan = plan_repository(repository, variables, profiles=what, bicep=bicep)
        return [compare(*plan.profiles, is_deployment=False)]
    with exported(repository, what[0]) as folder:
        try:
            before = plan_repository(folder, variables, bicep=bicep)
        except EvaluationError as error:
            line = str(error).replace(str(folder), str(repository))
            raise ScaffoldError(f"at {what[0]}: {line}") from error
    after = plan_repository(repository, variables, bicep=bicep)
    return [
        dataclasses.replace(
            found, before=f"{found.before} at {what[0]}", after=f"{found.after} now"
        )
        for found in compare_plans(before, after)
    ]


def _print_plan(plan: Plan, form: str) -> None:
    if form == "table":
        from azd_ai_scaffold.plan.views.table import output, show_plan

        show_plan(plan, output())
    elif form == "json":
        from azd_ai_scaffold.plan.views.document import plan_as_document

        print(json.dumps(plan_as_document(plan), indent=2, ensure_ascii=False), flush=True)
    elif form == "markdown":
        from azd_ai_scaffold.plan.views.markdown import plan_as_markdown

        print(plan_as_markdown(plan), flush=True)
    else:
        from azd_ai_scaffold.plan.views.mermaid import plan_as_mermaid

        print(plan_as_mermaid(plan), flush=True)


def _print_comparisons(comparisons: Sequence[Comparison], form: str) -> None:
    if form == "table":
        from azd_ai_scaffold.plan.views.table import output, show_comparison

        console = output()
        for comparison in comparisons:
            show_comparison(comparison, console)
    elif form == "json":
        from azd_ai_scaffold.plan.views.document import comparisons_as_document

        document = comparisons_as_document(comparisons)
        print(json.dumps(document, indent=2, ensure_ascii=False), flush=True)
    else:
        from azd_ai_scaffold.plan.views.markdown import comparisons_as_markdown

        print(comparisons_as_markdown(comparisons), flush=True)
