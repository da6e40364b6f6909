"""What scores on inherited weights say of the accuracy at the last rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nas.store.records import INHERITED, ReportRow, Trial
from search_spaces.architecture import Architecture

if TYPE_CHECKING:
    from nas.analysis.fidelity import Estimate


@dataclass(frozen=True)
class Inherited:
    """Scores against accuracies at the last rung.

    Attributes:
        scored: trials with a score.
        epochs: that their inserted parts trained for it.
        trials: that were seen at the last rung too.
        tau: Kendall's rank correlation over these; None if it can't be told.
        within: the same over pairs on one backbone alone, where the backbone says nothing; None
            without such pairs.
    """

    scored: int
    epochs: int
    trials: int
    tau: Estimate | None
    within: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        tau = self.tau
        return {
            "scored": self.scored,
            "epochs": self.epochs,
            "trials": self.trials,
            "tau": tau.value if tau else None,
            "low": tau.low if tau else None,
            "high": tau.high if tau else None,
            "tau_within_backbones": self.within,
        }

    def sentence(self, budget: int) -> str:
        """For people."""
        told = (
            f"Inherited weights: {self.scored} trials were scored on those of their plain backbone "
            f"({self.epochs} epochs in all). "
        )
        if self.tau is None:
            return f"{told}Too few of them were trained for {budget} epochs to compare the order."
        tau = f"{self.tau.value:.2f}"
        if self.tau.low is not None and self.tau.high is not None:
            tau += f", {self.tau.low:.2f} to {self.tau.high:.2f}"
        inside = "" if self.within is None else f"; within one backbone {self.within:.2f}"
        told += (
            f"Over the {self.trials} that were also trained for {budget} epochs, the rank "
            f"correlation of both accuracies (Kendall's tau) is {tau}{inside}. Those were not "
            "drawn at random: only the audit decides whether a score prunes."
        )
        return told.replace(" -", " −")


def inherited(
    trials: Sequence[Trial], reports: Mapping[int, Sequence[ReportRow]], budget: int
) -> Inherited | None:
    """Compare scores with accuracies at the last rung.

    Args:
        trials: of the job.
        reports: by trial id.
        budget: epochs of the last rung.

    Returns:
        None if no trial was scored.
    """
    scores: dict[int, ReportRow] = {}
    ends: dict[int, float] = {}
    for trial in (trial for trial in trials if trial.searched):
        for row in reports.get(trial.id, ()):
            if row.epoch == INHERITED:
                scores[trial.number] = row
            elif row.epoch == budget:
                ends[trial.number] = row.validation_accuracy
    if not scores:
        return None
    both = [trial for trial in trials if trial.number in scores and trial.number in ends]
    pairs = [(scores[t.number].validation_accuracy, ends[t.number]) for t in both]
    epochs = sum(len(row.train_loss) for row in scores.values())
    tau, within = None, None
    if len(both) > 1:
        tau, within = _correlations(pairs, [_backbone(trial) for trial in both])
    return Inherited(len(scores), epochs, len(both), tau, within)


def _correlations(
    pairs: Sequence[tuple[float, float]], groups: Sequence[str]
) -> tuple[Estimate | None, float | None]:
    import numpy as np

    from nas.analysis.fidelity import LEAST_TRIALS, RESAMPLES, rank_agreement

    early, late = (np.array(column) for column in zip(*pairs, strict=True))
    tau, _ = rank_agreement(early, late, RESAMPLES if len(pairs) >= LEAST_TRIALS else 0)
    first, second = (np.sign(x[:, None] - x[None, :]) for x in (early, late))
    same = np.array(groups)[:, None] == np.array(groups)[None, :]
    untied = np.sqrt(np.abs(first)[same].sum() * np.abs(second)[same].sum())
    return tau, float((first * second)[same].sum() / untied) if untied else None


def _backbone(trial: Trial) -> str:
    return str(Architecture.from_json(trial.architecture).backbone)
