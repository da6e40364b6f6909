from nas.store.store import Store


def test_two_stores_on_one_file_see_each_other(tmp_path):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    first, second = Store(url), Store(url)
    job = first.jobs.create("shared", {}, {})
    assert second.jobs.get("shared") == job
    second.jobs.set_state(job.id, "running")
    assert first.jobs.get("shared").state == "running"
