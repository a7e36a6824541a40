"""What an update changes in Azure, per profile: the repository before and after it, compared."""

import dataclasses
from pathlib import Path

from azd_ai_scaffold.bicep import HOW_TO_GET_BICEP, Bicep, find_bicep
from azd_ai_scaffold.errors import ScaffoldError, one_line
from azd_ai_scaffold.plan.build import plan_repository
from azd_ai_scaffold.plan.comparison import Comparison, compare_plans
from azd_ai_scaffold.plan.model import Plan
from azd_ai_scaffold.plan.revision import exported
from azd_ai_scaffold.plan.variables import Variables
from azd_ai_scaffold.progress import progress
from azd_ai_scaffold.rendering import recorded_answers
from azd_ai_scaffold.update import Update

_EVALUATED = (".bicep", ".bicepparam", ".parameters.json", "azure.yaml")


def show_azure_changes(update: Update) -> None:
    """Print what the update changes in Azure; without Bicep, or where it refuses, one line."""
    try:
        if find_bicep() is None:
            print(f"Changes in Azure are not shown. {HOW_TO_GET_BICEP}.")
            return
        _refuse_conflicts(update)
        with progress("Evaluating before and after"):
            comparisons = compare_update(update)
    except ScaffoldError as error:
        print(f"Changes in Azure are not shown. {one_line(error).rstrip('.')}.")
        return
    from azd_ai_scaffold.plan.views.table import output, show_comparison

    console = output()
    for comparison in comparisons:
        show_comparison(comparison, console)


def compare_update(update: Update) -> list[Comparison]:
    """Compare the repository's commit with the result of the update, profile by profile.

    Raises:
        ScaffoldError: One of them cannot be evaluated.
    """
    repository, versions = update.repository, update.versions
    with Bicep() as bicep, exported(repository.folder, update.merged.head) as folder:
        before = _plan(bicep, folder)
        after = _plan(bicep, update.merged.scratch / repository.subfolder)
    return [
        dataclasses.replace(
            found,
            before=f"{found.before} with {versions.current}",
            after=f"{found.after} with {versions.latest}",
        )
        for found in compare_plans(before, after)
    ]


def _refuse_conflicts(update: Update) -> None:
    paths = [found.path for found in update.merged.conflicts if found.path.endswith(_EVALUATED)]
    if paths:
        verb = "has" if len(paths) == 1 else "have"
        raise ScaffoldError(f"{', '.join(paths)} {verb} conflicts")


def _plan(bicep: Bicep, folder: Path) -> Plan:
    location = recorded_answers(folder).get("location")
    variables = {"AZURE_LOCATION": str(location)} if location else {}
    return plan_repository(folder, Variables(variables), bicep=bicep)
