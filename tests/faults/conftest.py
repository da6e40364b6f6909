"""One small real job, its undisturbed results, and stores to run it in."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from nas.home import Home
from nas.job_file.spec import JobSpec
from nas.jobs.deep import deep_check
from nas.jobs.submission import submit
from nas.store.store import Store
from tests import postgresql
from tests.faults import mortal

#: As many trials as the space has architectures: the same ones whatever was suggested when.
JOB = {
    "name": "mortal",
    "data": {"name": "digits", "fraction": 0.25},
    "space": {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": 2},
        "attention": [{"stages": 3, "types": {"none": None, "se": {"ratio": 2}, "eca": None}}],
    },
    "recipe": {"epochs": 3, "batch_size": 32},
    "search": {
        "trials": 3,
        "rungs": [1, 3],
        "audit": {"trials": 2},  # uniform draws, which are never pruned
        "baselines": {"rules": ["none"]},
        "sampler": "random",
        "cache": False,
    },
    "finalists": {"seeds": 1},
    "tracking": {"enabled": False},
}


@pytest.fixture(scope="session")
def checked():
    """The job and what the deep check found, once."""
    spec = JobSpec.model_validate(JOB)
    return spec, deep_check(spec, lambda path, message: message, estimate=False)


@pytest.fixture(scope="session")
def expected(checked, tmp_path_factory):
    """Results of a run that nobody disturbs."""
    made = prepared(checked, tmp_path_factory.mktemp("undisturbed"))
    assert mortal.run(made.url, made.home, "mortal") == 0
    with_store = Store(made.url)
    found = mortal.results(with_store, with_store.jobs.get("mortal"))
    with_store.close()
    assert len(found) >= 8
    return found


@pytest.fixture
def job(checked, tmp_path):
    """The job in a store of its own: SQLite."""
    return prepared(checked, tmp_path)


@pytest.fixture
def server(request):
    """A PostgreSQL server of this test alone, to be killed."""
    postgresql.require()
    with postgresql.mortal_server() as found:
        yield found


def prepared(checked, folder, url=""):
    home = Home(folder / "home", url)
    url = url or f"sqlite:///{folder / 'home' / 'store.db'}"
    store = Store(url)
    submit(store, *checked)
    store.close()
    return SimpleNamespace(url=url, home=home)


@pytest.fixture
def free_port():
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
