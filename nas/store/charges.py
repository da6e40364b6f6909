"""What workers spent on a job, and how long it was driven. Written at once, without events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from nas.store.records import Charge, Outcome, Purpose, Work
from nas.store.rows import as_record, inserted_id, now_ms
from nas.store.schema import charges, drives
from nas.store.transactions import Tables, patient

# Made once, as it ends every segment.
_CLOSE = update(charges).where(charges.c.id == bindparam("charge"))


@patient
class Charges(Tables):
    """The tables of charges and drives.

    A charge is opened when a worker gets a task and closed when the answer is there, so that a
    task whose driver was killed in between is charged, too: up to the driver's last sign of life.
    """

    def begin_drive(self, job_id: int, purpose: Purpose = "job") -> int:
        """Note that a process begins to drive a job; what an earlier one left open is lost.

        Returns:
            the drive's id.
        """
        left = self.list(job_id, "running")
        with self._writing() as connection:
            for charge in left:
                changes = {"outcome": "lost", "seconds": charge.seconds}
                query = update(charges).where(charges.c.id == charge.id)
                connection.execute(query.values(changes))
            values = {"job_id": job_id, "purpose": purpose, "started_ms": now_ms(), "seconds": 0.0}
            return inserted_id(connection.execute(insert(drives), values))

    def beat(self, drive_id: int, seconds: float) -> None:
        """Note a sign of life, ``seconds`` after a drive began."""
        with self._writing() as connection:
            query = update(drives).where(drives.c.id == drive_id)
            connection.execute(query.values(seconds=seconds))

    def open(self, job_id: int, number: int | None, work: Work, cpus: float, gpus: float) -> int:
        """Note that a worker begins a task; gives the charge's id."""
        values: dict[str, Any] = {
            "job_id": job_id,
            "number": number,
            "work": work,
            "outcome": "running",
            "started_ms": now_ms(),
            "seconds": 0.0,
            "cpus": cpus,
            "gpus": gpus,
            "epochs": 0,
        }
        with self._writing() as connection:
            return inserted_id(connection.execute(insert(charges), values))

    def close(
        self,
        charge_id: int,
        outcome: Outcome,
        seconds: float,
        epochs: int = 0,
        worker: str = "",
    ) -> None:
        """Note what became of a task, how long its worker was held, and which that was."""
        changes = {"outcome": outcome, "seconds": seconds, "epochs": epochs, "worker": worker}
        with self._writing() as connection:
            connection.execute(_CLOSE, {"charge": charge_id, **changes})

    def latest(self, count: int, after_ms: int = 0) -> list[Charge]:
        """The newest charges of all jobs, oldest first; those that run as in ``list``.

        Args:
            count: at most so many.
            after_ms: only those that began then or later, and those that run.
        """
        recent = (charges.c.started_ms >= after_ms) | (charges.c.outcome == "running")
        query = select(charges).where(recent).order_by(charges.c.id.desc()).limit(count)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        found = [as_record(Charge, row) for row in reversed(rows)]
        running = {c.job_id for c in found if c.outcome == "running"}
        lasting = {c.id: c for job_id in running for c in self.list(job_id, "running")}
        return [lasting.get(charge.id, charge) for charge in found]

    def list(self, job_id: int, outcome: Outcome | None = None) -> list[Charge]:
        """Charges of a job, oldest first; those that run, up to the last sign of life.

        Args:
            job_id: of the job.
            outcome: of those wanted; None: all.
        """
        ours = select(charges).where(charges.c.job_id == job_id).order_by(charges.c.id)
        if outcome is not None:
            ours = ours.where(charges.c.outcome == outcome)
        drive = select(drives).where(drives.c.job_id == job_id).order_by(drives.c.id.desc())
        with self._engine.connect() as connection:
            found = [as_record(Charge, row) for row in connection.execute(ours).mappings()]
            last = connection.execute(drive).mappings().first()
        seen = last["started_ms"] + 1000 * last["seconds"] if last else 0
        return [
            replace(c, seconds=max(0.0, (seen - c.started_ms) / 1000))
            if c.outcome == "running"
            else c
            for c in found
        ]

    def driven_seconds(self, job_id: int) -> float:
        """How long a job was driven to its end, over all drives; without what was retrained."""
        ours = (drives.c.job_id == job_id) & (drives.c.purpose == "job")
        query = select(func.sum(drives.c.seconds)).where(ours)
        with self._engine.connect() as connection:
            return float(connection.execute(query).scalar() or 0.0)
