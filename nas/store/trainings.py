"""What was trained in any job of the store, found by the hash of the training."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from nas.store.records import ReportRow
from nas.store.rows import as_record
from nas.store.schema import jobs, reports, trials
from nas.store.transactions import Tables, patient


@dataclass(frozen=True)
class Training:
    """A trial that reached a rung, with its reports up to there.

    Attributes:
        trial_id: of the row.
        architecture: as it was written, in canonical JSON.
        source: ``JOB:TRIAL`` that was trained, which may have been another one.
        test_accuracy: None if it was never measured.
        reports: by epoch; the last is the rung's.
    """

    trial_id: int
    architecture: str
    source: str
    test_accuracy: float | None
    reports: tuple[ReportRow, ...]


# Made once, as it is asked before every segment.
_REACHED = (
    select(trials.c.id, trials.c.number, trials.c.architecture, trials.c.test_accuracy, jobs.c.name)
    .join(jobs, jobs.c.id == trials.c.job_id)
    .join(reports, reports.c.trial_id == trials.c.id)
    .where(trials.c.hash == bindparam("digest"), reports.c.epoch == bindparam("rung"))
    .order_by(reports.c.cached_from != "", trials.c.id)
)


@patient
class Trainings(Tables):
    """The tables of trials and reports across all jobs; reads only."""

    def of(self, digest: str, epoch: int) -> list[Training]:
        """Every record of one training at a rung, those that were really trained first.

        Args:
            digest: hash of architecture, recipe, data, seed, device kind and training version.
            epoch: that must have been reported.
        """
        with self._engine.connect() as connection:
            found = connection.execute(_REACHED, {"digest": digest, "rung": epoch}).all()
            if not found:
                return []  # as for nearly every training
            rows = select(reports).where(
                reports.c.trial_id.in_([row.id for row in found]), reports.c.epoch <= epoch
            )
            by_trial: dict[int, list[ReportRow]] = {}
            for row in connection.execute(rows.order_by(reports.c.epoch)).mappings():
                by_trial.setdefault(row["trial_id"], []).append(as_record(ReportRow, row))
        return [
            Training(
                row.id,
                row.architecture,
                by_trial[row.id][-1].cached_from or f"{row.name}:{row.number}",
                row.test_accuracy,
                tuple(by_trial[row.id]),
            )
            for row in found
        ]

    def test_accuracy(self, digest: str) -> float | None:
        """Of any record of one training; None if none was measured."""
        query = (
            select(trials.c.test_accuracy)
            .where(trials.c.hash == digest, trials.c.test_accuracy.is_not(None))
            .order_by(trials.c.id)
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()
