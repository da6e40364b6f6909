from dashboard.summaries import Summaries
from nas.analysis.summary import job_summary


def stamps(store):
    return store.jobs.find((), None, "", 0, 100)[1]


def test_a_summary_is_that_of_the_command_line(store, add_job):
    first, second = add_job(store), add_job(store, [], name="second", state="queued")
    found = Summaries().of(store, stamps(store))
    assert found == [job_summary(store, second), job_summary(store, first)]


def test_it_is_made_again_when_its_job_changes_and_not_before(store, add_job, monkeypatch):
    monkeypatch.setattr("dashboard.summaries.REST", 0)
    job, kept = add_job(store), Summaries()
    (before,) = kept.of(store, stamps(store))
    assert kept.of(store, stamps(store))[0] is before
    store.trials.set_state(store.trials.get(job.id, 3), "failed", "for a test")
    (after,) = kept.of(store, stamps(store))
    assert after["trials"]["failed"] == before["trials"]["failed"] + 1


def test_a_new_state_is_told_at_once_even_if_it_was_hard_to_make(store, add_job, monkeypatch):
    monkeypatch.setattr("dashboard.summaries.REST", 1e9)
    job, kept = add_job(store), Summaries()
    kept.of(store, stamps(store))
    store.jobs.set_state(job.id, "queued")
    assert kept.of(store, stamps(store))[0]["state"] == "queued"


def test_a_job_that_was_deleted_meanwhile_is_left_out(store, add_job):
    first, _ = add_job(store), add_job(store, name="second")
    seen = stamps(store)
    store.jobs.delete(first.id)
    assert [found["name"] for found in Summaries().of(store, seen)] == ["second"]


def test_only_so_many_are_kept_beside_those_asked_for(store, add_job):
    for name in "abc":
        add_job(store, [], name=name)
    kept = Summaries(most=1)
    assert len(kept.of(store, stamps(store))) == 3
    assert [one["name"] for one in kept.of(store, stamps(store)[:1])] == ["c"]
