import os
import signal

import pytest

from nas.cli.foreground import drive_and_tell, tell_end
from nas.cli.output import Output
from nas.home import Home
from tests.conftest import fill


def test_the_end_is_told_with_the_next_commands(store, capsys):
    tell_end(store, fill(store), 12.3, Output())
    told = capsys.readouterr()
    assert "job 1 (synthetic) is done" in told.out
    for command in ("nas front synthetic", "nas report synthetic", "nas export synthetic"):
        assert command in told.err


def test_a_termination_is_a_stop_by_hand(store, monkeypatch, tmp_path, capsys):
    def driver(*arguments, **more):
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("not reached")

    monkeypatch.setattr("nas.jobs.driver.drive_job", driver)
    before = signal.getsignal(signal.SIGTERM)
    job = fill(store, state="queued")
    job.spec["tracking"]["enabled"] = False
    try:
        with pytest.raises(KeyboardInterrupt):
            drive_and_tell(store, Home(tmp_path), job, quiet=True, output=Output())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "Go on with: nas resume synthetic" in capsys.readouterr().err
