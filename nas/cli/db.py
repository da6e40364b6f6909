"""``nas db``: the store's database."""

from __future__ import annotations

import click

from nas.cli.opened import refuse_from_afar
from nas.cli.output import Output, output_option
from nas.home import Home


@click.group()
def db() -> None:
    """The store's tables: SQLite brings itself up to date, PostgreSQL is upgraded by hand."""


@db.command()
@output_option
def upgrade(output: Output) -> None:
    """Make the tables, or bring them up to date with their rows; repeating it changes nothing.

    The one way to upgrade an older PostgreSQL store, while nothing else uses it. What a newer
    version made is refused and left alone.
    """
    from sqlalchemy import make_url

    from nas.store.database import open_engine
    from nas.store.schema import REVISION

    refuse_from_afar("the store is brought up to date")
    url = Home.here().store_url
    open_engine(url, upgrade=True).dispose()
    place = make_url(url).render_as_string(hide_password=True)
    output.emit(
        {"store": place, "revision": REVISION}, lambda: f"{place} is at revision {REVISION}"
    )
