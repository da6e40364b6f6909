import json

from nas.home import Home
from nas.store.store import Store


def test_a_submitted_job_is_queued_and_the_next_commands_are_told(nas, job):
    done = nas("submit", job)
    assert done.exit_code == 0, done.output
    assert "job 1 (small) is queued" in done.stdout
    for command in ("nas serve", "nas resume small", "nas front small", "nas cancel small"):
        assert command in done.stdout
    (recorded,) = Store(Home.here().store_url).jobs.list()
    assert (recorded.name, recorded.state) == ("small", "queued")


def test_as_json_it_is_what_the_api_answers(nas, job):
    done = nas("submit", job, "-o", "json", "--set", "name=other", "--priority", 2)
    assert json.loads(done.stdout) == {
        "id": 1,
        "name": "other",
        "state": "queued",
        "request": "",
        "priority": 2,
    }


def test_a_wrong_file_writes_nothing(nas, job, here):
    done = nas("submit", job, "--set", "search.trails=5")
    assert done.exit_code == 2
    assert "did you mean 'trials'" in done.stderr
    assert not (here / ".nas").exists()
