import json

from nas.analysis.ledger import ledger
from tests.conftest import sample_trials


def charged(store, job, gpus=0.0):
    drive = store.charges.begin_drive(job.id)
    for number in range(5):
        key = store.charges.open(job.id, number, "train", 1, gpus)
        store.charges.close(key, "lost" if number == 4 else "ok", 60.0, 12)
    store.charges.beat(drive, 200.0)


def test_what_for_and_what_was_saved(nas, store, add_job):
    charged(store, add_job(store))
    lines = nas("ledger", "synthetic").stdout.splitlines()
    words = [line.split() for line in lines]
    assert ["wall", "clock", "3", "min", "20", "s"] in words
    assert ["baselines", "3", "36", "3", "min", "0.0500", "60%"] in words
    assert ["lost", "1", "12", "1", "min", "0.0167", "20%"] in words
    assert ["total", "5", "60", "5", "min", "0.0833"] in words
    assert any(line.startswith("pruning") for line in lines)
    assert "GPU" not in "".join(lines)


def test_every_trial_on_request(nas, store, add_job):
    charged(store, add_job(store), gpus=0.5)
    lines = nas("ledger", "synthetic", "--trials").stdout.split("\n\n")[-1].splitlines()
    assert "GPU-hours" in lines[0]
    assert len(lines) == 1 + len(sample_trials())


def test_json_is_the_ledger(nas, store, add_job):
    job = add_job(store)
    charged(store, job)
    found = ledger(store, job)
    assert json.loads(nas("ledger", "1", "-o", "json").stdout) == found.to_dict()
    many = nas("ledger", "1", "--trials", "-o", "json").stdout
    assert json.loads(many) == found.to_dict(trials=True)


def test_a_job_that_has_not_begun(nas, store, add_job):
    add_job(store, [], state="queued", budget=3)
    found = nas("ledger", "synthetic")
    assert found.exit_code == 0
    assert "epochs      0" in found.stdout
