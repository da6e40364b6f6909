import pytest

from nas.cli.recording import record_job
from nas.errors import NameTaken


def test_the_job_is_recorded_with_what_the_deep_check_found(here, job):
    store, home, recorded = record_job(str(job), ("search.trials=7",), quiet=True)
    assert home.store_file.exists()
    assert store.jobs.get("small") == recorded
    assert recorded.spec["search"]["trials"] == 7
    assert recorded.details["data"]["train"] == 1150


def test_a_taken_name_is_refused_before_the_data_is_looked_at(here, job):
    record_job(str(job), (), quiet=True)
    gone = ("data.name=mnist", "data.root=/nowhere")
    with pytest.raises(NameTaken):
        record_job(str(job), gone, quiet=True)


def test_the_check_tells_what_it_found(here, job, capsys):
    record_job(str(job), (), quiet=False)
    told = capsys.readouterr().err
    assert "images to train on" in told
    assert "architectures" in told


def test_a_warm_start_from_a_job_that_is_not_there_is_refused_before_anything_is_written(nas, job):
    done = nas("submit", job, "--set", "warm_start=[smal]")
    assert done.exit_code == 2
    assert "--set warm_start=[smal]: warm_start[0]: there is no job 'smal'" in done.stderr
    assert not (job.parent / ".nas").exists()
    assert nas("submit", job).exit_code == 0
    done = nas("submit", job, "--set", "name=next", "--set", "warm_start=[smal]")
    assert "there is no job 'smal' (did you mean 'small'?)" in done.stderr
    assert nas("show", "next").exit_code == 102


def test_a_warm_start_says_what_each_job_gives(nas, job):
    assert nas("submit", job).exit_code == 0
    done = nas("submit", job, "--set", "name=next", "--set", "warm_start=small")
    assert done.exit_code == 0
    assert "warm start: nothing of job small can be used: it has no results yet" in done.stderr
