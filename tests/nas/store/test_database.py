import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from nas.errors import NewerDatabase, OlderDatabase, StoreUnreachable, UsageProblem
from nas.store import database
from nas.store.database import open_engine
from nas.store.schema import REVISION, metadata
from nas.store.store import Store
from tests import postgresql


def migrate(engine, direction, revision):
    config = Config()
    folder = Path(database.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, direction)(config, revision)


def test_a_fresh_database_has_the_tables_that_the_code_describes(bare_url):
    engine = open_engine(bare_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == (
            REVISION
        )
    engine.dispose()


def test_opening_again_keeps_what_is_there(url):
    Store(url).jobs.create("kept", {}, {})
    assert [job.name for job in Store(url).jobs.list()] == ["kept"]


def test_processes_that_find_no_database_at_once_make_it_once(bare_url):
    code = f"from nas.store.database import open_engine; open_engine({bare_url!r}).dispose()"
    made = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [(one.communicate(timeout=60)[1], one.returncode) for one in made] == [("", 0)] * 3


def test_a_database_that_could_not_be_made_is_left_as_it_was(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/store.db"
    with monkeypatch.context() as broken:
        broken.setattr("alembic.op.create_index", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            open_engine(url)
    open_engine(url).dispose()


def test_a_database_from_a_newer_version_is_refused_and_left_alone(bare_url):
    engine = open_engine(bare_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match=r"'9999'.*newer version.*NAS_HOME"):
        Store(bare_url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()
    assert found == "9999"


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "store.db"
    path.write_text("this is not a database, and longer than a header would be" * 20)
    with pytest.raises(StoreUnreachable, match="not a database"):
        Store(f"sqlite:///{path}")


def test_an_unreachable_server_is_named_without_its_password():
    with pytest.raises(StoreUnreachable) as caught:
        Store("postgresql://nas:secret@127.0.0.1:1/nas")
    assert "127.0.0.1:1" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_locks_of_a_client_that_vanished_are_given_back(postgresql_server):
    with postgresql.database(postgresql_server, f"test_{uuid4().hex}") as address:
        engine = open_engine(address)
        with engine.connect() as connection:
            asked = "SHOW idle_in_transaction_session_timeout"
            assert connection.execute(text(asked)).scalar() == "1min"
        engine.dispose()
        vanished, store = Store(address), Store(address)
        store.jobs.create("one", {}, {})
        connection = vanished.engine.connect()
        connection.execute(text("UPDATE jobs SET reason = 'half written'"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 300"))
        # As if its machine went off here.
        store.jobs.set_state(store.jobs.get("one").id, "paused")
        assert store.jobs.get("one").reason == ""
        connection.invalidate()
        connection.close()
        vanished.close()
        store.close()


def test_readers_do_not_wait_for_a_writer(url):
    writer, reader = Store(url), Store(url)
    writer.jobs.create("one", {}, {})
    with writer.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET reason = 'half written'"))
        assert reader.jobs.get("one").reason == ""


def test_a_database_of_the_first_version_is_brought_up_to_date_with_its_rows(bare_url):
    engine = open_engine(bare_url)
    migrate(engine, "downgrade", "0001")
    with engine.begin() as connection:
        values = (
            "('kept', 'done', '', '{\"a\": 1}', '{\"b\": 2, \"cost_shares\": {\"se\": {}}}', 1)"
        )
        columns = "(name, state, reason, spec, details, created_ms)"
        connection.execute(text(f"INSERT INTO jobs {columns} VALUES {values}"))
        columns = "(job_id, kind, data, created_ms)"
        connection.execute(text(f"INSERT INTO events {columns} VALUES (1, 'job_done', '{{}}', 1)"))
    if engine.dialect.name == "postgresql":
        with pytest.raises(OlderDatabase, match="nas db upgrade"):
            Store(bare_url)
    engine.dispose()
    open_engine(bare_url, upgrade=True).dispose()
    store = Store(bare_url)
    job = store.jobs.get("kept")
    assert (job.spec, job.owner, job.priority, job.request) == ({"a": 1}, "", 0, "")
    assert (job.details, store.jobs.cost_shares(job.id)) == ({"b": 2}, {"se": {}})
    assert [event.kind for event in store.jobs.events(job.id)] == ["job_done"]
    assert store.jobs.untracked() == []  # what was over before is MLflow's already
    store.jobs.set_state(job.id, "paused")
    assert store.jobs.untracked() == [store.jobs.get("kept")]
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    store.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("store.db", "can't be read"),
        ("ann:secret@host/nas", "can't be read"),
        ("mysql://host/nas", "begins with 'mysql'"),
        ("postgresq://ann:secret@host/nas", "did you mean 'postgresql'"),
        ("postgresql+psycopg2://host/nas", "did you mean 'postgresql"),
    ],
)
def test_what_is_no_stores_address_is_refused(url, told):
    with pytest.raises(UsageProblem, match=told) as refused:
        open_engine(url)
    assert "secret" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnreachable, match=r"can't open the store sqlite:.*file"):
        open_engine(f"sqlite:///{tmp_path}/file/store.db")
