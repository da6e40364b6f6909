from nas.holding.leasing import driving
from nas.home import Home
from nas.store.store import Store


def test_an_unknown_job_is_not_found_and_nothing_is_written(nas, here):
    done = nas("resume", "nothing")
    assert done.exit_code == 102
    assert "no job 'nothing'" in done.stderr
    assert not (here / ".nas").exists()


def test_a_job_that_another_process_drives_is_refused(nas, job):
    assert nas("submit", job).exit_code == 0
    store = Store(Home.here().store_url)
    with driving(store, store.jobs.get("small")):
        done = nas("resume", "small")
    assert done.exit_code == 2
    assert "is being driven already, by process" in done.stderr
