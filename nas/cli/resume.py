"""``nas resume``: go on with a job that is queued or was interrupted."""

from __future__ import annotations

import click

from nas.cli.foreground import complete_records, drive_and_tell
from nas.cli.output import Output, output_option
from nas.errors import NotFound


@click.command()
@click.argument("job")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
@output_option
def resume(job: str, quiet: bool, output: Output) -> None:
    """Go on with JOB here: nothing recorded is trained again.

    A job that is done only has its records in MLflow completed, should they be behind.
    """
    from nas.home import Home
    from nas.store.store import Store

    home = Home.here()
    if not home.store_address and not home.store_file.exists():
        raise NotFound("job", job)
    store = Store(home.store_url)
    found = store.jobs.get(job)
    if found.state == "done":
        complete_records(store, home, found, quiet=quiet or output.json, output=output)
        return
    drive_and_tell(store, home, found, quiet=quiet or output.json, output=output)
