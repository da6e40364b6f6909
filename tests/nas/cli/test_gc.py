import json


def test_sweeping_tells_what_it_would_do(nas, here, store, add_job):
    left = here / ".nas" / "checkpoints" / "deleted" / "1.pt"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"12345")
    told = nas("gc", "--dry-run").stdout
    assert told.startswith("would delete 0 jobs and 1 files, 0.0 MB")
    assert left.exists()
    assert json.loads(nas("gc", "-o", "json").stdout)["bytes"] == 5
    assert not left.exists()


def test_without_a_store_there_is_nothing_to_sweep(nas, here):
    assert nas("gc").stdout == "deleted 0 jobs and 0 files, 0.0 MB\n"
    assert not (here / ".nas").exists()
