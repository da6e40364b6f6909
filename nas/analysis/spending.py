"""What a job has spent of its budget."""

from __future__ import annotations

from collections.abc import Iterable

from nas.budget import NAMES, Budget, Spending, plain_hours
from nas.durations import in_words
from nas.store.records import Charge, Job
from nas.store.store import Store


def spending(store: Store, job: Job) -> Spending:
    """What a job has spent so far of what its budget limits; retrained trials are beside it."""
    epochs, cpu_seconds, gpu_seconds = store.charges.totals(job.id)
    closed = Spending(
        epochs, store.charges.driven_seconds(job.id) / 3600, cpu_seconds / 3600, gpu_seconds / 3600
    )
    running = store.charges.list(job.id, "running")
    return closed + of_charges(charge for charge in running if charge.work != "retrain")


def of_charges(charges: Iterable[Charge]) -> Spending:
    """Epochs, CPU-hours and GPU-hours of charges; no wall clock, which is not theirs."""
    found = list(charges)
    return Spending(
        epochs=sum(c.epochs for c in found),
        cpu_hours=sum(c.seconds * c.cpus for c in found) / 3600,
        gpu_hours=sum(c.seconds * c.gpus for c in found) / 3600,
    )


def spent_words(job: str, spent: Spending) -> str:
    """One sentence for the report."""
    gpus = f" and {plain_hours(spent.gpu_hours)} GPU-hours" if spent.gpu_hours else ""
    driven = in_words(spent.wall_clock)
    return (
        f"All of it, repeats included, took {spent.epochs:,.0f} epochs, {driven} of wall clock and "
        f"{plain_hours(spent.cpu_hours)} CPU-hours{gpus}: nas ledger {job}."
    )


def limits_of(job: Job) -> dict[str, float | None]:
    """Every limit by name; None where there is none."""
    limits = Budget.of(job.spec.get("budget", {})).limits
    return {name: limits.get(name) for name in NAMES}
