import pytest


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--trial", 0, "--pick", "knee"), 2, "--trial and --pick both say"),
        (("--trial", 0, "--under", "parameters=9"), 2, "--trial and --under both say"),
        (("--under", "flops=1"), 2, "did you mean 'forward_flops'"),
        (("--under", "parameters=1"), 2, "under 1 parameters"),
        (("--trial", 77), 102, "no trial '77'"),
    ],
)
def test_what_can_not_be_trained_is_refused(nas, here, store, add_job, options, status, words):
    job = add_job(store)
    kinds = [t.kind for t in store.trials.list(job.id)]
    done = nas("retrain", "synthetic", "--epochs", 2, *options)
    assert words in done.stderr
    assert done.exit_code == status
    assert "Traceback" not in done.stderr
    assert [t.kind for t in store.trials.list(job.id)] == kinds
