import os
import time

import pytest

from nas.holding.leasing import driving
from nas.home import Home
from nas.store.rows import now_ms
from nas.sweeping import gc


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / ".nas")


def put(path, text="x", days=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - 86_400 * days
    os.utime(path, (then, then))
    return path


def aged(store, job, days):
    then = now_ms() - int(86_400_000 * days)
    with store.engine.begin() as connection:
        told = f"UPDATE jobs SET finished_ms = {then} WHERE id = {job.id}"
        connection.exec_driver_sql(told)


def test_what_jobs_of_old_left_goes_and_what_is_used_stays(store, home, add_job):
    add_job(store, name="here")
    kept = put(home.checkpoints("here") / "00001" / "0004.pt")
    gone = put(home.checkpoints("deleted") / "00001" / "0004.pt", "12345")
    logs = put(home.job_log("here")), put(home.job_log("deleted"))
    new = put(home.exports / "tasks" / "2-new.zip")
    old = put(home.exports / "tasks" / "1-old.zip", days=8)
    export = put(home.exports / "here-trial-3" / "model.py", days=80)
    dry = gc(store, home, None, dry=True)
    assert gone.exists()
    swept = gc(store, home, None)
    assert swept == dry
    assert (swept.jobs, len(swept.files), swept.bytes) == ((), 3, 7)
    assert [path.exists() for path in (kept, gone, *logs, new, old, export)] == [
        True, False, True, False, True, False, True,
    ]  # fmt: skip


def test_jobs_long_over_are_forgotten_with_their_files(store, home, add_job):
    jobs = {name: add_job(store, name=name) for name in ("old", "new", "driven")}
    running = add_job(store, name="running", state="running")
    for job in (jobs["old"], jobs["driven"], running):
        aged(store, job, 31)
    put(home.checkpoints("old") / "00001" / "0004.pt")
    with driving(store, jobs["driven"]):
        assert gc(store, home, 30).jobs == ("old",)
    assert sorted(job.name for job in store.jobs.list()) == ["driven", "new", "running"]
    assert not home.checkpoints("old").exists()
    assert gc(store, home, None).jobs == ()
