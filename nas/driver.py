"""Drive one job from where its rows end to its end: search, finalists, test accuracy."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Literal

from nas.errors import DataProblem, NoSuchDevice
from nas.home import Home
from nas.locks import driving
from nas.meter import Meter
from nas.pareto import hypervolume
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.search.cache import recalling
from nas.search.drive import Account, Source, drive
from nas.search.finalists import Finalists, TestScores, front_trials
from nas.search.loop import Search
from nas.search.restoring import Restoring
from nas.search.share import SearchShare
from nas.search.warm import warm_start
from nas.store.records import Job, Trial
from nas.store.store import Store
from search_spaces.architecture import Architecture
from workers.checkpoint import sweep
from workers.errors import DataError, PoolError
from workers.inline import WorkerPool
from workers.pool import RayPool
from workers.protocol import Latency, LatencyReport, LatencyRequest

Phase = Literal["starting", "search", "finalists", "test", "retrain", "done"]


@dataclass(frozen=True)
class Progress:
    """Where a job stands, for people who watch.

    Attributes:
        done: of ``total`` units of the phase: trials that ended, repeats, checkpoints.
        epochs: trained so far in the search.
        hypervolume: of the finished trials, in 0…1 of the reference box.
        budget: what was spent of each limit, in words.
    """

    phase: Phase
    done: int
    total: int
    running: tuple[Trial, ...] = ()
    states: tuple[tuple[str, int], ...] = ()
    epochs: int = 0
    best_accuracy: float | None = None
    front_size: int = 0
    hypervolume: float = 0.0
    note: str = ""
    budget: str = ""


Observer = Callable[[Progress], None]


def ray_pool(job: Job, say: Callable[[str], None]) -> RayPool:
    """The workers that a job file asks for; one thread for each CPU, however many run beside."""
    workers = job.details["workers"]
    return RayPool(
        count=workers["count"],
        cpus=workers["cpus"],
        gpus=workers["gpus"],
        address=workers["address"] or "",
        threads=workers["cpus"],
        progress=say,
    )


def drive_job(
    store: Store,
    home: Home,
    job: Job,
    observe: Observer = lambda progress: None,
    open_pool: Callable[[Job, Callable[[str], None]], WorkerPool] = ray_pool,
    follower: AbstractContextManager[object] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Job:
    """Train a job to its end; may be called again after any interruption.

    Args:
        store: where the job is recorded.
        home: its lock and its checkpoints.
        job: queued, interrupted, failed, or running with a dead driver.
        observe: told after every report.
        open_pool: makes the workers.
        follower: entered around the work; MLflow's exporter.
        clock: seconds, rising; what budgets of time are measured by.

    Returns:
        The job as recorded at the end.

    Raises:
        WrongState: if another process drives it.
        NasError: what ended the job; recorded as its reason.
        KeyboardInterrupt: passed on; the job is ``interrupted`` and can be resumed.
    """
    with driving(home.root, job.name), follower or nullcontext():
        store.jobs.set_state(job.id, "running")
        try:
            with Meter(store, job, clock) as meter:
                stopped = _drive(store, home, job, observe, open_pool, meter)
        except KeyboardInterrupt:
            store.jobs.set_state(job.id, "interrupted", "stopped by hand")
            raise
        except Exception as error:
            ended = for_people(error)
            store.jobs.set_state(job.id, "failed", str(ended))
            raise ended from error
        store.jobs.set_state(job.id, "done", stopped)
    return store.jobs.get(job.name)


def for_people(error: Exception) -> Exception:
    """Refusals of the workers' floor as our own, which know their exit status."""
    kinds = {DataError: DataProblem, PoolError: NoSuchDevice}
    return next(
        (ours(str(error)) for theirs, ours in kinds.items() if isinstance(error, theirs)), error
    )


def _drive(
    store: Store,
    home: Home,
    job: Job,
    observe: Observer,
    open_pool: Callable[[Job, Callable[[str], None]], WorkerPool],
    meter: Meter,
) -> str:
    """All phases; gives the reason if the budget ended one of them early."""

    def say(note: str) -> None:
        observe(Progress("starting", 0, 1, note=note))

    with closing(open_pool(job, say)) as pool:
        plan = Plan.of(job, home.checkpoints(job.name))
        plan.checkpoints.mkdir(parents=True, exist_ok=True)
        sweep(plan.checkpoints)
        reference = None
        if plan.measures_latency:
            reference = measure_reference(store, job, plan, pool, meter)
            plan = Plan.of(store.jobs.get(job.name), plan.checkpoints)
        book = TrialBook(plan, store)
        stopped: str | None = job.details.get("stopped_by")

        def run(source: Source, look: Callable[[], Progress] | None = None) -> None:
            nonlocal stopped

            def told() -> None:
                if look is not None:
                    observe(replace(look(), budget=meter.budget.told(meter.spent())))

            drive(pool, recalling(source, book, store), told, meter)
            if meter.refused and not stopped:
                stopped = meter.refused
                store.jobs.add_details(job.id, {"stopped_by": stopped})

        share = SearchShare(meter, book, closed=bool(stopped))
        search = Search(plan, book, reference, share, warm_start(plan, store))
        run(search, lambda: _searching(plan, book))
        search.close()
        store.jobs.add_details(
            job.id, {"exhausted": search.exhausted, "duplicates": search.duplicates}
        )
        run(Restoring(book, meter.fits), lambda: _searching(plan, book))
        finalists = Finalists(book, meter.fits)
        if finalists.planned:
            run(finalists, lambda: _repeating(book, finalists.planned))
            finalists.close()
        run(TestScores(book, meter.fits))
        reason = meter.reason(stopped) if stopped else ""
    observe(Progress("done", 1, 1))
    return reason


#: The latency objective's reference point, in latencies of the largest plain backbone: attention
#: at every place was never seen to cost more than this.
LATENCY_MARGIN = 3.0


def measure_reference(
    store: Store, job: Job, plan: Plan, pool: WorkerPool, account: Account
) -> tuple[Architecture, Latency]:
    """The smallest plain backbone and its latency while nothing else of ours runs; once a job."""
    plain = [Architecture.of(backbone, {}, plan.space.start) for backbone in plan.space.backbones]
    plain.sort(key=lambda architecture: plan.cost(architecture).forward_flops)
    known = job.details.get("latency_reference")
    if known is None:
        pair = (plain[0].to_json(), plain[-1].to_json())
        batch = plan.spec.cost.latency_batch
        request = LatencyRequest("latency:reference", pair, plan.data, batch, plan.device)
        pool.submit(request)
        account.began(request)
        (answer,) = pool.wait(None)
        account.ended(answer)
        if not isinstance(answer, LatencyReport):
            raise NoSuchDevice(f"latency could not be measured: {answer}")
        known = asdict(answer.latencies[0])
        details: dict[str, object] = {"latency_reference": known}
        if plan.objective == "latency_ms":
            before = job.details["reference"]["cost"] or 0.0  # an extended job keeps its box
            cost = max(before, LATENCY_MARGIN * answer.latencies[1].median_ms)
            details["reference"] = {**job.details["reference"], "cost": cost}
        store.jobs.add_details(job.id, details)
    return plain[0], Latency(**known)


def _searching(plan: Plan, book: TrialBook) -> Progress:
    searched = book.searched()
    over = ("done", "pruned", "failed", "waiting")
    ended = [t for t in searched if t.counted and t.state in over]
    done = [t for t in searched if t.state == "done"]
    counts: dict[str, int] = {}
    for trial in searched:
        counts[trial.state] = counts.get(trial.state, 0) + 1
    return Progress(
        "search",
        len(ended),
        plan.spec.search.trials,
        tuple(t for t in searched if t.state == "running"),
        tuple(sorted(counts.items())),
        book.trained_epochs(),
        max((t.accuracy or 0.0 for t in done), default=None),
        len(front_trials(book)),
        book_hypervolume(book),
    )


def book_hypervolume(book: TrialBook) -> float:
    """Hypervolume of the finished trials against the reference fixed at submission."""
    done = [t for t in book.searched() if t.state == "done"]
    reference = book.plan.reference
    return hypervolume(
        [t.accuracy or 0.0 for t in done],
        [t.cost(book.plan.objective) for t in done],
        reference[0],
        reference[1],
    )


def _repeating(book: TrialBook, planned: int) -> Progress:
    repeats = [t for t in book.trials.values() if t.kind == "finalist"]
    ended = sum(t.state in ("done", "failed") for t in repeats)
    running = tuple(t for t in repeats if t.state == "running")
    return Progress("finalists", ended, max(planned, len(repeats)), running)
