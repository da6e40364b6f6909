import threading

import pytest

from nas.errors import StoreUnreachable
from nas.store.store import Store


def test_two_stores_of_one_database_see_each_other(url):
    first, second = Store(url), Store(url)
    job = first.jobs.create("shared", {}, {})
    assert second.jobs.get("shared") == job
    second.jobs.set_state(job.id, "running")
    assert first.jobs.get("shared").state == "running"
    first.close()
    second.close()


def test_a_database_that_is_away_is_waited_for_when_it_is_opened(tmp_path):
    in_the_way = tmp_path / "store.db"
    in_the_way.mkdir()
    url = f"sqlite:///{in_the_way}"
    with pytest.raises(StoreUnreachable):
        Store(url)
    come = threading.Timer(0.5, in_the_way.rmdir)
    come.start()
    store = Store(url, patience=60)
    come.join()
    assert store.jobs.list() == []
    store.close()
