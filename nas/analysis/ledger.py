"""What a job cost, trial by trial and by purpose, and what was saved."""

from __future__ import annotations

from collections.abc import Iterable

from nas.budget import Spending
from nas.store.records import Charge, Job
from nas.store.store import Store


def spending(store: Store, job: Job) -> Spending:
    """What a job has spent so far of what its budget limits; retrained trials are beside it."""
    wall_clock = Spending(wall_clock=store.charges.driven_seconds(job.id) / 3600)
    limited = (c for c in store.charges.list(job.id) if c.work != "retrain")
    return wall_clock + of_charges(limited)


def of_charges(charges: Iterable[Charge]) -> Spending:
    """Epochs, CPU-hours and GPU-hours of charges."""
    found = list(charges)
    return Spending(
        epochs=sum(c.epochs for c in found),
        cpu_hours=sum(c.seconds * c.cpus for c in found) / 3600,
        gpu_hours=sum(c.seconds * c.gpus for c in found) / 3600,
    )
