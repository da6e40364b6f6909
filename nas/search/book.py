"""The trials of one job in memory, in step with the store: every change is written first."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from nas.plan import Plan
from nas.store.records import INHERITED, NewTrial, ReportRow, Trial, TrialState
from nas.store.rows import now_ms
from nas.store.store import Store
from search_spaces.architecture import Architecture
from workers.errors import StorageError
from workers.protocol import Latency, Report, Segment
from workers.recipe import Recipe
from workers.storage import storage_of

#: A segment whose worker dies so often is a trial's own fault (memory, most likely).
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class CachedReport(Report):
    """A report that was not trained for this trial.

    Attributes:
        source: ``JOB:TRIAL`` that was trained. ``checkpoint_sha256`` is empty where the file that
            it left is gone.
    """

    source: str = ""


class TrialBook:
    """What is known of every trial, by number.

    Args:
        plan: the job.
        store: the record of truth; the constructor reads from it, every method writes to it.

    Attributes:
        held: bytes of each trial's last checkpoint, as far as they are known.
        waiting: the epoch that each waiting trial waits at.
        counted: how many trials count towards ``search.trials``; ``audited`` of them.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self.plan = plan
        self._store = store
        reports = store.trials.reports(plan.job_id)
        self.trials: dict[int, Trial] = {}
        self.reports: dict[int, list[ReportRow]] = {}
        for trial in store.trials.list(plan.job_id):
            self.trials[trial.number] = trial
            self.reports[trial.number] = reports.get(trial.id, [])
        self.held: dict[int, int] = {}
        self._states: dict[TrialState, set[int]] = {}
        self._searched: list[int] = []
        self.waiting: dict[int, int] = {}
        self.counted = self.audited = 0
        for trial in self.trials.values():
            self._enter(trial)
        self._damaged: set[int] = set()
        self._numbers = {trial.hash: trial.number for trial in self.trials.values()}

    def searched(self) -> list[Trial]:
        """Trials of the search, baselines among them; what is trained again is not counted."""
        return [self.trials[number] for number in self._searched]

    def trained_epochs(self) -> int:
        """Epochs trained by the search itself; what came from the cache was not."""
        return sum(
            len(row.train_loss)
            for trial in self.searched()
            for row in self.reports[trial.number]
            if not row.cached_from
        )

    def in_state(self, state: TrialState) -> list[Trial]:
        """Trials in a state, by number."""
        return [self.trials[number] for number in sorted(self._states.get(state, ()))]

    def has(self, architecture: Architecture, seed: int) -> bool:
        """Whether this training is recorded already."""
        return self.plan.trial_hash(architecture, seed) in self._numbers

    def find(self, architecture: Architecture, seed: int) -> Trial | None:
        """The trial that is this training."""
        number = self._numbers.get(self.plan.trial_hash(architecture, seed))
        return None if number is None else self.trials[number]

    def add(
        self,
        architecture: Architecture,
        kind: str,
        seed: int,
        params: dict[str, object] | None = None,
        latency: Latency | None = None,
        label: str = "",
        origin: int | None = None,
        recipe: Recipe | None = None,
    ) -> Trial:
        """Record a new trial as running; ``recipe`` where it is not the job's."""
        cost = self.plan.cost(architecture)
        new = NewTrial(
            kind=kind,  # type: ignore[arg-type]
            hash=self.plan.trial_hash(architecture, seed),
            architecture=architecture.to_json(),
            params=params,
            seed=seed,
            parameters=cost.parameters,
            forward_flops=cost.forward_flops,
            latency_ms=latency.median_ms if latency else None,
            latency_spread_ms=latency.spread_ms if latency else None,
            label=label,
            origin=origin,
            recipe=asdict(recipe) if recipe else None,
        )
        trial = self._store.trials.add(
            self.plan.job_id, len(self.trials), new, self.plan.subject(architecture)
        )
        self.trials[trial.number] = trial
        self.reports[trial.number] = []
        self._numbers[trial.hash] = trial.number
        self._enter(trial)
        return trial

    def start_of(self, trial: Trial) -> int:
        """The epoch from which a trial goes on: 0 where its weights can't be had."""
        rows = self.reports[trial.number]
        resume = bool(rows and rows[-1].checkpoint) and trial.number not in self._damaged
        return trial.epoch if resume else 0

    def segment(self, trial: Trial, end_epoch: int, *, measure_test: bool = False) -> Segment:
        """The training from where a trial stands to a rung."""
        start = self.start_of(trial)
        return Segment(
            key=f"{trial.number}:{end_epoch}",
            architecture=trial.architecture,
            recipe=self.plan.recipe,
            data=self.plan.data,
            seed=trial.seed,
            start_epoch=start,
            end_epoch=end_epoch,
            checkpoint_in=self.reports[trial.number][-1].checkpoint if start else None,
            checkpoint_out=self.plan.checkpoint(trial.number, end_epoch),
            device=self.plan.device,
            measure_test=measure_test,
            checkpoint_in_sha256=self.reports[trial.number][-1].checkpoint_sha256 if start else "",
            data_hash=self.plan.data_hash,
        )

    def record(self, number: int, report: Report, state: TrialState) -> bool:
        """Record a rung and the state after it; False if it was recorded before."""
        trial, before, row = self.trials[number], self.reports[number], self._row(number, report)
        # The store takes an equal row for its own one, done again: within a millisecond they are.
        known = any(row.epoch == old.epoch for old in before)
        if known or not self._store.trials.report(trial, row, state):
            return False
        self.reports[number] = [*before, row]
        self._change(number, state=state, attempts=0)
        if row.epoch != INHERITED:
            self._change(number, epoch=row.epoch, accuracy=row.validation_accuracy)
        self._damaged.discard(number)
        if row.checkpoint:
            self.held[number] = report.checkpoint_bytes
        for old in filter(lambda row: row.checkpoint, before):
            with suppress(StorageError):  # what stays behind is in nobody's way
                storage_of(old.checkpoint).remove(old.checkpoint)
        return True

    def restore(self, number: int, report: Report) -> None:
        """Replace the last rung's report, whose checkpoint is not to be had, by a training."""
        row = self._row(number, report)
        self._store.trials.replace_report(self.trials[number], row)
        self.reports[number] = [*self.reports[number][:-1], row]
        self._change(number, accuracy=report.validation_accuracy)
        self._damaged.discard(number)
        self.held[number] = report.checkpoint_bytes

    def drop_checkpoint(self, number: int) -> None:
        """Give a finished trial's weights up for room; its report tells that there were some."""
        row = replace(self.reports[number][-1], checkpoint="")
        self._store.trials.drop_checkpoint(self.trials[number], row.epoch)
        self.reports[number] = [*self.reports[number][:-1], row]
        self._clear(number)

    def _row(self, number: int, report: Report) -> ReportRow:
        source = report.source if isinstance(report, CachedReport) else ""
        scored = report.end_epoch == INHERITED
        bare = scored or (source and not report.checkpoint_sha256)
        return ReportRow(
            trial_id=self.trials[number].id,
            epoch=report.end_epoch,
            validation_accuracy=report.validation_accuracy,
            validation_loss=report.validation_loss,
            train_loss=report.train_loss,
            train_accuracy=report.train_accuracy,
            train_seconds=report.train_seconds,
            evaluation_seconds=report.evaluation_seconds,
            checkpoint="" if bare else self.plan.checkpoint(number, report.end_epoch),
            checkpoint_sha256=report.checkpoint_sha256,
            worker=report.worker,
            device=report.device,
            created_ms=now_ms(),
            cached_from=source,
        )

    def set_state(self, number: int, state: TrialState, reason: str = "") -> None:
        """Move a trial to a state; what is pruned or failed needs its checkpoints no more."""
        self._store.trials.set_state(self.trials[number], state, reason)
        self._change(number, state=state, reason=reason)
        if state in ("pruned", "failed"):
            self._clear(number)

    def forget_checkpoint(self, number: int) -> None:
        """Train from scratch to the next rung: the checkpoint on disk can't be used."""
        self._damaged.add(number)

    def count_attempt(self, number: int) -> int:
        """Note a lost segment; gives how many there were since the last report."""
        trial = self.trials[number]
        self._store.trials.count_attempt(trial)
        self._change(number, attempts=trial.attempts + 1)
        return trial.attempts + 1

    def set_test_accuracy(self, number: int, accuracy: float) -> None:
        """Record the accuracy on images that the search never saw."""
        self._store.trials.set_test_accuracy(self.trials[number], accuracy)
        self._change(number, test_accuracy=accuracy)

    def _clear(self, number: int) -> None:
        self.held.pop(number, None)
        folder = self.plan.trial_folder(number)
        with suppress(StorageError):
            storage_of(folder).clear(folder)

    def _enter(self, trial: Trial) -> None:
        """Have a new trial found by its state and its kind without a look at all."""
        self._stand(trial)
        if trial.searched:
            self._searched.append(trial.number)
        self.counted += trial.counted
        self.audited += trial.audited

    def _change(self, number: int, **changes: object) -> None:
        before = self.trials[number]
        after = replace(before, **changes)  # type: ignore[arg-type]
        self.trials[number] = after
        self._states[before.state].remove(number)
        self._stand(after)

    def _stand(self, trial: Trial) -> None:
        self._states.setdefault(trial.state, set()).add(trial.number)
        if trial.state == "waiting":
            self.waiting[trial.number] = trial.epoch
        else:
            self.waiting.pop(trial.number, None)
