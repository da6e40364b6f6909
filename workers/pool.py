"""Long-lived Ray actors that each do one task at a time. The only file that knows Ray.

Neither Ray nor torch is imported before the pool starts, and torch never in the driver. On a
cluster, checkpoint paths must lie on a file system that all nodes share.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from workers.errors import PoolError
from workers.inline import TRAIN, InlinePool, WorkerPool, executor
from workers.protocol import Answer, Lost, Task
from workers.resources import check_reachable, check_resources
from workers.threads import cap_threads, thread_environment, threads_per_worker

#: Seconds that all workers together may take to come up.
START_SECONDS = 180.0

#: Bytes of shared memory for Ray's objects; tasks and answers are small.
OBJECT_STORE = 100 * 1024**2


def open_pool(count: int, **options: Any) -> WorkerPool:
    """A ``RayPool`` of ``count`` workers, or the ``InlinePool`` for 0."""
    if count == 0:
        return InlinePool(options.get("execute", TRAIN))
    return RayPool(count, **options)


class _Actor:
    """The actor: threads capped, executor imported once, and its cache."""

    def __init__(self, execute: str, threads: int) -> None:
        cap_threads(threads)
        self._execute = executor(execute)
        cap_threads(threads)
        self._cache: dict[str, Any] = {}

    def pid(self) -> int:
        return os.getpid()

    def do(self, task: Task) -> Answer:
        return self._execute(task, self._cache)


@dataclass(frozen=True)
class _Handle:
    """An actor and the reference to its process number, asked for before any task."""

    actor: Any
    pid: Any


class RayPool:
    """Workers as Ray actors.

    An actor that dies is replaced at once and the task that it had comes back as ``Lost``: Ray
    itself never repeats anything. Ray starts on the first call, or by ``start``.

    Args:
        count: workers, from 1.
        cpus: cores that Ray sets aside for each.
        gpus: GPUs of each, a fraction of one or a whole number. It caps the share of GPU memory
            that a worker's torch takes, too; with 0 the workers see no GPU.
        address: of a running Ray cluster; empty starts Ray here.
        threads: of each worker; 0 shares this machine's cores out.
        execute: ``module:function`` that does a task.
        progress: told in a few words what takes time at the start.
    """

    def __init__(
        self,
        count: int,
        cpus: float = 1,
        gpus: float = 0,
        address: str = "",
        threads: int = 0,
        execute: str = TRAIN,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        if count < 1 or cpus < 0 or gpus < 0 or threads < 0 or (gpus > 1 and gpus % 1):
            raise PoolError(
                f"can't have {count} workers of {cpus} CPUs, {gpus} GPUs and {threads} threads; "
                "allowed: a count from 1, nothing negative, GPUs a fraction of one or whole"
            )
        self.size = count
        self.threads = threads or threads_per_worker(count)
        self._cpus, self._gpus, self._address = cpus, gpus, address
        self._execute = execute
        self._progress = progress or (lambda text: None)
        self._ray: Any = None
        self._idle: list[_Handle] = []
        self._busy: dict[Any, tuple[_Handle, Task]] = {}

    def start(self) -> None:
        """Bring Ray and all workers up; once.

        Raises:
            PoolError: if the cluster can't be reached or lacks what was asked, or a worker can't
                start.
        """
        if self._ray is not None:
            return
        self._ray = self._connect()
        try:
            have = self._ray.cluster_resources()
            where = self._address or "this machine"
            check_resources(self.size, {"CPU": self._cpus, "GPU": self._gpus}, have, where)
            self._progress(f"starting {self.size} workers, threads each: {self.threads}")
            self._idle = [self._worker() for _ in range(self.size)]
            self._await_idle()
        except BaseException:
            self.close()
            raise

    def free(self) -> int:
        """Workers without a task; all of them before the start."""
        return self.size - len(self._busy)

    def submit(self, task: Task) -> None:
        """Hand a task to a free worker, starting the pool if need be.

        Raises:
            PoolError: if no worker is free.
        """
        self.start()
        if not self._idle:
            raise PoolError(f"no worker is free for {task.key}; all {self.size} are busy")
        worker = self._idle.pop()
        self._busy[worker.actor.do.remote(task)] = (worker, task)

    def wait(self, timeout: float | None = None) -> list[Answer | Lost]:
        """Wait for the first answer, and take all that are there; nothing if no task is out.

        A signal handler that wants out of here should raise ``KeyboardInterrupt``: Ray turns the
        status of a ``SystemExit`` into 1.
        """
        if not self._busy:
            return []
        ready, _ = self._ray.wait(list(self._busy), timeout=timeout)
        if ready and len(self._busy) > 1:
            out = list(self._busy)
            ready, _ = self._ray.wait(out, num_returns=len(out), timeout=0)
        return [self._take(reference) for reference in ready]

    def pids(self) -> dict[str, int]:
        """The process of each busy worker, by the key of its task. Waits for new workers."""
        return {task.key: self._ray.get(worker.pid) for worker, task in self._busy.values()}

    def close(self) -> None:
        """Kill all workers, and Ray where the pool started it; a second call does nothing."""
        ray, self._ray = self._ray, None
        if ray is None:
            return
        workers = [*self._idle, *(worker for worker, _ in self._busy.values())]
        self._idle, self._busy = [], {}
        if self._address:
            for worker in workers:
                ray.kill(worker.actor)
        ray.shutdown()

    def _take(self, reference: Any) -> Answer | Lost:
        worker, task = self._busy.pop(reference)
        try:
            answer: Answer = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            self._idle.append(worker)
            return Lost(task.key, f"the executor failed: {_one_line(error.cause)}")
        except self._ray.exceptions.RayError as error:
            self._ray.kill(worker.actor)
            self._idle.insert(0, self._worker())
            return Lost(task.key, f"the worker died: {_one_line(error)}")
        self._idle.append(worker)
        return answer

    def _connect(self) -> Any:
        where = f"the cluster at {self._address}" if self._address else "Ray"
        self._progress(f"connecting to {where}" if self._address else "starting Ray")
        check_reachable(self._address)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        local = {"include_dashboard": False, "object_store_memory": OBJECT_STORE}
        with _own_signal_handler():
            try:
                ray.init(
                    address=self._address or "local",
                    namespace="nas",
                    logging_level="error",
                    log_to_driver=False,
                    **({} if self._address else local),
                )
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise PoolError(f"{where} can't be used: {_one_line(error)}") from None
        return ray

    def _worker(self) -> _Handle:
        options = {
            "num_cpus": self._cpus,
            "num_gpus": self._gpus,
            "max_restarts": 0,
            "max_task_retries": 0,
            "runtime_env": {"env_vars": self._environment()},
        }
        actor = self._ray.remote(**options)(_Actor).remote(self._execute, self.threads)
        return _Handle(actor, actor.pid.remote())

    def _await_idle(self) -> None:
        try:
            self._ray.get([worker.pid for worker in self._idle], timeout=START_SECONDS)
        except self._ray.exceptions.GetTimeoutError:
            raise PoolError(
                f"{self.size} workers were not up within {START_SECONDS:.0f} s; other jobs may "
                "hold the cluster's resources"
            ) from None
        except self._ray.exceptions.RayError as error:
            # Ray quotes the actor's traceback, which ends with what was wrong.
            reason = str(error).strip().splitlines()[-1]
            raise PoolError(f"a worker can't start: {reason}") from None

    def _environment(self) -> dict[str, str]:
        variables = thread_environment(self.threads)
        if not self._gpus:
            return {**variables, "CUDA_VISIBLE_DEVICES": ""}
        # cuBLAS repeats its results only with a fixed workspace.
        variables["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        if self._gpus < 1:
            variables["PYTORCH_CUDA_ALLOC_CONF"] = f"per_process_memory_fraction:{self._gpus}"
        return variables


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


@contextmanager
def _own_signal_handler() -> Iterator[None]:
    """Keep a SIGTERM handler of ours: ``ray.init`` puts its own in place."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if callable(before) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)
