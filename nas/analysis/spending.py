"""What a job has spent of its budget."""

from __future__ import annotations

from collections.abc import Iterable

from nas.budget import NAMES, Budget, Spending, plain_hours
from nas.job_file.durations import in_words
from nas.store.records import Charge, Job
from nas.store.store import Store
from nas.store.tallies import Tally


def spending(store: Store, job: Job, tally: Tally | None = None) -> Spending:
    """What a job has spent so far of what its budget limits; retrained trials are beside it.

    Args:
        store: of the job.
        job: with or without a budget.
        tally: of the job, where it was made already.
    """
    tally = tally or store.tallies.of(job.id)
    charged = tally.charged
    spent = Spending(
        charged.epochs,
        tally.driven_seconds / 3600,
        charged.cpu_seconds / 3600,
        charged.gpu_seconds / 3600,
    )
    if not charged.running:
        return spent
    running = store.charges.list(job.id, "running")
    return spent + of_charges(charge for charge in running if charge.work != "retrain")


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
