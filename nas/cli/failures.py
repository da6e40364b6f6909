"""What a user sees when something goes wrong: one message, never a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from datetime import datetime
from typing import Any

import click

from nas.cli.output import wants_json
from nas.errors import Exit, NasError
from nas.home import Home


def report(error: Exception, ctx: click.Context) -> int:
    """Print an error on stderr in the format that was asked for.

    Returns:
        the exit status.
    """
    if isinstance(error, click.ClickException):
        return _report_usage(error, ctx)
    if isinstance(error, NasError):
        _print(ctx, error.kind, str(error), error.details())
        return int(error.exit_code)
    return _report_unexpected(error, ctx)


def _report_usage(error: click.ClickException, ctx: click.Context) -> int:
    if wants_json(ctx):
        _print(ctx, "usage_problem", error.format_message(), [])
    else:
        error.show()
    return error.exit_code


def _report_unexpected(error: Exception, ctx: click.Context) -> int:
    message = f"unexpected: {type(error).__name__}: {error}".replace("\n", " ")
    if os.environ.get("NAS_DEBUG"):
        traceback.print_exception(error, file=sys.stderr)
        hint = "please report this with the traceback above"
    else:
        hint = f"please report this with {_written_traceback(error)}"
    _print(ctx, "unexpected", f"{message}; {hint}", [])
    return Exit.UNEXPECTED


def _written_traceback(error: Exception) -> str:
    home = Home.here()
    try:
        folder = home.create(home.logs)
        path = folder / f"error-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return "the traceback that NAS_DEBUG=1 shows"
    return str(path)


def _print(ctx: click.Context, kind: str, message: str, problems: list[dict[str, Any]]) -> None:
    if not wants_json(ctx):
        click.echo(f"error: {message}", err=True)
        return
    import json

    body = {"kind": kind, "message": message, "problems": problems}
    click.echo(json.dumps({"error": body}), err=True)
