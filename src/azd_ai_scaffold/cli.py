"""The command line. Light on purpose: a command imports what it needs when it runs."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from azd_ai_scaffold.errors import ScaffoldError

PROGRAM = "azd-ai-scaffold"
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=PROGRAM, message="%(version)s")
def main() -> None:
    """Start and keep up production AI repositories for the Azure Developer CLI."""


@main.command(short_help="Render a new repository into DEST.")
@click.argument("dest", type=click.Path(path_type=Path))
@click.option(
    "--data",
    "data",
    metavar="NAME=VALUE",
    multiple=True,
    help="Answer a question; several services are comma-separated. Repeatable.",
)
@click.option("--defaults", is_flag=True, help="Take the default of every question left.")
@click.option(
    "--template",
    metavar="URL|PATH",
    help="The template's git repository. Default: where this program was installed from.",
)
@click.option("--vcs-ref", metavar="REF", help="A tag, branch or commit of --template.")
def new(
    dest: Path, data: Sequence[str], defaults: bool, template: str | None, vcs_ref: str | None
) -> None:
    """Render a new repository into DEST, a folder that is missing, empty or holds only .git.

    Asks the questions in the terminal; --data answers some of them and --defaults the rest.
    Nothing is left behind when it fails or is interrupted.
    """
    from azd_ai_scaffold.new import new_repository, next_steps

    rendered = new_repository(dest, data, defaults=defaults, template=template, vcs_ref=vcs_ref)
    if rendered.source.is_local:
        click.echo(
            f"{PROGRAM}: warning: the template is the folder {rendered.source.url}: "
            "only this machine can update from it",
            err=True,
        )
    click.echo(next_steps(rendered, dest))


class PlanCommand(click.Command):
    """Lets `--compare` take the two profiles after it as well as one revision."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write `--compare dev prod` as the option given twice, as click knows it."""
        for index in range(len(args) - 2):
            if args[index] == "--compare" and {args[index + 1], args[index + 2]} <= {"dev", "prod"}:
                args.insert(index + 2, "--compare")
                break
        return super().parse_args(ctx, args)


@main.command(cls=PlanCommand, short_help="Show what a repository deploys, without Azure.")
@click.argument("dest", default=".", type=click.Path(path_type=Path))
@click.option("--env", metavar="NAME", help="Take the variables of .azure/NAME/.env.")
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set an azd variable, over those of --env. Repeatable.",
)
@click.option(
    "--show",
    metavar="NAME",
    multiple=True,
    help="Take and print the value of this variable of --env; of the others a placeholder is "
    "printed. Repeatable.",
)
@click.option(
    "--compare",
    metavar="dev prod|REV",
    multiple=True,
    help="Show differences: between two profiles, or since a git revision.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown", "mermaid"]),
    default="table",
    show_default=True,
    help="How to show it; a comparison has no mermaid.",
)
def plan(
    dest: Path,
    env: str | None,
    settings: Sequence[str],
    show: Sequence[str],
    compare: Sequence[str],
    form: str,
) -> None:
    """Show what the azd repository in DEST (default: this folder) deploys, without Azure.

    Evaluates its Bicep as it is on the disk, edits included, for every profile: names, SKUs,
    regions, who can reach a resource and which identity may call what. Writes nothing, and says
    what it could not evaluate.
    """
    from azd_ai_scaffold.plan.command import Request, show_request

    show_request(Request(dest, env, tuple(settings), tuple(show), tuple(compare), form))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; by default the process's arguments.

    Returns:
        The exit code: 0, 1 for a failure, 2 for wrong usage, 130 after Ctrl-C, 128 plus the
        signal's number after another signal.
    """
    try:
        code = main.main(arguments, PROGRAM, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        click.echo(f"{PROGRAM}: {error.format_message()}", err=True)
        return error.exit_code
    except ScaffoldError as error:
        click.echo(f"{PROGRAM}: {error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as interrupt:
        click.echo(f"{PROGRAM}: interrupted, nothing was written", err=True)
        # click wraps what interrupted it
        return getattr(interrupt.__cause__, "exit_code", INTERRUPTED)
    return code if isinstance(code, int) else 0


def entry_point() -> None:
    """Run the command line as a process."""
    sys.exit(run())
