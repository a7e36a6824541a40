"""Says what a rendering holds before it is written: services, security, Azure resources."""

from collections import Counter
from pathlib import Path

from azd_ai_scaffold.bicep import HOW_TO_GET_BICEP, Bicep, find_bicep
from azd_ai_scaffold.errors import ScaffoldError, one_line
from azd_ai_scaffold.plan.access import ROLE_ASSIGNMENT
from azd_ai_scaffold.plan.build import plan_repository
from azd_ai_scaffold.plan.summary import rows
from azd_ai_scaffold.plan.variables import Variables
from azd_ai_scaffold.rendering import Rendering

SECURITY_QUESTIONS = ("network", "edge", "user_auth", "data_residency")


def preview(rendering: Rendering, folder: Path) -> str:
    """What the repository rendered in `folder` will be.

    Args:
        rendering: What copier rendered there.
        folder: The rendered repository.

    Returns:
        Lines of text: the services that azd deploys, each security choice, and how many Azure
        resources of each type and role assignments the profiles dev and prod have.
    """
    lines = [f"{rendering.project_name} will have", ""]
    if services := azd_services(folder):
        lines += [f"  {'services':<15} {', '.join(services)}"]
    lines += [f"  {name:<15} {value}" for name, value in security_choices(rendering).items()]
    if (folder / "infra" / "main.bicep").is_file():
        location = str(rendering.answers.get("location", ""))
        lines += ["", *resource_counts(folder, location)]
    return "\n".join(lines) + "\n"


def azd_services(folder: Path) -> list[str]:
    """Names of the services in `azure.yaml`; none without one."""
    import yaml

    path = folder / "azure.yaml"
    if not path.is_file():
        return []
    return list(yaml.safe_load(path.read_bytes()).get("services") or {})


def security_choices(rendering: Rendering) -> dict[str, str]:
    """Each security question that was asked, with the answer in the template's words."""
    choices = {
        name: f"{rendering.answers[name]} ({rendering.labels[name]})"
        for name in SECURITY_QUESTIONS
        if name in rendering.labels
    }
    return {"keys": "none anywhere: managed identities", **choices} if choices else {}


def resource_counts(folder: Path, location: str) -> list[str]:
    """Rows of the number of resources by type and profile; without Bicep a line that says so."""
    try:
        if find_bicep() is None:
            return [f"  Azure resources are not shown. {HOW_TO_GET_BICEP}."]
        with Bicep() as bicep:
            variables = Variables({"AZURE_LOCATION": location} if location else {})
            profiles = plan_repository(folder, variables, bicep=bicep).profiles
    except ScaffoldError as error:
        return [f"  Azure resources are not shown. {one_line(error).rstrip('.')}."]
    counts = [Counter(row.type for row in rows(profile)) for profile in profiles]
    table = [("Azure resources", [count.total() for count in counts])]
    table += [
        (f"  {name}", [count[name] for count in counts]) for name in sorted(set().union(*counts))
    ]
    # As `plan` does, apart: they are permissions, and nothing that runs or stores.
    table += [("Role assignments", [len(profile.of_type(ROLE_ASSIGNMENT)) for profile in profiles])]
    width = max(len(name) for name, _ in table)
    heading = " " * width + "".join(f"{profile.name:>6}" for profile in profiles)
    lines = [f"{name:<{width}}" + "".join(f"{n:>6}" for n in numbers) for name, numbers in table]
    return [f"  {line}" for line in (heading, *lines)]
