"""Architectures side by side, of one job or of several, at equal epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nas.analysis.alike import Unlike, forbidden, unlike
from nas.analysis.comparisons import Evidence
from nas.analysis.front import Point, point_of, repeats_of
from nas.analysis.noise import Difference, Runs
from nas.analysis.people import difference_range
from nas.analysis.side_by_side import difference, repeats_runs, told_of
from nas.store.records import INHERITED, Job, ReportRow, Trial

#: In what jobs may differ without making their trainings differ.
_OF_THE_SEARCH = ("objective", "limits", "rungs", "space", "search", "budget")


@dataclass(frozen=True)
class Rival:
    """One architecture of a comparison.

    Attributes:
        job: that it belongs to, with the recipe that this trial was trained by.
        point: with what its repeats say.
        every: all trials of the job.
        runs: accuracy by seed of its repeats; ``measure`` says on which images.
        rungs: validation accuracy by epoch.
    """

    job: Job
    trial: Trial
    point: Point
    every: Sequence[Trial]
    runs: Runs
    measure: str
    rungs: Mapping[int, float]

    @property
    def name(self) -> str:
        """``digits:4``, as pages and the cache name a trial."""
        return f"{self.job.name}:{self.trial.number}"


@dataclass(frozen=True)
class Rivalry:
    """Two architectures or more.

    Attributes:
        epoch: the last at which all of them were measured; None without any.
        unlike: in what their trainings differ.
        differences: in accuracy, of each further one from the first: over repeats, else of one run
            each at ``epoch``; None where accuracies are not the same thing, or there are none.
        repeated: for each of them, whether it is over repeats.
    """

    rivals: tuple[Rival, ...]
    epoch: int | None
    unlike: tuple[Unlike, ...]
    differences: tuple[Difference | None, ...]
    repeated: tuple[bool, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it comes to, the answer first."""
        why = forbidden(self.unlike, "accuracy", "cause")
        told = [self._sentence(i) for i in range(len(self.differences))]
        if not why:
            return tuple(told)
        listed = "; ".join(map(told_of, why[:3]))
        return (f"Not comparable, as these differ: {listed}.", *told)

    def _sentence(self, index: int) -> str:
        first, other, apart = self.rivals[0], self.rivals[index + 1], self.differences[index]
        if apart is None:
            return f"{other.name} and {first.name} have no accuracies to compare."
        words = difference_range(apart.mean, apart.low, apart.high)
        told = f"{other.name} against {first.name}: {words} points of accuracy"
        if not self.repeated[index]:
            return f"{told}, one run each at epoch {self.epoch}: too little to tell them apart."
        if apart.low is None or apart.high is None:
            return f"{told} over repeats, too few for an interval."
        sure = "within the noise" if apart.low <= 0 <= apart.high else "more than noise"
        return f"{told} over {apart.seeds} further seeds: {sure}."


def rival(job: Job, trial: Trial, every: Sequence[Trial], rows: Sequence[ReportRow]) -> Rival:
    """Gather what is known of one architecture.

    Args:
        job: of the trial.
        trial: to compare.
        every: all trials of the job.
        rows: the trial's reports.
    """
    if trial.recipe is not None:
        job = replace(job, details={**job.details, "recipe": trial.recipe})
    runs, measure = repeats_runs(every, trial.number)
    rungs = {row.epoch: row.validation_accuracy for row in rows if row.epoch != INHERITED}
    return Rival(job, trial, point_of(trial, repeats_of(every)), every, runs, measure, rungs)


def rivalry(rivals: Sequence[Rival]) -> Rivalry:
    """Compare architectures with the first of them."""
    jobs = unlike([one.job for one in rivals])
    found = [one for one in jobs if one.what.partition(".")[0] not in _OF_THE_SEARCH]
    common = set.intersection(*(set(one.rungs) for one in rivals))
    epoch = max(common, default=None)
    apart = bool(forbidden(found, "accuracy"))
    pairs = [(None, False) if apart else _pair(rivals[0], one, epoch) for one in rivals[1:]]
    return Rivalry(
        tuple(rivals), epoch, tuple(found), tuple(d for d, _ in pairs), tuple(r for _, r in pairs)
    )


def _pair(first: Rival, other: Rival, epoch: int | None) -> tuple[Difference | None, bool]:
    """A difference, and whether it is over repeats."""
    if first.runs and other.runs and first.measure == other.measure:
        if first.job.id == other.job.id:
            evidence = Evidence.of(repeats_of(first.every))
            return evidence.difference(other.point, first.point), True
        return difference(other.runs, first.runs), True
    if epoch is None:
        return None, False
    return Difference(other.rungs[epoch] - first.rungs[epoch]), False
