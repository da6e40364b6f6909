"""Opening a database: engine, durability settings, migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError

from nas.errors import NewerDatabase, OlderDatabase, StoreUnreachable, UsageProblem, did_you_mean
from nas.store.schema import REVISION

#: What a store's address may begin with, and the driver that is meant.
_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_ALLOWED = "allowed: sqlite:////FOLDER/store.db, postgresql://USER@HOST/DATABASE"

#: Where a network drops packets silently, neither end hears of it. A client gives up after a
#: minute, and the server ends what a vanished client left in the middle of a transaction, with its
#: locks. An address may say otherwise: ``?keepalives_idle=…``.
_NETWORK = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "options": "-c idle_in_transaction_session_timeout=60000 -c tcp_keepalives_idle=30 "
    "-c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}

#: Any number: what processes lock in PostgreSQL while one of them brings the schema up to date.
_MIGRATING = 7_301_982


def open_engine(url: str, *, upgrade: bool = False) -> Engine:
    """Connect; make the schema, or bring it up to date.

    An older PostgreSQL database is left to ``nas db upgrade``: other processes may use it.

    Args:
        url: ``sqlite:///PATH`` or ``postgresql+psycopg://…``; plain ``postgresql://`` works too.
        upgrade: also an older PostgreSQL database.

    Raises:
        NewerDatabase: if a newer version of this program made the database.
        OlderDatabase: if it must be upgraded by hand.
        StoreUnreachable: if the server doesn't answer or the file can't be opened.
        UsageProblem: for what is no address of a store.
    """
    parsed = _parsed(url)
    try:
        engine = _engine(parsed)
        found = revision_of(engine)
    except Exception as error:
        place = parsed.render_as_string(hide_password=True)
        raise StoreUnreachable(f"can't open the store {place}: {_first_line(error)}") from error
    if found != REVISION:
        _migrate(engine, found, upgrade)
    return engine


def _parsed(url: str) -> URL:
    """The address with the driver that is used."""
    try:
        parsed = make_url(url)
    except ArgumentError:  # the address is not told, as it may hold a password
        raise UsageProblem(f"NAS_STORE_URL can't be read; {_ALLOWED}") from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        near = did_you_mean(parsed.drivername, _DRIVERS)
        raise UsageProblem(f"NAS_STORE_URL begins with {parsed.drivername!r}{near}; {_ALLOWED}")
    return parsed.set(drivername=driver)


def _engine(parsed: URL) -> Engine:
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
        event.listen(engine, "connect", _configure_sqlite)
        return engine
    unset = {k: v for k, v in _NETWORK.items() if k not in parsed.query}
    return create_engine(parsed, pool_pre_ping=True, connect_args=unset)


def _configure_sqlite(connection: Any, record: object) -> None:
    # WAL with NORMAL keeps every commit across a kill of the process; only a power cut can lose
    # the last ones, never the file's consistency.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=20000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def revision_of(engine: Engine) -> str | None:
    """The migration that a database is at; None: it is empty."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: Engine, found: str | None, upgrade: bool) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerDatabase(
            f"the database is at revision {found!r}, made by a newer version; this version knows "
            f"up to {REVISION!r}: upgrade the program, or point NAS_HOME at another folder"
        )
    if found is not None and engine.dialect.name == "postgresql" and not upgrade:
        raise OlderDatabase(
            f"the database is at revision {found!r} and this version needs {REVISION!r}; stop the "
            "service's other processes, then: nas db upgrade"
        )
    with engine.connect() as connection:
        _keep_rows(connection, False)
        try:
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
                else:  # Python's driver begins none by itself for CREATE and ALTER
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        finally:
            _keep_rows(connection, True)


def _keep_rows(connection: Connection, cascades: bool) -> None:
    """SQLite changes a table by making it anew: its rows' rows must not go with the old one."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA foreign_keys={'ON' if cascades else 'OFF'}")
        connection.rollback()  # ends what SQLAlchemy began for it; the setting stays


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
