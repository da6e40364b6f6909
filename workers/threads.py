"""Thread caps, to be set before torch is imported. No torch import.

Two processes with torch's default of two threads each train a small network 28 times slower on two
cores than with one thread each. Float sums depend on how many threads share them, so results are
equal to the last bit only between runs under the same cap.
"""

from __future__ import annotations

import os
import sys

#: Every variable by which a numerical library below torch or numpy takes its thread count.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_per_worker(workers: int) -> int:
    """The cores shared out evenly, at least one thread each."""
    return max(1, cores() // max(1, workers))


def thread_environment(threads: int) -> dict[str, str]:
    """The variables that cap a new process at ``threads``.

    Raises:
        ValueError: for fewer than one thread.
    """
    if threads < 1:
        raise ValueError(f"threads is {threads}; allowed: an integer from 1")
    return {name: str(threads) for name in THREAD_VARIABLES}


def cap_threads(threads: int) -> None:
    """Cap this process, whether or not torch is already loaded."""
    os.environ.update(thread_environment(threads))
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
