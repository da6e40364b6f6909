"""How a search went: the front's hypervolume as trials ended, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nas.analysis.front import comparable
from nas.pareto import front_indices, hypervolume
from nas.store.records import Job, Result

#: Ended trials below which nothing is foretold.
FEWEST = 3

_ENDED = ("done", "pruned", "failed")


@dataclass(frozen=True)
class Step:
    """The search when one more trial had ended.

    Attributes:
        trial: that ended.
        ended: how many had.
        epochs: that these were trained.
        without_pruning: epochs, had each pruned one been trained to the last rung.
        hypervolume: of what was trained to the end by then, in 0…1.
    """

    trial: int
    ended: int
    epochs: int
    without_pruning: int
    hypervolume: float


def history(job: Job, trials: Sequence[Result]) -> list[Step]:
    """The search's steps, in the order in which trials ended; none without a reference point.

    What a pruned trial would have reached is unknown, so against the epochs without pruning the
    hypervolume is that of a search that learns nothing from them.
    """
    reference = job.details["reference"]
    if reference["cost"] is None:
        return []
    objective, last = job.details["objective"], job.details["rungs"][-1]
    order = sorted(
        (t for t in trials if t.counted and t.state in _ENDED),
        key=lambda trial: (trial.finished_ms or 0, trial.number),
    )
    standing = {trial.number for trial in comparable(job, trials)}
    accuracy: list[float] = []
    cost: list[float] = []
    volume, epochs, whole = 0.0, 0, 0
    found = []
    for ended, trial in enumerate(order, 1):
        epochs += trial.epoch
        whole += last if trial.saves else trial.epoch
        if trial.number in standing:
            accuracy.append(trial.accuracy or 0.0)
            cost.append(trial.cost(objective))
            kept = front_indices(accuracy, cost)
            accuracy, cost = [accuracy[i] for i in kept], [cost[i] for i in kept]
            volume = hypervolume(accuracy, cost, reference["accuracy"], reference["cost"])
        found.append(Step(trial.number, ended, epochs, whole, volume))
    return found


def seconds_left(job: Job, trials: Sequence[Result], driven: float) -> float | None:
    """About how long a running job will still take, at its own pace; None if that is unknown.

    Args:
        job: with its budget of trials, its rungs and its finalists' seeds.
        trials: of the job.
        driven: seconds that it was driven so far.
    """
    counted = [trial for trial in trials if trial.counted]
    ended = [trial for trial in counted if trial.state in _ENDED]
    again = [trial for trial in trials if trial.kind == "finalist"]
    passed = sum(trial.epoch for trial in [*counted, *again])
    if job.state != "running" or len(ended) < FEWEST or not passed:
        return None
    usual = sum(trial.epoch for trial in ended) / len(ended)
    left: float = usual * max(0, job.spec["search"]["trials"] - len(ended))
    left -= sum(trial.epoch for trial in counted if trial.state not in _ENDED)
    seconds = max(0.0, left + _repeats_left(job, trials, again)) * driven / passed
    limit = job.spec.get("budget", {}).get("wall_clock")
    return seconds if limit is None else min(seconds, max(0.0, 3600 * float(limit) - driven))


def _repeats_left(job: Job, trials: Sequence[Result], again: Sequence[Result]) -> float:
    """Epochs that finalists will take: known once they are there, else those of today's front."""
    last: int = job.details["rungs"][-1]
    if again:
        return sum(last - trial.epoch for trial in again if trial.state not in _ENDED)
    done = comparable(job, trials)
    objective = job.details["objective"]
    front = front_indices([t.accuracy or 0.0 for t in done], [t.cost(objective) for t in done])
    return len(front) * int(job.spec["finalists"]["seeds"]) * last
