"""``nas doctor``: is everything here that a job needs?"""

from __future__ import annotations

import click

from nas.checks import run_checks
from nas.checks_value import Check
from nas.cli.output import Output, Part, Table, output_option


@click.command()
@output_option
@click.pass_context
def doctor(ctx: click.Context, output: Output) -> None:
    """Check this machine and say what is missing and what to do about it.

    Exit status 1 if something is missing without which no job runs.
    """
    checks = run_checks()
    failed = any(check.state == "fail" for check in checks)
    data = {"ok": not failed, "checks": [check.to_dict() for check in checks]}
    output.emit(data, lambda: _parts(checks))
    ctx.exit(1 if failed else 0)


def _parts(checks: list[Check]) -> list[Part]:
    rows = [(check.state, check.name, check.detail) for check in checks]
    advice = [f"{check.name}: {check.advice}" for check in checks if check.advice]
    parts: list[Part] = [Table(("state", "what", "found"), rows)]
    return [*parts, "", "What to do:", *advice] if advice else parts
