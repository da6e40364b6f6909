import os
import subprocess
import sys

from nas.holding.holder import is_gone, is_here, myself, process_of


def test_this_process_is_here_and_alive():
    assert is_here(myself())
    assert not is_gone(myself())
    assert process_of(myself()).startswith(f"process {os.getpid()} on ")


def test_a_dead_process_is_gone_also_as_a_zombie():
    told = "from nas.holding.holder import myself; print(myself(), flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", told], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    holder = child.stdout.readline().strip()
    assert not is_gone(holder)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, but still in the table
    assert is_gone(holder)
    child.wait()
    assert is_gone(holder)


def test_a_later_process_of_the_same_number_is_another():
    host, number, start = myself().rsplit("/", 2)
    assert is_gone(f"{host}/{number}/{int(start) - 1}")


def test_of_another_machine_nothing_is_known():
    assert not is_gone("elsewhere/1/1")
    assert not is_here("elsewhere/1/1")
    assert not is_gone("nonsense")
