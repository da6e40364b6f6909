"""The store's contract: every test that takes ``store`` or ``url`` runs on both databases."""

import shutil
from dataclasses import replace
from uuid import uuid4

import pytest

from nas.store.records import NewTrial, ReportRow
from nas.store.schema import metadata
from nas.store.store import Store
from tests import postgresql


@pytest.fixture(scope="session")
def postgresql_server():
    postgresql.require()
    with postgresql.server() as address:
        yield address


@pytest.fixture(scope="session")
def postgresql_tables(postgresql_server):
    """The address of a database with all tables, for one test after the other."""
    with postgresql.database(postgresql_server, "tables") as address:
        Store(address).close()
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The address of an empty store, its tables there; who changes those takes ``bare_url``."""
    if request.param == "sqlite":
        (tmp_path / "home").mkdir()
        path = tmp_path / "home" / "store.db"
        shutil.copy(request.getfixturevalue("empty_database"), path)
        return f"sqlite:///{path}"
    address = request.getfixturevalue("postgresql_tables")
    postgresql.empty(address, [table.name for table in reversed(metadata.sorted_tables)])
    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request, tmp_path):
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'store.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    with postgresql.database(server, f"test_{uuid4().hex}") as address:
        yield address


@pytest.fixture
def store(url):
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def job(store):
    return store.jobs.create("first", {"name": "first"}, {"rungs": [1, 2]})


NEW = NewTrial(
    kind="search",
    hash="a" * 32,
    architecture="{}",
    params={"stage1.type": "se"},
    seed=0,
    parameters=100,
    forward_flops=2000,
)

ROW = ReportRow(
    trial_id=0,
    epoch=1,
    validation_accuracy=0.5,
    validation_loss=1.0,
    train_loss=(1.5,),
    train_accuracy=(0.4,),
    train_seconds=1.0,
    evaluation_seconds=0.1,
    checkpoint="somewhere/1.pt",
    checkpoint_sha256="f" * 64,
    worker="host:1",
    device="cpu",
    created_ms=5,
)


@pytest.fixture
def trial(store, job):
    return store.trials.add(job.id, 0, NEW)


@pytest.fixture
def row(trial):
    return replace(ROW, trial_id=trial.id)
