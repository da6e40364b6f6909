import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from nas.service.supervisor import Supervisor
from tests.processes import lives

LIVE = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"


def pids(path):
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def until(true, seconds=120):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def supervised(tmp_path):
    paths = [tmp_path / "web", tmp_path / "dispatcher"]
    supervisor = Supervisor({path.name: [sys.executable, "-c", LIVE, str(path)] for path in paths})
    ended = []
    thread = threading.Thread(target=lambda: ended.append(supervisor.run()))
    thread.start()
    yield supervisor, paths, ended
    supervisor.stop()
    thread.join()


def test_what_is_killed_comes_back_and_the_other_is_left_alone(supervised):
    _, (web, dispatcher), _ = supervised
    until(lambda: pids(web) and pids(dispatcher))
    os.kill(pids(web)[0], signal.SIGKILL)
    until(lambda: len(pids(web)) == 2)
    assert len(pids(dispatcher)) == 1


def test_stopping_ends_all(supervised):
    supervisor, paths, ended = supervised
    until(lambda: all(map(pids, paths)))
    supervisor.stop()
    until(lambda: ended == [0])
    for path in paths:
        with pytest.raises(ProcessLookupError):
            os.kill(pids(path)[-1], 0)


def test_a_killed_supervisor_leaves_nobody_behind(tmp_path):
    paths = [tmp_path / "web", tmp_path / "dispatcher"]
    commands = {path.name: [sys.executable, "-c", LIVE, str(path)] for path in paths}
    told = f"from nas.service.supervisor import Supervisor; Supervisor({commands!r}).run()"
    supervisor = subprocess.Popen([sys.executable, "-c", told])
    until(lambda: all(map(pids, paths)))
    supervisor.kill()
    supervisor.wait()
    until(lambda: not any(lives(pids(path)[0]) for path in paths))


def test_a_refusal_is_not_tried_again(tmp_path):
    path = tmp_path / "other"
    supervisor = Supervisor(
        {
            "web": [sys.executable, "-c", "raise SystemExit(2)"],
            "other": [sys.executable, "-c", LIVE, str(path)],
        }
    )
    assert supervisor.run() == 2
    for pid in pids(path):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
