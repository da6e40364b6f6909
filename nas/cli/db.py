"""``nas db``: the store's database."""

from __future__ import annotations

import click

from nas.cli.output import Output, output_option
from nas.home import Home


@click.group()
def db() -> None:
    """The store's database: SQLite in NAS_HOME, or what NAS_STORE_URL names."""


@db.command()
@output_option
def upgrade(output: Output) -> None:
    """Make the tables, or bring them up to date with their rows.

    Every command does so when it opens the store; here it is done alone, before a service starts.
    What a newer version made is refused and left alone.
    """
    from sqlalchemy import make_url

    from nas.store.schema import REVISION
    from nas.store.store import Store

    url = Home.here().store_url
    Store(url).close()
    place = make_url(url).render_as_string(hide_password=True)
    output.emit(
        {"store": place, "revision": REVISION}, lambda: f"{place} is at revision {REVISION}"
    )
