"""What the analysis says about a trial: which one to take, how sure its accuracy is."""

from __future__ import annotations

from collections.abc import Mapping

from nas.analysis.front import front, point_of, repeats_of
from nas.analysis.picks import Picked, pick
from nas.export.facts import Repeats
from nas.export.trained import check_any_finished
from nas.store.records import Job, Trial
from nas.store.store import Store


def picked_trial(
    store: Store, job: Job, word: str, under: Mapping[str, float] | None = None
) -> Picked:
    """The point of the front that a rule of ``nas.analysis.picks`` names.

    Args:
        store: of the job.
        job: to pick from.
        word: the rule.
        under: limits by cost name.

    Raises:
        NothingToExport: if no trial of the job has finished under them.
    """
    check_any_finished(store, job)
    return pick(front(store, job, under), word)


def repeats(store: Store, job: Job, trial: Trial) -> Repeats | None:
    """What further seeds say of a trial's architecture; None without any, or on another recipe."""
    if trial.recipe is not None:
        return None
    trials = store.trials.list(job.id)
    number = trial.number if trial.origin is None else trial.origin
    again = repeats_of(trials)
    if number not in again:
        return None
    point = point_of(next(t for t in trials if t.number == number), again)
    tested = all(t.test_accuracy is not None for t in again[number])
    return Repeats(
        seeds=point.seeds,
        accuracy=point.best_estimate,
        low=point.accuracy_low,
        high=point.accuracy_high,
        test_accuracy=point.test_accuracy if tested else None,
    )
