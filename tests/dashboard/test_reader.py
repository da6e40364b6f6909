import pytest

from dashboard.reader import Reader
from nas.errors import NotFound
from nas.store.store import Store


def test_looking_at_a_store_that_does_not_exist_creates_nothing(tmp_path):
    reader = Reader(f"sqlite:///{tmp_path}/none/store.db")
    assert reader.jobs() == []
    reader.check()
    with pytest.raises(NotFound):
        reader.job("any")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_appears_later_is_read(tmp_path, add_job):
    url = f"sqlite:///{tmp_path}/store.db"
    reader = Reader(url)
    assert reader.jobs() == []
    store = Store(url)
    add_job(store)
    assert [job["name"] for job in reader.jobs()] == ["synthetic"]
    reader.close()
    store.close()


def test_an_answer_is_kept_until_the_job_changes(store, add_job):
    job = add_job(store)
    reader = Reader(store.engine.url.render_as_string(hide_password=False))
    made = []

    def make(seen):
        made.append(seen.job.state)
        return len(made)

    assert [reader.of("synthetic", "count", make) for _ in range(3)] == [1, 1, 1]
    store.trials.set_state(store.trials.get(job.id, 3), "failed", "for a test")
    assert reader.of("synthetic", "count", make) == 2
    reader.close()
