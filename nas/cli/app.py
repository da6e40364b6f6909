"""The command ``nas``: a table of commands, loaded when called, and what happens to errors.

Imports click alone, so that ``nas --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

#: Command -> (``module:function``, one line of help). The function is a ``click.Command``.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("nas.cli.init_command:init", "Write a commented job file to start from."),
    "validate": ("nas.cli.validate:validate", "Check a job file; --deep builds its models too."),
    "run": ("nas.cli.run:run", "Run a job here, in the foreground."),
    "resume": ("nas.cli.resume:resume", "Go on with a job that was interrupted."),
    "extend": ("nas.cli.extend:extend", "Give a job more trials, or another space."),
    "retrain": ("nas.cli.retrain:retrain", "Train a trial again, longer."),
    "list": ("nas.cli.list:list_jobs", "List jobs."),
    "show": ("nas.cli.show:show", "Show one job: state, trials, costs."),
    "front": ("nas.cli.front:front", "Print a job's Pareto front."),
    "report": ("nas.cli.report:report", "Compare the front with the hand-made rules."),
    "effects": ("nas.cli.effects:effects", "Print what each type does where, which axes matter."),
    "ledger": ("nas.cli.ledger:ledger", "Show what a job cost, what for, and what was saved."),
    "export": ("nas.cli.export:export", "Write a trained model as plain PyTorch code."),
    "draw": ("nas.cli.draw:draw", "Draw an architecture as SVG."),
    "attention-maps": (
        "nas.cli.attention_maps:attention_maps",
        "Show what a trained model's attention looks at.",
    ),
    "submit": ("nas.cli.submit:submit", "Queue a job for the service."),
    "watch": ("nas.cli.following:watch", "Show a job as it goes on."),
    "logs": ("nas.cli.following:logs", "Print what happened in a job."),
    "wait": ("nas.cli.following:wait", "Wait until a job is over."),
    "pause": ("nas.cli.control:pause", "Stop a job at its next rungs."),
    "cancel": ("nas.cli.control:cancel", "End a job and keep its results."),
    "retry": ("nas.cli.control:retry", "Queue a failed or cancelled job again."),
    "priority": ("nas.cli.control:priority", "Move a job in the queue."),
    "delete": ("nas.cli.control:delete", "Forget a job."),
    "serve": ("nas.cli.serve:serve", "Start the service: dashboard, API, dispatcher."),
    "dispatch": ("nas.cli.dispatch:dispatch", "Drive queued jobs: the service without pages."),
    "token": ("nas.cli.token:token", "Say who may use the service."),
    "owner": ("nas.cli.owner:owner", "Limit what one who submits jobs may use."),
    "data": ("nas.cli.data:data", "List the data sets that job files can name."),
    "db": ("nas.cli.db:db", "Bring the store's tables up to date."),
    "gc": ("nas.cli.gc:gc", "Delete what nobody needs any more."),
    "spaces": ("nas.cli.spaces:spaces", "List attention types and ready search spaces."),
    "inspect": ("nas.cli.inspect:inspect", "Print a backbone's stages, positions and costs."),
    "doctor": ("nas.cli.doctor:doctor", "Check this machine and say what is missing."),
}

#: Headings in the list of commands -> the first command below each.
SECTIONS = {"Search": "init", "Results": "list", "Service": "submit", "Looking things up": "spaces"}


class NasGroup(click.Group):
    """Knows its commands by name, imports one when it is called, and reports errors."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what was typed: a command line that can't be parsed may have asked for JSON."""
        ctx.meta["nas.arguments"] = tuple(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of the table: as a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module, _, function = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), function)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is refused with the nearest spelling."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from nas.errors import did_you_mean

            ctx.fail(f"no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        names = list(COMMANDS)
        begins = [names.index(first) for first in SECTIONS.values()]
        for heading, begin, end in zip(SECTIONS, begins, [*begins[1:], len(names)], strict=True):
            with formatter.section(heading):
                formatter.write_dl([(name, COMMANDS[name][1]) for name in names[begin:end]])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; whatever goes wrong becomes a message and an exit status."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(130)
        except Exception as error:
            from nas.cli.failures import report

            ctx.exit(report(error, ctx))


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"nas {version('attention-placement-nas')}")
    ctx.exit()


@click.group(cls=NasGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version and exit.",
)
def cli() -> None:
    """Search where attention pays in a CNN, and what it costs.

    Start with 'nas init', then 'nas run job.yaml'. NAS_HOME (default .nas in the current folder)
    holds results; every command that answers takes '-o json'.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    # The matrices here are small: more threads of numpy only take the workers' cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        cli.main(args=None if arguments is None else list(arguments), prog_name="nas")
    except KeyboardInterrupt:
        os.write(2, b"interrupted\n")
        sys.exit(130)
    except OSError as error:  # --help and --version print before there is a command
        os.write(2, f"error: the answer can't be printed: {error.strerror}\n".encode())
        sys.exit(1)
    sys.exit(0)
