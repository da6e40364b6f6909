import pytest

from nas.cli.opened import existing_store, opened_job
from nas.errors import NotFound


def test_a_home_that_is_not_there_has_no_store_and_gets_none(here):
    with existing_store() as store:
        assert store is None
    assert list(here.iterdir()) == []


def test_a_job_is_found_by_name_and_by_id(here, store, add_job):
    made = add_job(store)
    for name in (made.name, str(made.id)):
        with opened_job(name) as (_, job):
            assert job.name == "synthetic"


def test_an_unknown_job_is_refused_with_the_nearest_name(here, store, add_job):
    add_job(store)
    with pytest.raises(NotFound, match="did you mean 'synthetic'"), opened_job("syntetic"):
        pass


@pytest.mark.parametrize(
    "words",
    [
        ("token", "create", "ann"),
        ("token", "revoke", "ann"),
        ("owner", "set", "ann"),
        ("gc",),
        ("db", "upgrade"),
    ],
    ids=lambda words: words[0],
)
def test_what_the_services_own_machine_does_is_not_done_to_a_store_of_this_one(
    nas, here, monkeypatch, words
):
    monkeypatch.setenv("NAS_SERVER", "http://127.0.0.1:9")
    done = nas(*words)
    assert done.exit_code == 2
    assert "on the service's own machine; to do so here, unset NAS_SERVER" in done.stderr
    assert list(here.iterdir()) == []
