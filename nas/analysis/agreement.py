"""Whether the search's order of architectures is that of their repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from nas.analysis.noise import Runs
from nas.store.records import Trial

if TYPE_CHECKING:
    from nas.analysis.fidelity import Estimate

#: Repeated trials below which nothing is said of their order.
FEWEST = 3


@dataclass(frozen=True)
class Agreement:
    """Searched accuracies against the means of the repeats.

    Attributes:
        tau: Kendall's rank correlation, with an interval where there are enough trials.
        trials: that were repeated.
    """

    tau: Estimate
    trials: int

    def to_dict(self) -> dict[str, float | int | None]:
        """JSON-ready."""
        tau = self.tau
        return {"tau": tau.value, "low": tau.low, "high": tau.high, "trials": self.trials}

    def sentence(self, measure: str) -> str:
        """``The search's order of the 12 repeated trials agrees with …``."""
        tau = self.tau
        told = f"{tau.value:.2f}"
        if tau.low is not None and tau.high is not None:
            told += f", {tau.low:.2f} to {tau.high:.2f}"
        told = told.replace("-", "−")
        level = (
            "agrees"
            if tau.value >= 0.6
            else "partly agrees"
            if tau.value >= 0.3
            else "hardly agrees"
        )
        return (
            f"The search's order of the {self.trials} repeated trials {level} with that of their "
            f"further seeds' {measure} accuracies (Kendall's rank correlation {told}; 1: the same)."
        )


def search_against_retrain(trials: Sequence[Trial], runs: Mapping[int, Runs]) -> Agreement | None:
    """The searched accuracies of the repeated trials against the means of their repeats.

    Args:
        trials: of the job.
        runs: accuracy by further seed, for each repeated trial.

    Returns:
        None with fewer than ``FEWEST`` repeated trials, or where all are equal.
    """
    searched = {t.number: t.accuracy for t in trials if t.accuracy is not None}
    numbers = [number for number, again in runs.items() if again and number in searched]
    if len(numbers) < FEWEST:
        return None
    import numpy as np

    from nas.analysis.fidelity import LEAST_TRIALS, RESAMPLES, rank_agreement

    before = np.array([searched[number] for number in numbers])
    after = np.array([fmean(runs[number].values()) for number in numbers])
    tau, _ = rank_agreement(before, after, RESAMPLES if len(numbers) >= LEAST_TRIALS else 0)
    return None if tau is None else Agreement(tau, len(numbers))
