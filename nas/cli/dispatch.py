"""``nas dispatch``: take queued jobs, one process each."""

from __future__ import annotations

import signal

import click

from nas.cli.output import say
from nas.home import Home

#: Of every command that starts a dispatcher.
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Jobs driven at once on this machine.",
)


@click.command()
@jobs_option
def dispatch(jobs: int) -> None:
    """Drive queued jobs until Ctrl-C; any number of dispatchers may share a store.

    Ctrl-C or SIGTERM queues running jobs again with every finished rung kept.
    """
    from nas import logs
    from nas.service.dispatcher import Dispatcher
    from nas.service.housekeeping import Housekeeping
    from nas.store.store import Store

    logs.configure()
    home = Home.here()
    store = Store(home.store_url)
    dispatcher = Dispatcher(store, home, slots=jobs, beside=Housekeeping(store, home))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: dispatcher.stop())
    say(f"taking jobs of {home.where}, {jobs} at once (Ctrl-C stops)")
    dispatcher.run()
    store.close()
