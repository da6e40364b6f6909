"""The one file that imports Ray: a connection, the actors on it, and what its errors mean.

Neither Ray nor torch is imported before the connection, and torch never in the driver.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from workers.environment import Environment, look_around
from workers.errors import PoolError
from workers.inline import executor
from workers.protocol import Answer, Loss, Task
from workers.resources import check_reachable, is_reachable
from workers.threads import cap_threads

#: Bytes of shared memory for Ray's objects; tasks and answers are small.
OBJECT_STORE = 100 * 1024**2

#: Seconds between two looks whether a cluster's head is there, and seconds of silence that end it:
#: Ray itself would end the whole driver after a minute.
LOOK_SECONDS, GONE_SECONDS = 2.0, 10.0

#: Seconds that a dead worker's node may take to be known as dead.
NODE_SECONDS = 3.0

_NODE_ID = "ray.io/node-id"
_NODE_GROUP = "ray.io/node-group"


class NotUp(PoolError):  # noqa: N818
    """Ray did not come up here; another try may help."""


@dataclass(frozen=True)
class Arrival:
    """A worker that has come up: where, and what it found there."""

    node: str
    host: str
    pid: int
    environment: Environment


class Actor:
    """A worker: threads capped, executor imported once, and its cache."""

    def __init__(self, execute: str, threads: int) -> None:
        cap_threads(threads)
        self._execute = executor(execute)
        cap_threads(threads)
        self._cache: dict[str, Any] = {}

    def arrive(self, device: str) -> Arrival:
        """Say where this is."""
        import ray

        node = ray.get_runtime_context().get_node_id()
        return Arrival(node, socket.gethostname(), os.getpid(), look_around(device))

    def do(self, task: Task) -> Answer:
        """Do a task."""
        return self._execute(task, self._cache)


@dataclass(frozen=True)
class Node:
    """A machine of the cluster; ``group`` is set where somebody starts and stops machines."""

    identity: str
    alive: bool
    resources: Mapping[str, float]
    group: str


class RayCluster:
    """A connection to Ray, which is started here where no address is given.

    Args:
        address: of a running cluster; empty starts Ray here.

    Raises:
        PoolError: if the cluster can't be reached or used.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.where = f"the cluster at {address}" if address else "Ray"
        check_reachable(address)
        self._ray = _connect(address, self.where)
        context = self._ray.get_runtime_context()
        self._node, self._head = context.get_node_id(), context.gcs_address
        self._looked = self._heard = time.monotonic()
        self._anew = False

    def nodes(self) -> list[Node]:
        """All machines, also those that went away; none while the head doesn't say."""
        from ray._private import worker

        try:
            # ``ray.nodes`` ends the whole process where the head was started anew.
            found = worker.global_worker.gcs_client.get_all_node_info(timeout=LOOK_SECONDS)
        except self.errors.AuthenticationError:
            self._anew = True
            return []
        except (self.errors.RayError, RuntimeError):
            return []
        return [
            Node(
                identity.hex(),
                info.state == info.ALIVE,
                dict(info.resources_total),
                info.labels.get(_NODE_GROUP, ""),
            )
            for identity, info in found.items()
        ]

    def resources(self) -> dict[str, float]:
        """Units in all, by name."""
        found: dict[str, float] = self._ray.cluster_resources()
        return found

    def broken(self) -> str:
        """Why nothing can come of this connection any more, in words; empty while it is well."""
        return self._head_is_gone() if self.address else self._died_here()

    def answers(self) -> bool:
        """Whether the head is there now; a call to one that isn't may block until Ray gives up."""
        if not self.address:
            return not self._died_here()
        return is_reachable(self._head, LOOK_SECONDS)

    def start_worker(
        self,
        execute: str,
        threads: int,
        resources: tuple[float, float],
        variables: Mapping[str, str],
        avoid: Sequence[str] = (),
    ) -> Any:
        """Ask for an actor; it comes up when there is room.

        Args:
            execute: ``module:function`` that does a task.
            threads: of the worker.
            resources: CPUs and GPUs that Ray sets aside for it.
            variables: of its environment.
            avoid: nodes that it must not be on.
        """
        options: dict[str, Any] = {
            "num_cpus": resources[0],
            "num_gpus": resources[1],
            "max_restarts": 0,
            "max_task_retries": 0,
            "runtime_env": {"env_vars": dict(variables)},
        }
        if avoid:
            options["label_selector"] = {_NODE_ID: f"!in({','.join(avoid)})"}
        return self._ray.remote(**options)(Actor).remote(execute, threads)

    def ready(self, references: Sequence[Any], seconds: float) -> list[Any]:
        """The references that have come, after waiting for the first of them."""
        ready, _ = self._ray.wait(list(references), timeout=seconds)
        if ready and len(references) > 1:
            ready, _ = self._ray.wait(list(references), num_returns=len(references), timeout=0)
        return list(ready)

    def get(self, reference: Any) -> Any:
        """What a call gave; raises what became of it otherwise."""
        return self._ray.get(reference)

    def kill(self, actor: Any) -> None:
        """End a worker at once."""
        self._ray.kill(actor)

    @property
    def errors(self) -> Any:
        """Ray's exceptions."""
        return self._ray.exceptions

    def loss(self, error: Exception, node: str) -> tuple[Loss, str]:
        """What took a worker away, and in words.

        Args:
            error: that came in place of its answer.
            node: that it was on.
        """
        if isinstance(error, self.errors.OutOfMemoryError):
            return "memory", "the worker was killed: its machine ran out of memory"
        gone = isinstance(error, self.errors.ActorUnavailableError)
        gone = gone or getattr(error, "preempted", False) or bool(self.broken())
        if gone or self._node_is_gone(error, node):
            return "node", "the worker's node went away"
        return "worker", (
            "the worker died: its process was killed or crashed; too little memory is the usual "
            f"cause ({last_line(error)})"
        )

    def close(self, kill: Sequence[Any] = ()) -> None:
        """Leave, and end Ray where it was started here; actors of a cluster are killed."""
        if self.address and not self.broken():
            for actor in kill:
                self._ray.kill(actor)
        self._ray.shutdown()

    def _died_here(self) -> str:
        from ray._private import worker

        node = worker._global_node
        dead = [kind for kind, _ in node.dead_processes()] if node else ["raylet"]
        dead = [kind for kind in dead if kind in ("raylet", "gcs_server")]
        return f"Ray's {dead[0]} died" if dead else ""

    def _head_is_gone(self) -> str:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            if self.answers() and self._lives(self._node):
                self._heard = time.monotonic()
        if self._anew:
            return f"{self.where} was started anew"
        silent = self._looked - self._heard
        return f"{self.where} is gone" if silent >= GONE_SECONDS else ""

    def _lives(self, node: str) -> bool:
        """Whether the head knows of a node, and that it is there."""
        return any(other.identity == node and other.alive for other in self.nodes())

    def _node_is_gone(self, error: Exception, node: str) -> bool:
        if "node has died" in str(error) or "node has crashed" in str(error):
            return True
        deadline = time.monotonic() + (NODE_SECONDS if self.address else 0)
        while True:
            if not (self.answers() and self._lives(node)):
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.2)


def last_line(error: BaseException) -> str:
    """The last line of a text, which in Ray's errors says what was wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].partition(" Some common causes")[0] if lines else type(error).__name__


def _connect(address: str, where: str) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Without it Ray takes a process for a worker whose raylet died if its parent is process 1: it
    # would end us with the raylet, in a container, or when the dispatcher died that started us.
    os.environ.setdefault("RAY_RAYLET_PID", str(os.getpid()))
    import ray

    local = {"include_dashboard": False, "object_store_memory": OBJECT_STORE}
    with _own_signal_handler():
        try:
            ray.init(
                address=address or "local",
                namespace="nas",
                logging_level="error",
                log_to_driver=False,
                **({} if address else local),
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise PoolError(f"{where} can't be used: {_reason(error)}") from None
        except Exception as error:  # Ray has no kind of its own for a part of it that died
            if address or ray.is_initialized():
                raise
            _end_what_started(error)
            raise NotUp(f"Ray did not come up: {_reason(error)}") from None
    return ray


def _end_what_started(error: Exception) -> None:
    """Kill the parts of a Ray that did not come up: Ray itself leaves them until we exit."""
    from ray._private.node import Node

    for frame, _ in traceback.walk_tb(error.__traceback__):
        node = frame.f_locals.get("self")
        if isinstance(node, Node):
            node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
            return


def _reason(error: Exception) -> str:
    cause = str(error.__cause__ or error)
    if "InvalidAuthToken" in cause:
        return (
            "it asks for a token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to that of its nodes"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


@contextmanager
def _own_signal_handler() -> Iterator[None]:
    """Keep a SIGTERM handler of ours: ``ray.init`` puts its own in place."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if callable(before) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)
