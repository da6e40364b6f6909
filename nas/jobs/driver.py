"""Drive one job from where its rows end to its end: search, finalists, test accuracy."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace

from nas.errors import DataProblem, LeaseLost, NoStorage, NoSuchDevice, OverLimit
from nas.holding.control import end_cancelled
from nas.holding.leasing import Held, driving
from nas.home import Home, ray_address
from nas.jobs.progress import Observer, Progress, repeating, searching, sparing
from nas.jobs.reference import measure_reference
from nas.meter import Meter
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.search.drive import Source, drive
from nas.search.finalists import Finalists, TestScores
from nas.search.loop import Search
from nas.search.restoring import Restoring
from nas.search.room import Room, kept
from nas.search.share import SearchShare
from nas.search.stop import Stop
from nas.search.warm import warm_start
from nas.store.records import Job, JobState, Request
from nas.store.store import Store
from nas.store.transactions import Lease
from workers.environment import Environment
from workers.errors import DataError, PoolError, StorageError
from workers.inline import WorkerPool
from workers.pool import RayPool
from workers.storage import storage_of


def ray_pool(job: Job, say: Callable[[str], None]) -> RayPool:
    """The workers that a job file asks for; one thread for each CPU, however many run beside."""
    workers = job.details["workers"]
    return RayPool(
        count=workers["count"],
        cpus=workers["cpus"],
        gpus=workers["gpus"],
        address=ray_address(workers["address"]),
        threads=workers["cpus"],
        progress=say,
        patience=workers.get("patience"),
        expected=expected_environment(job),
    )


def expected_environment(job: Job) -> Environment:
    """What was recorded at submission; the GPU's name only where time is what is measured."""
    details = job.details
    versions = details["versions"]
    limit = job.spec["cost"]["limits"].get("latency_ms")
    timed = details["objective"] == "latency_ms" or limit is not None
    return Environment(
        python=".".join(versions.get("python", "").split(".")[:2]),
        torch=versions.get("torch", ""),
        torchvision=versions.get("torchvision", ""),
        training=details.get("training", ""),
        device=details["device"],
        gpu=details.get("gpu", "") if timed else "",
    )


def drive_job(
    store: Store,
    home: Home,
    job: Job,
    observe: Observer = lambda progress: None,
    open_pool: Callable[[Job, Callable[[str], None]], WorkerPool] = ray_pool,
    follower: AbstractContextManager[object] | None = None,
    clock: Callable[[], float] = time.monotonic,
    lease: Lease | None = None,
    interrupted: JobState = "interrupted",
) -> Job:
    """Train a job to its end; may be called again after any interruption.

    Args:
        store: where the job is recorded.
        home: its checkpoints.
        job: queued, paused, interrupted, failed, cancelled, or running with a dead driver.
        observe: told after reports, but not of each where there are very many trials.
        open_pool: makes the workers.
        follower: entered around the work; MLflow's exporter.
        clock: seconds, rising; what budgets of time are measured by.
        lease: that a dispatcher took for this process; None: it is taken now.
        interrupted: the state that Ctrl-C leaves.

    Returns:
        The job as recorded at the end: done, or what its driver was asked for meanwhile.

    Raises:
        WrongState: if another process drives it.
        LeaseLost: if another process took it over; nothing more was written.
        NasError: what ended the job; recorded as its reason.
        KeyboardInterrupt: passed on; the job is ``interrupted`` and can be resumed.
    """
    with driving(store, job, lease) as held, follower or nullcontext():
        store = held.store
        store.jobs.set_state(job.id, "running")
        try:
            with Meter(store, job, clock) as meter:
                stopped = _drive(home, job, observe, open_pool, meter, held)
        except LeaseLost:
            raise
        except _Asked as asked:
            _obey(store, job, asked.request)
        except KeyboardInterrupt:
            store.jobs.set_state(job.id, interrupted, "stopped by hand")
            raise
        except Exception as error:
            ended = for_people(error)
            store.jobs.set_state(job.id, "failed", str(ended))
            raise ended from error
        else:
            store.jobs.set_state(job.id, "done", stopped)
    return store.jobs.get(job.name)


class _Asked(Exception):  # noqa: N818
    """The driver is asked to end here."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


@dataclass(frozen=True)
class _Requests:
    """What the lease's thread heard, as the loop understands it."""

    held: Held

    def stop(self) -> Stop:
        """Nobody stops a segment half-way but who cancels the job."""
        request = self.held.request
        if request == "cancel":
            return "kill"
        return "drain" if request else ""


def _obey(store: Store, job: Job, request: Request) -> None:
    if request == "cancel":
        end_cancelled(store, job)
    elif request == "yield":
        store.jobs.set_state(job.id, "queued", "made room for a job of higher priority")
    else:
        store.jobs.set_state(job.id, "paused", "by hand")


def for_people(error: Exception) -> Exception:
    """Refusals of the workers' floor as our own, which know their exit status."""
    kinds = {DataError: DataProblem, PoolError: NoSuchDevice, StorageError: NoStorage}
    return next(
        (ours(str(error)) for theirs, ours in kinds.items() if isinstance(error, theirs)), error
    )


def _drive(
    home: Home,
    job: Job,
    observe: Observer,
    open_pool: Callable[[Job, Callable[[str], None]], WorkerPool],
    meter: Meter,
    held: Held,
) -> str:
    """All phases; gives the reason if the budget ended one of them early."""
    store, requests = held.store, _Requests(held)

    def say(note: str) -> None:
        observe(Progress("starting", 0, 1, note=note))

    with closing(open_pool(job, say)) as pool:

        def work(source: Source, told: Callable[[], None] = lambda: None) -> None:
            drive(pool, source, told, meter, requests)
            if held.request:
                raise _Asked(held.request)

        plan = Plan.of(job, home.checkpoints(job.name))
        storage_of(plan.checkpoints).sweep(plan.checkpoints)
        reference = None
        if plan.measures_latency:
            reference = measure_reference(store, job, plan, work)
            plan = Plan.of(store.jobs.get(job.name), plan.checkpoints)
        book = TrialBook(plan, store)
        room = Room(book, store)
        stopped: str | None = job.details.get("stopped_by")

        def run(source: Source, look: Callable[[], Progress] | None = None) -> None:
            nonlocal stopped

            def told() -> None:
                if look is not None:
                    observe(replace(look(), budget=meter.budget.told(meter.spent())))

            work(kept(source, room, book, store), sparing(told))
            told()  # how it ended, however lately it was told
            if meter.refused and not stopped:
                stopped = meter.refused
                store.jobs.add_details(job.id, {"stopped_by": stopped})

        share = SearchShare(meter, book, closed=bool(stopped))
        search = Search(plan, book, reference, share, warm_start(plan, store))
        run(search, lambda: searching(book, search.slow))
        search.close()
        store.jobs.add_details(
            job.id, {"exhausted": search.exhausted, "duplicates": search.duplicates}
        )
        if (why := search.fruitless()) is not None:
            raise OverLimit(why)
        run(Restoring(book, meter.fits), lambda: searching(book))
        finalists = Finalists(book, meter.fits)
        if finalists.planned:
            run(finalists, lambda: repeating(book, finalists.planned))
            finalists.close()
        scores = TestScores(book, meter.fits)
        run(scores)
        run(Restoring(book, meter.fits, scores.damaged))
        reason = meter.reason(stopped) if stopped else ""
    observe(Progress("done", 1, 1))
    return reason
