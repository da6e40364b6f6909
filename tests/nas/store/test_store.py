from nas.store.store import Store


def test_two_stores_of_one_database_see_each_other(url):
    first, second = Store(url), Store(url)
    job = first.jobs.create("shared", {}, {})
    assert second.jobs.get("shared") == job
    second.jobs.set_state(job.id, "running")
    assert first.jobs.get("shared").state == "running"
    first.close()
    second.close()
