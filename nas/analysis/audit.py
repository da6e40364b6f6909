"""A job's fidelity audit: how well its rungs predicted the last one, and which still prune."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nas.store.records import INHERITED, Job, ReportRow, Trial
from nas.store.store import Store

if TYPE_CHECKING:
    from nas.analysis.fidelity import Estimate, Fidelity

COLUMNS = ("rung", "trials", "Kendall's tau (95 %)", "same order (95 %)", "prunes")


@dataclass(frozen=True)
class Audit:
    """Every rung but the last against the last, over the audited trials.

    Attributes:
        threshold: of Kendall's tau; see ``Fidelity.blind``.
        last: epochs of the last rung.
        begun: audited trials, finished or not.
        rungs: increasing; before them the scores on inherited weights, where there are any.
    """

    threshold: float
    last: int
    begun: int
    rungs: tuple[Fidelity, ...]

    @property
    def blind(self) -> tuple[Fidelity, ...]:
        """The rungs that prune nothing; scores on inherited weights are none."""
        rungs = (rung for rung in self.rungs if rung.rung != INHERITED)
        return tuple(rung for rung in rungs if rung.blind(self.threshold))

    def prunes(self, rung: Fidelity) -> bool:
        """Whether trials are stopped by it: scores only once it is proved, rungs until then."""
        if rung.rung == INHERITED:
            return rung.proven(self.threshold)
        return not rung.blind(self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "threshold": self.threshold,
            "begun": self.begun,
            "rungs": [
                {
                    "rung": rung.rung,
                    "trials": rung.trials,
                    **_ends("tau", rung.tau),
                    **_ends("same_order", rung.agreement),
                    "prunes": self.prunes(rung),
                }
                for rung in self.rungs
            ],
        }

    def rows(self) -> list[tuple[str, ...]]:
        """Under ``COLUMNS``, for people."""
        return [
            (
                _name(rung.rung),
                str(rung.trials),
                _range(rung.tau, 2, 1, ""),
                _range(rung.agreement, 0, 100, " %"),
                "yes" if self.prunes(rung) else "nothing",
            )
            for rung in self.rungs
        ]

    def sentence(self) -> str:
        """What the audit means for the search, in words."""
        from nas.analysis.fidelity import LEAST_TRIALS

        finished = max(rung.trials for rung in self.rungs if rung.rung != INHERITED)
        if finished < LEAST_TRIALS:
            return (
                f"Only {finished} audited trials have finished, of at least {LEAST_TRIALS} that it "
                "takes to say how well the rungs predict the end."
            )
        if self.blind:
            names = " and ".join(str(rung.rung) for rung in self.blind)
            one = len(self.blind) == 1
            return (
                f"The {'rung' if one else 'rungs'} at {names} of {self.last} epochs "
                f"{'does' if one else 'do'} not predict the end (Kendall's tau below "
                f"{self.threshold:g} over {finished} uniformly drawn trials), so "
                f"{'it prunes' if one else 'they prune'} nothing."
            )
        return (
            f"No rung's rank correlation with the end (Kendall's tau over {finished} uniformly "
            f"drawn trials) is below {self.threshold:g}, so every rung may prune."
        )


def job_audit(store: Store, job: Job, trials: Sequence[Trial]) -> Audit | None:
    """The audit of a job, from the reports that are recorded; None if no trial was audited."""
    ids = [trial.id for trial in trials if trial.audited]
    return audit_of(job, trials, store.trials.reports(job.id, ids) if ids else {})


def audit_of(
    job: Job, trials: Sequence[Trial], reports: Mapping[int, Sequence[ReportRow]]
) -> Audit | None:
    """The audit over these trials.

    Args:
        job: whose rungs and threshold count.
        trials: of the job.
        reports: by trial id.
    """
    from nas.analysis.fidelity import fidelities

    audited = [trial for trial in trials if trial.audited]
    scored = job.spec["search"].get("inherit", False)
    rungs = [INHERITED, *job.details["rungs"]] if scored else job.details["rungs"]
    if not audited or len(rungs) < 2:
        return None
    curves = [
        {row.epoch: row.validation_accuracy for row in reports.get(trial.id, ())}
        for trial in audited
    ]
    threshold = job.spec["search"]["audit"]["threshold"]
    return Audit(threshold, rungs[-1], len(audited), fidelities(curves, rungs))


def _name(rung: int) -> str:
    return {INHERITED: "inherited", 1: "1 epoch"}.get(rung, f"{rung} epochs")


def _ends(name: str, found: Estimate | None) -> dict[str, float | None]:
    ends = (found.value, found.low, found.high) if found else (None, None, None)
    return dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))


def _range(found: Estimate | None, digits: int, scale: float, unit: str) -> str:
    """``0.43 (−0.10 to 0.80)``, without what is not known."""
    if found is None:
        return "can't be told"
    words = f"{scale * found.value:.{digits}f}{unit}"
    if found.low is not None and found.high is not None:
        words += f" ({scale * found.low:.{digits}f} to {scale * found.high:.{digits}f})"
    return words.replace("-", "−")
