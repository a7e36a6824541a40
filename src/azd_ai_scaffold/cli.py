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
