"""The ledger: what every trial cost, what for, and what was saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nas.analysis.spending import limits_of, of_charges, spending
from nas.budget import Spending
from nas.store.records import AUDIT, INHERITED, Charge, Job, ReportRow, Trial
from nas.store.store import Store

#: Kind of trial, or kind of work, or outcome -> what a charge was for, in the order shown.
PURPOSES = {
    "baseline": "baselines",
    "search": "search",
    "audit": "audit",
    "warm": "taken over",
    "inherit": "inherited weights",
    "finalist": "finalists",
    "test": "test accuracy",
    "latency": "latency",
    "retrain": "retrained",
    "failed": "failed",
    "lost": "lost",
    "stopped": "stopped",
    "running": "running",
}


@dataclass(frozen=True)
class Entry:
    """What some tasks cost.

    Attributes:
        seconds: that workers were held.
        epochs: trained and reported.
    """

    tasks: int
    epochs: int
    seconds: float
    cpu_hours: float
    gpu_hours: float


@dataclass(frozen=True)
class Saving:
    """Epochs that were not trained, and about how long a worker would have taken for them."""

    epochs: int
    seconds: float

    def __add__(self, other: Saving) -> Saving:
        return Saving(self.epochs + other.epochs, self.seconds + other.seconds)


@dataclass(frozen=True)
class TrialEntry:
    """What one trial cost, and what it did not cost."""

    trial: Trial
    cost: Entry
    pruned: Saving
    cached: Saving
    inherited: Saving

    def to_dict(self) -> dict[str, Any]:
        """One element of ``trials`` of ``nas ledger -o json``."""
        trial = self.trial
        return {
            "trial": trial.number,
            "kind": trial.kind,
            "label": trial.label,
            "state": trial.state,
            "epoch": trial.epoch,
            **asdict(self.cost),
            "saved_by_pruning": asdict(self.pruned),
            "saved_by_cache": asdict(self.cached),
            "saved_by_inheritance": asdict(self.inherited),
        }


@dataclass(frozen=True)
class Ledger:
    """All that a job cost.

    Attributes:
        spent: of what its budget limits.
        limits: by name; None where there is none.
        purposes: what for; they add up to ``total``.
        idle_seconds: that workers were there without a task, their start included.
        trials: by number.
    """

    job: str
    state: str
    stopped_by: str | None
    spent: Spending
    limits: Mapping[str, float | None]
    purposes: Mapping[str, Entry]
    total: Entry
    idle_seconds: float
    trials: tuple[TrialEntry, ...]

    @property
    def saved(self) -> dict[str, Saving]:
        """By what."""
        none = Saving(0, 0.0)
        return {
            "pruning": sum((entry.pruned for entry in self.trials), none),
            "cache": sum((entry.cached for entry in self.trials), none),
            "inheritance": sum((entry.inherited for entry in self.trials), none),
        }

    def to_dict(self, *, trials: bool = False) -> dict[str, Any]:
        """What ``nas ledger -o json`` prints; see docs/json.md."""
        found = {
            "job": self.job,
            "state": self.state,
            "stopped_by": self.stopped_by,
            "budget": dict(self.limits),
            "spent": asdict(self.spent),
            "purposes": {name: asdict(entry) for name, entry in self.purposes.items()},
            "total": asdict(self.total),
            "idle_seconds": self.idle_seconds,
            "saved": {name: asdict(saving) for name, saving in self.saved.items()},
        }
        return found | ({"trials": [each.to_dict() for each in self.trials]} if trials else {})


def ledger(store: Store, job: Job) -> Ledger:
    """Read a job's charges, trials and reports."""
    return ledger_of(store, job, store.trials.list(job.id), store.trials.reports(job.id))


def ledger_of(
    store: Store, job: Job, trials: Sequence[Trial], reports: Mapping[int, Sequence[ReportRow]]
) -> Ledger:
    """The same where trials and reports, by the trial's id, were read already."""
    charges = store.charges.list(job.id)
    kinds = {t.number: AUDIT if t.audited else t.kind for t in trials}
    by_purpose: dict[str, list[Charge]] = {}
    by_trial: dict[int | None, list[Charge]] = {}
    for charge in charges:
        by_purpose.setdefault(_purpose(charge, kinds), []).append(charge)
        by_trial.setdefault(charge.number, []).append(charge)
    order = [*PURPOSES.values(), *sorted(set(by_purpose) - set(PURPOSES.values()))]
    workers = job.details["workers"]["count"] * store.charges.driven_seconds(job.id)
    held = sum(charge.seconds for charge in charges if charge.work != "retrain")
    pace = _pace([row for rows in reports.values() for row in rows])
    rungs = job.details["rungs"]
    return Ledger(
        job=job.name,
        state=job.state,
        stopped_by=job.details.get("stopped_by"),
        spent=spending(store, job),
        limits=limits_of(job),
        purposes={name: _entry(by_purpose[name]) for name in order if name in by_purpose},
        total=_entry(charges),
        idle_seconds=max(0.0, workers - held),
        trials=tuple(
            _trial_entry(
                trial, by_trial.get(trial.number, ()), reports.get(trial.id, ()), rungs, pace
            )
            for trial in trials
        ),
    )


def _purpose(charge: Charge, kinds: Mapping[int, str]) -> str:
    """What came to nothing is told apart from what it was meant for."""
    if charge.outcome != "ok":
        return PURPOSES[charge.outcome]
    known = kinds.get(charge.number, "search") if charge.number is not None else "search"
    what = known if charge.work == "train" else charge.work
    return PURPOSES.get(what, what)


def _entry(charges: Sequence[Charge]) -> Entry:
    spent = of_charges(charges)
    seconds = sum(charge.seconds for charge in charges)
    return Entry(len(charges), int(spent.epochs), seconds, spent.cpu_hours, spent.gpu_hours)


def _trial_entry(
    trial: Trial,
    charges: Sequence[Charge],
    rows: Sequence[ReportRow],
    rungs: Sequence[int],
    pace: float,
) -> TrialEntry:
    """What a pruned trial did not train is saved, at its own pace or else the job's.

    One that never came to the first rung was left there for its score on inherited weights.
    """
    saved = trial.saves
    scored = any(row.epoch == INHERITED for row in rows)
    first = rungs[0] if saved and scored and not trial.epoch else 0
    left = max(0, rungs[-1] - trial.epoch) - first if saved else 0
    own = _pace(rows) or pace
    pruned, inherited = Saving(left, left * own), Saving(first, first * own)
    return TrialEntry(trial, _entry(charges), pruned, _cached(rows), inherited)


def _pace(rows: Iterable[ReportRow]) -> float:
    """Seconds an epoch, evaluation included, of whoever trained it; scores are shorter."""
    found = [
        (row.train_seconds + row.evaluation_seconds, len(row.train_loss))
        for row in rows
        if row.epoch != INHERITED
    ]
    epochs = sum(count for _, count in found)
    return sum(seconds for seconds, _ in found) / epochs if epochs else 0.0


def _cached(rows: Sequence[ReportRow]) -> Saving:
    """What an earlier job had trained, and took for it."""
    found = [row for row in rows if row.cached_from]
    seconds = sum(row.train_seconds + row.evaluation_seconds for row in found)
    return Saving(sum(len(row.train_loss) for row in found), seconds)
