import os
import subprocess
import sys

import pytest

from workers.threads import (
    THREAD_VARIABLES,
    cap_threads,
    cores,
    thread_environment,
    threads_per_worker,
)


def test_cores_are_shared_out_but_nobody_gets_none():
    assert threads_per_worker(1) == cores()
    assert threads_per_worker(10 * cores()) == 1


def test_a_process_started_with_the_variables_is_capped():
    code = "import torch; print(torch.get_num_threads())"
    environment = {**os.environ, **thread_environment(1)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert int(run.stdout) == 1


def test_capping_counts_before_and_after_torch_is_loaded():
    code = (
        "from workers.threads import cap_threads; import sys; cap_threads(1);"
        "assert 'torch' not in sys.modules; import torch; print(torch.get_num_threads());"
        "cap_threads(2); print(torch.get_num_threads())"
    )
    plain = {k: v for k, v in os.environ.items() if k not in THREAD_VARIABLES}
    run = subprocess.run([sys.executable, "-c", code], env=plain, capture_output=True)
    assert run.stdout.split() == [b"1", b"2"]


def test_no_thread_is_refused():
    with pytest.raises(ValueError, match="threads is 0; allowed: an integer from 1"):
        cap_threads(0)
