"""What commands that read a job file have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def job_file_arguments(command: F) -> F:
    """Add the argument FILE (``file``) and the repeatable ``--set`` (``overrides``)."""
    overrides = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Replace a key of the file, such as search.trials=40; may be repeated.",
    )
    return click.argument("file")(overrides(command))
