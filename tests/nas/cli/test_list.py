import json


def test_before_anything_was_written_there_are_no_jobs_and_nothing_is_written(nas, here):
    found = nas("list")
    assert found.exit_code == 0
    assert found.stdout.startswith("no jobs yet")
    assert json.loads(nas("list", "-o", "json").stdout) == []
    assert list(here.iterdir()) == []


def test_jobs_are_listed_newest_first(nas, store, add_job):
    add_job(store, name="older", budget=40)
    add_job(store, [], name="newer", state="queued", budget=3)
    lines = nas("list").stdout.splitlines()
    assert lines[1].split()[:4] == ["2", "newer", "queued", "0/3"]
    assert lines[2].split()[:6] == ["1", "older", "done", "7/40", "96.0", "4"]


def test_json_holds_the_summaries(nas, store, add_job):
    job = add_job(store)
    (found,) = json.loads(nas("list", "-o", "json").stdout)
    assert (found["name"], found["state"], found["trials"]["done"]) == (job.name, "done", 5)
