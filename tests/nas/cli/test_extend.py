import json

import pytest

from nas.holding.leasing import driving
from nas.home import Home
from nas.store.store import Store


@pytest.fixture
def queued(nas, job, here):
    assert nas("submit", job).exit_code == 0
    return here / ".nas" / "store.db"


def stored(path):
    store = Store(f"sqlite:///{path}")
    try:
        return store.jobs.get("small")
    finally:
        store.close()


def test_an_unknown_job_is_not_found_and_nothing_is_written(nas, here):
    done = nas("extend", "nothing", "--trials", 3)
    assert done.exit_code == 102
    assert "no job 'nothing'" in done.stderr
    assert not (here / ".nas").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "nothing of job small would change"),
        (("--set", "recipe.epochs=9"), "--set recipe.epochs=9: recipe.epochs: can't change"),
        (("--trials", 3, "--space", "cifar_smal"), "did you mean 'cifar_small'"),
        (("--trials", 3, "--set", "search.trials=9"), "--trials and --set search.trials=9 say the"),
        (("--set", "search.trials=0"), "--set search.trials=0: search.trials: 0 is out of range"),
        (("--trials", 0), "0 is not in the range"),
        (("--trials", 3, "--set", "cost.limits.parameters=5"), "cost.limits.parameters is 5"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(nas, queued, options, words):
    before = stored(queued)
    done = nas("extend", "small", *options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert stored(queued) == before


def test_a_job_that_another_process_drives_is_refused(nas, queued):
    store = Store(Home.here().store_url)
    with driving(store, store.jobs.get("small")):
        done = nas("extend", "small", "--trials", 3)
    assert done.exit_code == 2
    assert "is being driven already, by process" in done.stderr
    assert stored(queued).spec["search"]["trials"] == 6


def test_an_extension_is_recorded_shown_and_driven(nas, queued, monkeypatch):
    driven = []

    def drive(store, home, job, **more):
        driven.append(job)

    monkeypatch.setattr("nas.cli.extend.drive_and_tell", drive)
    done = nas("extend", "small", "--trials", 3, "--set", "finalists.seeds=5")
    assert done.exit_code == 0, done.stderr
    assert "small goes on: 0 of 9 trials have begun" in done.stderr
    assert [job.state for job in driven] == ["queued"]
    changes = {"search.trials": [6, 9], "finalists.seeds": [3, 5]}
    (entry,) = json.loads(nas("show", "small", "-o", "json").stdout)["extensions"]
    assert (entry["trials"], entry["changes"]) == (0, changes)
    shown = " ".join(nas("show", "small").stdout.split())
    assert "after 0 trials: search.trials 6 → 9, finalists.seeds 3 → 5" in shown
