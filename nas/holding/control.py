"""What people do to jobs: pause, cancel, queue again, forget. No torch: pages do it too.

Whoever drives a job is asked; where nobody does, it is done at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from nas.errors import UsageProblem, WrongState
from nas.holding.holder import is_gone, myself, process_of
from nas.store.records import OVER, Job, Trial
from nas.store.store import Store

#: The reason of trials that were not finished when their job was cancelled.
CANCELLED = "cancelled"

#: How long a job that does not run may still be held by who tidies up after it.
LEAVING_SECONDS = 15.0

#: Priorities that a job can have; higher is sooner.
PRIORITIES = range(-100, 101)


def pause(store: Store, job: Job) -> Job:
    """Let what runs come to its rung, then stop; a queued job is held back at once.

    Raises:
        WrongState: if the job is over, or paused already.
    """
    _refuse_unless(job, ("queued", "running"), "paused")
    try:
        with _alone(store, job) as ours:
            ours.jobs.set_state(job.id, "paused", "by hand")
    except _Driven:
        store.jobs.ask(job.id, "pause")
    return store.jobs.get(job.name)


def cancel(store: Store, job: Job) -> Job:
    """End a job for good: workers are killed, results are kept, the front stays.

    Raises:
        WrongState: if the job is over.
    """
    _refuse_unless(job, ("queued", "running", "paused", "interrupted", "failed"), "cancelled")
    try:
        with _alone(store, job) as ours:
            end_cancelled(ours, job)
    except _Driven:
        store.jobs.ask(job.id, "cancel")
    return store.jobs.get(job.name)


def end_cancelled(store: Store, job: Job) -> None:
    """Write down that a job is cancelled; no trial goes on."""
    for trial in store.trials.list(job.id):
        if trial.state in ("running", "waiting"):
            store.trials.set_state(trial, "pruned", CANCELLED)
    store.jobs.set_state(job.id, "cancelled", "by hand")


def requeue(store: Store, job: Job) -> Job:
    """Queue a paused, interrupted or failed job again, or take a wish to pause back.

    Raises:
        WrongState: if the job is over, or queued or running already.
    """
    if job.state == "running" and job.request == "pause":
        store.jobs.ask(job.id, "")
        return store.jobs.get(job.name)
    _refuse_unless(job, ("paused", "interrupted", "failed"), "resumed")
    with _alone(store, job) as ours:
        ours.jobs.set_state(job.id, "queued", "resumed by hand")
    return store.jobs.get(job.name)


def retry(store: Store, job: Job, failed_trials: bool = False) -> Job:
    """Queue a failed, cancelled or interrupted job again, with the trials that it cut off.

    Args:
        store: where the job is recorded.
        job: to go on with.
        failed_trials: give those that failed another chance, too; then also of a job that is done.

    Raises:
        WrongState: if there is nothing to retry.
    """
    allowed = ("failed", "cancelled", "interrupted", *(("done",) if failed_trials else ()))
    _refuse_unless(job, allowed, "retried")
    with _alone(store, job) as ours:
        for trial in store.trials.list(job.id):
            cut_off = trial.state == "pruned" and trial.reason == CANCELLED
            if cut_off or (failed_trials and trial.state == "failed"):
                _reopen(ours, trial)
        ours.jobs.set_state(job.id, "queued", "retried")
    return store.jobs.get(job.name)


def delete(store: Store, job: Job) -> None:
    """Forget a job with all its records. Its files are swept by ``nas gc``.

    Raises:
        WrongState: if somebody drives it.
    """
    try:
        with _alone(store, job) as ours:
            ours.jobs.delete(job.id)
    except _Driven:
        told = f"job {job.name!r} is running; cancel it first: nas cancel {job.name}"
        if job.state in OVER:
            told = f"job {job.name!r} is {job.state}, but a process works on it; try again later"
        raise WrongState(told) from None


def set_priority(store: Store, job: Job, priority: int) -> Job:
    """Move a job in the queue.

    Raises:
        UsageProblem: for a priority that can't be.
    """
    if priority not in PRIORITIES:
        raise UsageProblem(f"priority {priority} is not within -100 to 100")
    store.jobs.set_priority(job.id, priority)
    return store.jobs.get(job.name)


def _reopen(store: Store, trial: Trial) -> None:
    waits = trial.searched and trial.epoch
    store.trials.reopen(trial, "waiting" if waits else "running")


def _refuse_unless(job: Job, states: tuple[str, ...], what: str) -> None:
    if job.state not in states:
        told = ", ".join(states)
        raise WrongState(
            f"job {job.name!r} is {job.state} and can't be {what}; that takes one of: {told}"
        )


class _Driven(WrongState):
    """Somebody drives the job."""

    kind = "wrong_state"


@contextmanager
def _alone(store: Store, job: Job) -> Iterator[Store]:
    """The store under the job's lease, once nobody has it.

    Raises:
        _Driven: if somebody has.
    """
    leaves = job.state not in ("queued", "running")
    deadline = time.monotonic() + (LEAVING_SECONDS if leaves else 0.0)
    while (held := store.leases.of(job.id)) is not None and not is_gone(held.holder):
        if time.monotonic() >= deadline:
            where = process_of(held.holder)
            raise _Driven(f"job {job.name!r} is being driven already, by {where}")
        time.sleep(0.1)
    try:
        mine = store.leases.take(job.id, myself(), held)
    except WrongState:
        raise _Driven(f"job {job.name!r} is being driven already") from None
    try:
        yield store.under(mine.lease, 0.0)
    finally:
        store.leases.release(mine.lease)
