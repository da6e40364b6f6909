"""Trials and their reports: one transaction a trial, one a report."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from nas.errors import NotFound
from nas.store.race import Race
from nas.store.records import (
    AUDIT,
    INHERITED,
    SEARCHED,
    NewTrial,
    ReportRow,
    Result,
    Trial,
    TrialKind,
    TrialState,
)
from nas.store.rows import (
    as_record,
    as_records,
    columns_of,
    inserted_id,
    now_ms,
    record_event,
)
from nas.store.schema import drawings, reports, trials
from nas.store.transactions import Tables, patient
from nas.store.trial_query import TrialQuery

_COLUMNS = columns_of(Trial, trials)

#: Values that one query names: databases limit them.
_BLOCK = 500

# Made once, as it is part of every report.
_CHANGE = update(trials).where(trials.c.id == bindparam("trial"))


@patient
class Trials(Tables):
    """The tables of trials and reports; every change appends an event in the same transaction."""

    def add(
        self, job_id: int, number: int, trial: NewTrial, subject: dict[str, Any] | None = None
    ) -> Trial:
        """Record a trial as running; the same one once more changes nothing.

        Args:
            job_id: of the job.
            number: of the trial in the job.
            trial: what is known of it.
            subject: what is drawn of its architecture, as ``nas.drawing.subject`` writes it.
        """
        created = now_ms()
        values = {
            **asdict(trial),
            "job_id": job_id,
            "number": number,
            "state": "running",
            "reason": "",
            "epoch": 0,
            "attempts": 0,
            "created_ms": created,
        }
        try:
            with self._writing() as connection:
                key = inserted_id(connection.execute(insert(trials), values))
                if subject is not None:
                    connection.execute(insert(drawings), {"trial_id": key, "subject": subject})
                record_event(connection, job_id, "trial_added", {"number": number}, key)
        except IntegrityError:
            # A connection that breaks after a commit leaves open whether there was one.
            found = [t for t in self.list(job_id) if (t.number, t.hash) == (number, trial.hash)]
            if not found:
                raise
            return found[0]
        return Trial(
            **asdict(trial),
            id=key,
            job_id=job_id,
            number=number,
            state="running",
            reason="",
            epoch=0,
            accuracy=None,
            test_accuracy=None,
            attempts=0,
            created_ms=created,
            finished_ms=None,
        )

    def report(self, trial: Trial, row: ReportRow, state: TrialState) -> bool:
        """Record a rung and the trial's next state in one transaction.

        Returns:
            False if another report of this rung was recorded before; nothing is changed then.
        """
        try:
            with self._writing() as connection:
                connection.execute(insert(reports), asdict(row))
                rung = {"epoch": row.epoch, "accuracy": row.validation_accuracy}
                changes = {} if row.epoch == INHERITED else rung
                self._change(connection, trial, state, {**changes, "attempts": 0})
                told: dict[str, Any] = {
                    "number": trial.number,
                    "epoch": row.epoch,
                    "accuracy": row.validation_accuracy,
                    "state": state,
                }
                if row.cached_from:
                    told["cached_from"] = row.cached_from
                if state == "done" and trial.searched:
                    told |= trial.costs()  # who follows can place it among the others at once
                record_event(connection, trial.job_id, "report", told, trial.id)
        except IntegrityError:
            return row in self.reports(trial.job_id, [trial.id]).get(trial.id, [])
        return True

    def replace_report(self, trial: Trial, row: ReportRow) -> None:
        """Put a training in the place of the report of its rung; the trial's state stays."""
        here = (reports.c.trial_id == row.trial_id, reports.c.epoch == row.epoch)
        with self._writing() as connection:
            connection.execute(update(reports).where(*here).values(asdict(row)))
            query = update(trials).where(trials.c.id == trial.id)
            connection.execute(query.values(accuracy=row.validation_accuracy))
            data = {"number": trial.number, "epoch": row.epoch}
            record_event(connection, trial.job_id, "report_replaced", data, trial.id)

    def set_state(self, trial: Trial, state: TrialState, reason: str = "") -> None:
        """Move a trial to a state."""
        with self._writing() as connection:
            self._change(connection, trial, state, {"reason": reason})
            data = {"number": trial.number, "reason": reason}
            record_event(connection, trial.job_id, f"trial_{state}", data, trial.id)

    def reopen(self, trial: Trial, state: TrialState) -> None:
        """Give a trial that failed or was cut off another chance, as if no worker was lost."""
        with self._writing() as connection:
            self._change(connection, trial, state, {"reason": "", "attempts": 0})
            data = {"number": trial.number, "reason": ""}
            record_event(connection, trial.job_id, f"trial_{state}", data, trial.id)

    def drop_checkpoint(self, trial: Trial, epoch: int) -> None:
        """Note that a rung's checkpoint was given up; its sha256 stays: there was one."""
        here = (reports.c.trial_id == trial.id, reports.c.epoch == epoch)
        with self._writing() as connection:
            connection.execute(update(reports).where(*here).values(checkpoint=""))
            data = {"number": trial.number, "epoch": epoch}
            record_event(connection, trial.job_id, "checkpoint_dropped", data, trial.id)

    def count_attempt(self, trial: Trial) -> None:
        """Note that a segment was lost with its worker."""
        with self._writing() as connection:
            query = update(trials).where(trials.c.id == trial.id)
            connection.execute(query.values(attempts=trials.c.attempts + 1))
            record_event(
                connection, trial.job_id, "worker_lost", {"number": trial.number}, trial.id
            )

    def set_test_accuracy(self, trial: Trial, accuracy: float) -> None:
        """Record the accuracy on images that the search never saw."""
        with self._writing() as connection:
            query = update(trials).where(trials.c.id == trial.id)
            connection.execute(query.values(test_accuracy=accuracy))
            data = {"number": trial.number, "accuracy": accuracy}
            record_event(connection, trial.job_id, "test_accuracy", data, trial.id)

    def get(self, job_id: int, number: int) -> Trial:
        """One trial by its number in the job.

        Raises:
            NotFound: with the range of numbers that exist.
        """
        query = select(trials).where(trials.c.job_id == job_id, trials.c.number == number)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
            if row is not None:
                return as_record(Trial, row)
            last = connection.execute(
                select(func.max(trials.c.number)).where(trials.c.job_id == job_id)
            ).scalar()
        there = "there is none yet" if last is None else f"they go from 0 to {last}"
        raise NotFound("trial", number, hint=f"; {there}")

    def subject(self, trial_id: int) -> dict[str, Any] | None:
        """What is drawn of a trial's architecture; None where nothing was kept."""
        query = select(drawings.c.subject).where(drawings.c.trial_id == trial_id)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def counts(self) -> dict[int, dict[str, int]]:
        """Trials by state for every job; what was trained again is not counted."""
        query = (
            select(trials.c.job_id, trials.c.state, func.count())
            .where(trials.c.kind.in_(SEARCHED))
            .group_by(trials.c.job_id, trials.c.state)
        )
        found: dict[int, dict[str, int]] = {}
        with self._engine.connect() as connection:
            for job_id, state, count in connection.execute(query):
                found.setdefault(job_id, {})[state] = count
        return found

    def reports(
        self, job_id: int, trial_ids: Collection[int] | None = None
    ) -> dict[int, list[ReportRow]]:
        """Reports by trial id, by epoch; of these trials, or of all."""
        query = (
            select(*columns_of(ReportRow, reports))
            .join(trials, trials.c.id == reports.c.trial_id)
            .where(trials.c.job_id == job_id)
            .order_by(reports.c.trial_id, reports.c.epoch)
        )
        if trial_ids is not None:
            query = query.where(trials.c.id.in_(trial_ids))
        found: dict[int, list[ReportRow]] = {}
        with self._engine.connect() as connection:
            for row in as_records(ReportRow, connection.execute(query)):
                found.setdefault(row.trial_id, []).append(row)
        return found

    def _change(
        self, connection: Connection, trial: Trial, state: TrialState, values: dict[str, Any]
    ) -> None:
        ended = state in ("done", "pruned", "failed")
        changes = {**values, "state": state, "finished_ms": now_ms() if ended else None}
        connection.execute(_CHANGE, {"trial": trial.id, **changes})

    def page(self, job_id: int, query: TrialQuery) -> tuple[int, list[Trial]]:
        """How many trials of a job are looked for, and one page of them."""
        with self._engine.connect() as connection:
            rows = connection.execute(query.select(job_id)).mappings().all()
        if not rows and query.page > 1:
            return self.page(job_id, replace(query, page=1, size=1))[0], []
        return (rows[0]["total"] if rows else 0), [as_record(Trial, row) for row in rows]

    def leading(self, job_ids: Collection[int], race: Race) -> dict[int, list[Trial]]:
        """Of each job the trials that may be on its front, or the most accurate; by number."""
        return self._by_job(trials.c.id.in_(race.select(job_ids)))

    def of_kind(self, job_ids: Collection[int], kind: TrialKind) -> dict[int, list[Trial]]:
        """Trials of one kind by job, by number."""
        return self._by_job(trials.c.job_id.in_(job_ids), trials.c.kind == kind)

    def _by_job(self, *wanted: ColumnElement[bool]) -> dict[int, list[Trial]]:
        query = select(*_COLUMNS).where(*wanted).order_by(trials.c.number)
        found: dict[int, list[Trial]] = {}
        with self._engine.connect() as connection:
            for trial in as_records(Trial, connection.execute(query)):
                found.setdefault(trial.job_id, []).append(trial)
        return found

    def numbered(self, job_id: int, numbers: Collection[int]) -> list[Trial]:
        """These trials of a job by number, those that there are."""
        found: list[Trial] = []
        wanted = sorted(numbers)
        for start in range(0, len(wanted), _BLOCK):
            here = trials.c.number.in_(wanted[start : start + _BLOCK])
            found += self._by_job(trials.c.job_id == job_id, here).get(job_id, [])
        return found

    def telling(self, job_id: int, race: Race) -> list[Trial]:
        """Those that a verdict speaks of, by number.

        Who may be on the front, rules, uniform draws, what was trained again and what that repeats.
        """
        repeated = select(trials.c.origin).where(
            trials.c.job_id == job_id, trials.c.kind == "finalist"
        )
        wanted = or_(
            trials.c.id.in_(race.select([job_id])),
            trials.c.kind.in_(("baseline", "finalist", "retrain")),
            trials.c.label == AUDIT,
            trials.c.number.in_(repeated),
        )
        return self._by_job(trials.c.job_id == job_id, wanted).get(job_id, [])

    def results(self, job_id: int) -> list[Result]:
        """What became of each trial of a job, by number; a tenth of the work of ``list``."""
        query = select(*columns_of(Result, trials)).where(trials.c.job_id == job_id)
        with self._engine.connect() as connection:
            return as_records(Result, connection.execute(query.order_by(trials.c.number)))

    def architectures(self, job_id: int) -> list[str]:
        """Every trial's architecture as canonical JSON, by number."""
        query = select(trials.c.architecture).where(trials.c.job_id == job_id)
        with self._engine.connect() as connection:
            return list(connection.execute(query.order_by(trials.c.number)).scalars())

    def list(self, job_id: int) -> list[Trial]:
        """All trials of a job by number."""
        return self._by_job(trials.c.job_id == job_id).get(job_id, [])
