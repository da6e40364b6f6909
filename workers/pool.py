"""A pool of long-lived Ray actors that may come and go.

On a cluster, checkpoint paths must lie on a file system that all nodes share.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workers.environment import Environment, differences
from workers.errors import DataError, PoolError, WorkerError
from workers.inline import TRAIN, InlinePool, WorkerPool
from workers.pool_ray import Arrival, NotUp, RayCluster, last_line
from workers.protocol import Answer, Lost, Task
from workers.resources import check_one_fits, check_resources, in_words, one_fits
from workers.threads import thread_environment, threads_per_worker

#: Seconds that the first worker may take to come up where Ray was started here.
START_SECONDS = 180.0

#: Seconds for which a cluster that went away is looked for, unless told otherwise.
AWAY_SECONDS = 600.0

#: Times in a row that Ray is started again here, and that a worker may die while it comes up.
MOST_RESTARTS = 5
MOST_STILLBORN = 3

#: Seconds between two looks whether Ray is well, and the longest pause before it is tried again.
TICK_SECONDS, PAUSE_SECONDS = 1.0, 30.0


def open_pool(count: int, **options: Any) -> WorkerPool:
    """A ``RayPool`` of ``count`` workers, or the ``InlinePool`` for 0."""
    if count == 0:
        return InlinePool(options.get("execute", TRAIN))
    return RayPool(count, **options)


@dataclass(eq=False)
class _Worker:
    """An actor, and where it is once it has come up.

    ``missing``: the connection to it broke, and it was asked whether it lives.
    """

    actor: Any
    arrival: Arrival | None = None
    missing: bool = False

    @property
    def node(self) -> str:
        return self.arrival.node if self.arrival else ""


class RayPool:
    """Workers as Ray actors.

    All are asked for at once, and each works from when it is up: who waits for room on a shared
    or growing cluster holds nobody up. A worker that dies is replaced and its task comes back as
    ``Lost``: Ray itself never repeats anything. A worker whose versions, device or data are not
    the job's is refused, with its node. When Ray dies, or the cluster's head, all tasks come back
    and the pool connects anew. Ray starts on the first ``wait``, or by ``start``.

    Args:
        count: workers at most, from 1.
        cpus: cores that Ray sets aside for each.
        gpus: GPUs of each, a fraction of one or a whole number. It caps the share of GPU memory
            that a worker's torch takes, too; with 0 the workers see no GPU.
        address: of a running Ray cluster; empty starts Ray here.
        threads: of each worker; 0 shares this machine's cores out.
        execute: ``module:function`` that does a task.
        progress: told in a few words what takes time, and who was refused.
        patience: seconds to wait while no worker is up, also for resources that no node has yet;
            None: without end on a cluster, ``START_SECONDS`` here.
        expected: what a worker must find around itself.
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
        patience: float | None = None,
        expected: Environment | None = None,
    ) -> None:
        if count < 1 or cpus < 0 or gpus < 0 or threads < 0 or (gpus > 1 and gpus % 1):
            raise PoolError(
                f"can't have {count} workers of {cpus} CPUs, {gpus} GPUs and {threads} threads; "
                "allowed: a count from 1, nothing negative, GPUs a fraction of one or whole"
            )
        self.size = count
        self.threads = threads or threads_per_worker(count)
        self._each = {"CPU": cpus, "GPU": gpus}
        self._address, self._execute, self._patience = address, execute, patience
        self._progress = progress or (lambda text: None)
        self._expected = expected or Environment()
        self._cluster: RayCluster | None = None
        self._coming: dict[Any, _Worker] = {}
        self._idle: list[_Worker] = []
        self._busy: dict[Any, tuple[_Worker, Task]] = {}
        self._avoid: list[str] = []
        self._refusals: list[str] = []
        self._fault: WorkerError | None = None
        self._stillborn = self._failures = self._owed = 0
        self._alone = self._again = self._away = 0.0
        self._said = ""

    def start(self) -> None:
        """Bring Ray up and ask for all workers; once.

        Raises:
            PoolError: if the cluster can't be reached or lacks what was asked.
        """
        if self._cluster is None and not self._failures:
            try:
                self._connect()
            except NotUp as error:
                self._fail(str(error))

    def free(self) -> int:
        """Workers that are up and have no task; none before the start."""
        return len(self._idle)

    def submit(self, task: Task) -> None:
        """Hand a task to a free worker.

        Raises:
            PoolError: if no worker is free.
        """
        if not self._idle:
            raise PoolError(
                f"no worker is free for {task.key}: {len(self._busy)} of {self.size} are busy, "
                f"{len(self._coming)} not up yet"
            )
        worker = self._idle.pop()
        self._busy[worker.actor.do.remote(task)] = (worker, task)

    def wait(self, timeout: float | None = None) -> list[Answer | Lost]:
        """Wait for the first answer, or for a worker to come up, and take all answers there are.

        A signal handler that wants out of here should raise ``KeyboardInterrupt``: Ray turns the
        status of a ``SystemExit`` into 1.

        Raises:
            PoolError: if no worker can be had any more, or none came up for too long.
            DataError: if that is because no worker has the job's data.
        """
        self.start()
        free, deadline = self.free(), None if timeout is None else time.monotonic() + timeout
        while True:
            if self._fault:
                raise self._fault
            left = TICK_SECONDS if deadline is None else deadline - time.monotonic()
            answers = self._look(min(TICK_SECONDS, max(0.0, left)))
            waiting = self._busy or self._coming or self._owed or self._cluster is None
            if answers or self.free() > free or not waiting:
                return answers
            if not self._fault and deadline is not None and time.monotonic() >= deadline:
                return []

    def pids(self) -> dict[str, int]:
        """The process of each busy worker, by the key of its task."""
        busy = self._busy.values()
        return {task.key: worker.arrival.pid for worker, task in busy if worker.arrival}

    def close(self) -> None:
        """Kill all workers, and Ray where the pool started it; a second call does nothing."""
        cluster, self._cluster = self._cluster, None
        workers = [*self._idle, *self._coming.values(), *(w for w, _ in self._busy.values())]
        self._idle, self._coming, self._busy, self._owed = [], {}, {}, 0
        if cluster is not None:
            cluster.close([worker.actor for worker in workers])

    def _look(self, seconds: float) -> list[Answer | Lost]:
        if self._cluster is None:
            self._try_again(seconds)
            return []
        if broken := self._cluster.broken():
            return self._lose_all(broken)
        answers = []
        references = [*self._busy, *self._coming]
        for reference in self._cluster.ready(references, seconds) if references else ():
            if reference in self._coming:
                self._welcome(reference)
            elif (answer := self._take(reference)) is not None:
                answers.append(answer)
        while self._owed and not self._fault and self._cluster.answers():
            self._owed -= 1
            self._ask_for_worker()
        self._mind_patience()
        return answers

    def _take(self, reference: Any) -> Answer | Lost | None:
        """What has come of a task; None while Ray doesn't know what became of its worker."""
        cluster = self._live()
        worker, task = self._busy.pop(reference)
        try:
            answer: Answer | Arrival = cluster.get(reference)
        except cluster.errors.RayTaskError as error:
            if isinstance(error.cause, DataError):
                self._refuse(worker, str(error.cause), DataError)
                return Lost(task.key, "its worker was refused", "node")
            self._idle.append(worker)
            return Lost(
                task.key,
                f"the executor failed: {type(error.cause).__name__}: {last_line(error.cause)}",
            )
        except cluster.errors.ActorUnavailableError as error:
            if not worker.missing:
                worker.missing = True
                self._busy[worker.actor.arrive.remote("")] = (worker, task)
                return None
            return self._lost(worker, task, error)
        except cluster.errors.RayError as error:
            return self._lost(worker, task, error)
        self._failures = 0
        self._idle.append(worker)
        if isinstance(answer, Arrival):
            worker.missing = False
            return Lost(task.key, "its worker was out of reach for a while", "node")
        return answer

    def _lost(self, worker: _Worker, task: Task, error: Exception) -> Lost:
        kind, reason = self._live().loss(error, worker.node)
        self._replace(worker)
        return Lost(task.key, reason, kind)

    def _welcome(self, reference: Any) -> None:
        """Take a worker in that has come up, unless it is not fit for the job."""
        cluster = self._live()
        worker = self._coming.pop(reference)
        try:
            worker.arrival = cluster.get(reference)
        except cluster.errors.RayError as error:
            failed = getattr(error, "actor_init_failed", False) or hasattr(error, "cause")
            self._stillborn += 1
            if failed or self._stillborn >= MOST_STILLBORN:
                self._refuse(worker, f"it can't start: {last_line(error)}")
            else:
                self._replace(worker)
            return
        self._stillborn = 0
        differ = differences(self._expected, worker.arrival.environment)
        if differ:
            self._refuse(worker, f"it has {differ}, which the job was submitted with")
            return
        self._idle.insert(0, worker)
        if self._address:
            self._say(f"{len(self._idle) + len(self._busy)} of {self.size} workers are up")

    def _refuse(self, worker: _Worker, reason: str, kind: type[WorkerError] = PoolError) -> None:
        """Do without a worker; in its place comes one on another node, if there can be one."""
        cluster = self._live()
        there = cluster.answers()
        if there:
            cluster.kill(worker.actor)
        where = f" on {worker.arrival.host}" if worker.arrival else ""
        told = f"a worker{where} was refused: {reason}"
        self._refusals += [told] if told not in self._refusals else []
        self._progress(told)
        if worker.arrival:
            self._avoid.append(worker.node)
            others = [n for n in cluster.nodes() if n.identity not in self._avoid] if there else []
            if any(node.group or (node.alive and self._fits(node.resources)) for node in others):
                self._owed += 1
        if not (self._idle or self._busy or self._coming or self._owed):
            self._fault = kind("no worker can be had: " + "; ".join(self._refusals))

    def _replace(self, worker: _Worker) -> None:
        """Owe a worker for one that died; one that is only out of reach must not go on."""
        cluster = self._live()
        if not cluster.broken() and cluster.answers():
            cluster.kill(worker.actor)
        self._owed += 1

    def _ask_for_worker(self) -> None:
        cluster = self._live()
        resources = (self._each["CPU"], self._each["GPU"])
        actor = cluster.start_worker(
            self._execute, self.threads, resources, self._environment(), self._avoid
        )
        self._coming[actor.arrive.remote(self._expected.device)] = _Worker(actor)

    def _connect(self) -> None:
        self._say(
            f"connecting to the cluster at {self._address}" if self._address else "starting Ray"
        )
        cluster = self._cluster = RayCluster(self._address)
        try:
            self._check_room(cluster)
            self._say(f"starting {self.size} workers, threads each: {self.threads}")
            for _ in range(self.size):
                self._ask_for_worker()
        except BaseException:
            self.close()
            raise
        self._alone = time.monotonic()

    def _check_room(self, cluster: RayCluster) -> None:
        """Refuse what would wait for ever: Ray itself wouldn't say."""
        if not self._address:
            check_resources(self.size, self._each, cluster.resources(), "this machine")
            return
        nodes = [node for node in cluster.nodes() if node.alive]
        if self._patience is None and not any(node.group for node in nodes):
            check_one_fits(self._each, [node.resources for node in nodes], cluster.where)

    def _fits(self, there: Any) -> bool:
        return one_fits(self._each, there)

    def _lose_all(self, reason: str) -> list[Answer | Lost]:
        """Ray is gone, and all work with it."""
        out = [task for _, task in self._busy.values()]
        self._away = time.monotonic()
        self._fail(reason)
        self.close()
        return [Lost(task.key, reason, "node") for task in out]

    def _fail(self, reason: str) -> None:
        """Note that Ray is not to be had, and when to try again."""
        self._failures += 1
        pause = min(PAUSE_SECONDS, 2.0 ** (self._failures - 1))
        self._again = time.monotonic() + pause
        away = time.monotonic() - self._away
        if self._address:
            if away > (AWAY_SECONDS if self._patience is None else self._patience):
                self._fault = PoolError(f"{reason}, and was not back within {away:.0f} s")
        elif self._failures > MOST_RESTARTS:
            self._fault = PoolError(f"{reason}, {self._failures} times in a row")
        self._say(f"{reason}; trying again in {pause:.0f} s")

    def _try_again(self, seconds: float) -> None:
        time.sleep(min(seconds, max(0.0, self._again - time.monotonic())))
        if time.monotonic() < self._again or self._fault:
            return
        try:
            self._connect()
        except PoolError as error:
            self._fail(str(error))

    def _mind_patience(self) -> None:
        """While no worker is up, say so, and give up when it is time."""
        if self._idle or self._busy or not (self._coming or self._owed):
            self._alone = time.monotonic()
            return
        alone = time.monotonic() - self._alone
        patience = START_SECONDS if self._patience is None else self._patience
        each = in_words(self._each)
        if self._address and alone >= TICK_SECONDS:
            self._say(f"waiting for the cluster: needs {each} a worker; 0 of {self.size} up")
        if alone > patience and not (self._address and self._patience is None):
            self._fault = PoolError(
                f"no worker of {each} was up within {patience:.0f} s; other jobs may hold the "
                "resources"
            )

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._progress(text)

    def _live(self) -> RayCluster:
        assert self._cluster is not None
        return self._cluster

    def _environment(self) -> dict[str, str]:
        variables = thread_environment(self.threads)
        gpus = self._each["GPU"]
        if not gpus:
            return {**variables, "CUDA_VISIBLE_DEVICES": ""}
        # cuBLAS repeats its results only with a fixed workspace.
        variables["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        if gpus < 1:
            variables["PYTORCH_CUDA_ALLOC_CONF"] = f"per_process_memory_fraction:{gpus}"
        return variables
