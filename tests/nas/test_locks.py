import os
import subprocess
import sys
import time

import pytest

from nas.errors import WrongState
from nas.locks import driving, is_driven

HOLD = """
import sys, time
from pathlib import Path
from nas.locks import driving
with driving(Path(sys.argv[1]), "job"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_driver_is_refused_and_told_who_holds_the_job(tmp_path, holder):
    with pytest.raises(WrongState, match=f"process {holder.pid}"), driving(tmp_path, "job"):
        pass


def test_a_killed_holder_leaves_the_job_free(tmp_path, holder):
    assert is_driven(tmp_path, "job")
    holder.kill()
    holder.wait()
    deadline = time.monotonic() + 5
    while is_driven(tmp_path, "job") and time.monotonic() < deadline:
        time.sleep(0.05)
    with driving(tmp_path, "job"):
        assert (tmp_path / "locks" / "job.lock").read_text() == str(os.getpid())


def test_other_jobs_are_not_held(tmp_path, holder):
    with driving(tmp_path, "other"):
        pass


def test_looking_writes_nothing(tmp_path):
    assert not is_driven(tmp_path / "home", "job")
    assert not (tmp_path / "home").exists()
