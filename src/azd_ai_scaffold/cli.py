"""The command line. Light on purpose: a command imports what it needs when it runs."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from azd_ai_scaffold.errors import ScaffoldError, one_line
from azd_ai_scaffold.exit_codes import DONE, FAILED, INTERRUPTED, NEWER
from azd_ai_scaffold.signals import Stopped, stop_signals

PROGRAM = "azd-ai-scaffold"
DEBUG = "AZD_AI_SCAFFOLD_DEBUG"  # where it is set, an unexpected error has its traceback
PRESETS = ("minimal", "standard", "enterprise")  # presets.yml; not read for --help

Command = Callable[..., Any]


def answer_options(command: Command) -> Command:
    """The options of every command that lets copier ask questions."""
    options = [
        click.option(
            "--data",
            metavar="NAME=VALUE",
            multiple=True,
            help="Answer a question; several services are comma-separated. Repeatable.",
        ),
        click.option(
            "--data-file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Answers as YAML; --data goes over them.",
        ),
        click.option("--defaults", is_flag=True, help="Take the default of every question left."),
        click.option("--yes", "-y", is_flag=True, help="Go on without being asked to agree."),
        click.option(
            "--quiet", "-q", is_flag=True, help="Say only what went wrong, and ask nothing: --yes."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=PROGRAM, message="%(version)s")
def main() -> None:
    """Start and keep up production AI repositories for the Azure Developer CLI."""


@main.command(short_help="Render a new repository into DEST.")
@click.argument("dest", type=click.Path(path_type=Path))
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    help="Answers about size and security to start from.",
)
@answer_options
@click.option(
    "--template",
    metavar="URL|PATH",
    help="The template's git repository. Default: where this program was installed from.",
)
@click.option("--vcs-ref", metavar="REF", help="A tag, branch or commit of --template.")
@click.option("--no-git", is_flag=True, help="Make no repository and no first commit.")
def new(
    dest: Path,
    preset: str | None,
    data: Sequence[str],
    data_file: Path | None,
    defaults: bool,
    yes: bool,
    quiet: bool,
    template: str | None,
    vcs_ref: str | None,
    no_git: bool,
) -> None:
    """Render a new repository into DEST, a folder that is missing, empty or holds only .git.

    Asks for a preset and then what it leaves open; --preset, --data and --data-file answer in
    advance and --defaults the rest. Shows the services, the security choices and the Azure
    resources before it writes, and makes the first commit. Nothing is left behind when it fails
    or is interrupted.
    """
    from azd_ai_scaffold.answers import given_answers
    from azd_ai_scaffold.new import new_repository, next_steps
    from azd_ai_scaffold.presets import ask_preset, load_presets
    from azd_ai_scaffold.rendering import Given
    from azd_ai_scaffold.staging import check_destination

    answers = given_answers(data, data_file)
    check_destination(dest.resolve())
    if not (defaults or has_terminal()):
        raise ScaffoldError("there is no terminal to ask in: pass --defaults (and --data)")
    customise = False
    chosen = load_presets()[preset] if preset else None
    if not (chosen or defaults):
        chosen, customise = ask_preset()
    given = Given(answers, chosen.answers if chosen else {}, customise, defaults)

    def agree_to(what: str) -> bool:
        click.echo(what)
        return agree("Write it?", without_asking=yes)

    repository = new_repository(
        dest,
        (template, vcs_ref),
        given,
        with_git=not no_git,
        agree=None if quiet else agree_to,
    )
    if repository.source.is_local:
        warn(
            f"the template is the folder {repository.source.url}: "
            "only this machine can update from it"
        )
    if repository.uncommitted and not no_git:
        warn(f"there is no first commit: {repository.uncommitted}")
    if not quiet:
        click.echo(next_steps(repository, dest))


@main.command(short_help="Take a newer template into the repository DEST.")
@click.argument("dest", type=click.Path(path_type=Path), default=Path())
@click.option("--check", is_flag=True, help="Only say whether a newer template exists.")
@click.option("--json", "as_json", is_flag=True, help="With --check: say it as JSON.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@answer_options
@click.option("--vcs-ref", metavar="REF", help="A tag, branch or commit. Default: newest release.")
@click.option(
    "--allow-replace",
    is_flag=True,
    help="Allow another project_slug, location or pattern: it replaces what is deployed.",
)
def update(
    dest: Path,
    check: bool,
    as_json: bool,
    dry_run: bool,
    data: Sequence[str],
    data_file: Path | None,
    defaults: bool,
    yes: bool,
    quiet: bool,
    vcs_ref: str | None,
    allow_replace: bool,
) -> int:
    """Take a newer template, or other answers, into the repository DEST (default: here).

    Shows the changelog, the files and the conflicts, then changes the repository: all of it or
    nothing. What changed is staged for you to commit. Your edits are kept; where the template
    changed the same lines, or removed or renamed a file that you edited, there is a conflict.
    """
    if as_json and not check:
        raise click.UsageError("--json belongs to --check")
    if check:
        ignored = {
            "--data": data,
            "--data-file": data_file,
            "--dry-run": dry_run,
            "--allow-replace": allow_replace,
        }
        if given_too := next((option for option, value in ignored.items() if value), None):
            raise click.UsageError(f"--check only compares versions: leave out {given_too}")
        return check_template(dest, vcs_ref, as_json=as_json, quiet=quiet)
    from azd_ai_scaffold import report
    from azd_ai_scaffold.answers import given_answers
    from azd_ai_scaffold.azure_changes import show_azure_changes
    from azd_ai_scaffold.merge import apply
    from azd_ai_scaffold.rendering import Given
    from azd_ai_scaffold.update import prepared_update

    given = Given(given_answers(data, data_file), defaults=defaults)
    if not (defaults or has_terminal()):
        raise ScaffoldError("there is no terminal to ask in: pass --defaults (and --data)")
    with prepared_update(dest, given, vcs_ref, allow_replace=allow_replace) as prepared:
        merged, top = prepared.merged, prepared.repository.top
        if not quiet:
            click.echo(report.summary(prepared))
        if merged.conflicts:
            click.echo(report.conflicts(merged), err=True)
        if dry_run:
            if not quiet:
                show_azure_changes(prepared)
                click.echo(merged.diff(color=sys.stdout.isatty()), nl=False)
        elif merged.changes or merged.conflicts:
            if not (quiet or agree("Change the repository?", without_asking=yes)):
                raise ScaffoldError("nothing was written")
            apply(merged, top)
            if merged.conflicts:
                click.echo(report.how_to_continue(merged, top), err=True)
            elif not quiet:
                click.echo("All of it is staged: git diff --cached shows it, git commit keeps it.")
    return FAILED if merged.conflicts else DONE


def check_template(dest: Path, vcs_ref: str | None, *, as_json: bool, quiet: bool) -> int:
    """Say whether a newer template exists, with the exit code."""
    import json
    from dataclasses import asdict

    from azd_ai_scaffold.update import check_versions

    versions = check_versions(dest, vcs_ref)
    if as_json:
        click.echo(json.dumps(asdict(versions)))
    elif not quiet:
        from azd_ai_scaffold.report import check

        click.echo(check(versions, vcs_ref))
    return NEWER if versions.newer else DONE


def has_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def agree(question: str, *, without_asking: bool) -> bool:
    """In a terminal ask whether to go on."""
    if without_asking or not has_terminal():
        return True
    import questionary

    return bool(questionary.confirm(question, default=True, qmark="🎤").unsafe_ask())


def tolerate_any_encoding() -> None:
    """Write what the encoding of a pipe or terminal lacks as an escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def warn(line: str) -> None:
    """One line that is no failure."""
    click.echo(f"{PROGRAM}: warning: {line}", err=True)


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
        The exit code, one of `exit_codes`.
    """
    tolerate_any_encoding()
    try:
        with stop_signals():
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
    except (KeyboardInterrupt, EOFError, click.Abort) as interrupt:
        click.echo(f"{PROGRAM}: interrupted, nothing was written", err=True)
        # Click and copier wrap what interrupted them.
        causes = (interrupt, interrupt.__cause__, getattr(interrupt.__cause__, "__cause__", None))
        return next((c.exit_code for c in causes if isinstance(c, Stopped)), INTERRUPTED)
    except Exception as error:
        if DEBUG in os.environ:
            raise
        click.echo(f"{PROGRAM}: {one_line(error)}", err=True)
        return FAILED
    return code if isinstance(code, int) else DONE


def entry_point() -> None:
    """Run the command line as a process."""
    sys.exit(run())
