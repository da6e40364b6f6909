"""How far apart two repeated trainings must be before their difference means something."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from nas.analysis.intervals import CONFIDENCE, Interval, t_probability, t_quantile
from nas.analysis.moderation import prior_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Accuracy by seed.
Runs = Mapping[int, float]

#: How often the seeds' effects are fitted again, with noisy architectures counting less.
_REFITS = 1


@dataclass(frozen=True)
class Noise:
    """What is left of the accuracies' spread beside architecture and seed.

    Attributes:
        variances: of one run, by trial: its own, moderated by all others'.
        freedoms: degrees of freedom of each.
        variance: of one run, pooled over all repeated architectures.
        freedom: degrees of freedom of all runs together; none of ``freedoms`` is above it.
    """

    variances: Mapping[int, float]
    freedoms: Mapping[int, float]
    variance: float
    freedom: int

    def resolution(self, seeds: int, comparisons: int) -> float:
        """The smallest difference of two typical architectures that is separable.

        Args:
            seeds: that both have.
            comparisons: of which it is the one with the lowest p-value.
        """
        confidence = 1 - (1 - CONFIDENCE) / max(1, comparisons)
        freedom = min(self.freedom, 2 * median(self.freedoms.values()))
        error = math.sqrt(2 * median(self.variances.values()) / seeds)
        return t_quantile(freedom, confidence) * error


@dataclass(frozen=True)
class Difference:
    """One architecture's accuracy minus another's, in shares.

    Attributes:
        mean: over the seeds that both have.
        low: of the 95 % interval of this comparison alone; None where there is no interval.
        high: its other end.
        probability: two-sided p-value of no difference; None without an interval.
        seeds: how many seeds both have.
    """

    mean: float
    low: float | None = None
    high: float | None = None
    probability: float | None = None
    seeds: int = 0


def noise_of(runs: Mapping[int, Runs]) -> Noise | None:
    """The noise of each architecture's runs: accuracy = architecture + seed + noise.

    A randomised block design with the seeds as blocks (Montgomery, Design and Analysis of
    Experiments, section 4.1), fitted by least squares so that a missing repeat does no harm. A net
    of width 2 varies several times as much as one of width 8, yet three seeds hardly measure a
    variance; so each is drawn towards the others' (``nas.analysis.moderation``), which are first
    scaled to its level of accuracy as a count's variance would be.

    Args:
        runs: accuracy by seed for each repeated trial.

    Returns:
        None where nothing is left to estimate noise from: a single seed or a single trial.
    """
    cells = [(t, seed, value) for t, by_seed in runs.items() for seed, value in by_seed.items()]
    trials = sorted({trial for trial, _, _ in cells})
    weights, scale = dict.fromkeys(trials, 1.0), {t: _binomial(runs[t]) for t in trials}
    squares, freedoms = _left(cells, weights)
    whole = round(sum(freedoms.values()))
    pooled = sum(squares.values()) / whole if whole else 0.0
    if pooled < 1e-18:
        return None if not whole else Noise(squares, freedoms, 0.0, whole)
    moderated: dict[int, float] = {}
    for _ in range(1 + _REFITS):
        squares, freedoms = _left(cells, weights)
        known = [t for t in trials if freedoms[t] > 1e-6]
        own = {t: squares[t] / freedoms[t] / scale[t] if t in known else 0.0 for t in trials}
        prior = prior_of([own[t] for t in known], [freedoms[t] for t in known])
        moderated = {t: scale[t] * prior.moderated(own[t], freedoms[t]) for t in trials}
        weights = {t: pooled / moderated[t] for t in trials}
    reach = {t: min(float(whole), prior.freedom + freedoms[t]) for t in trials}
    return Noise(moderated, reach, pooled, whole)


def compare(runs: Mapping[int, Runs], one: int, other: int, noise: Noise) -> Difference | None:
    """The difference of two trials over the seeds that both have, paired by seed.

    Its variance is the sum of the two moderated ones; its degrees of freedom are Satterthwaite's
    (Biometrics Bulletin 2, 1946), at most those of all runs.

    Returns:
        None if no seed is common or nothing varies at all.
    """
    mine, theirs = runs.get(one, {}), runs.get(other, {})
    common = sorted(mine.keys() & theirs.keys())
    if not common:
        return None
    a, b = noise.variances[one], noise.variances[other]
    if a + b < 1e-18:
        return None
    parts = a * a / noise.freedoms[one] + b * b / noise.freedoms[other]
    freedom = min(float(noise.freedom), (a + b) ** 2 / parts)
    mean = fmean(mine[seed] - theirs[seed] for seed in common)
    error = math.sqrt((a + b) / len(common))
    half = t_quantile(freedom) * error
    probability = t_probability(mean / error, freedom)
    return Difference(mean, mean - half, mean + half, probability, len(common))


def interval(runs: Mapping[int, Runs], trial: int, noise: Noise) -> Interval | None:
    """A repeated trial's mean with the interval that its moderated variance gives."""
    values = list(runs.get(trial, {}).values())
    if not values or noise.variances.get(trial, 0.0) < 1e-18:
        return None
    mean, sd = fmean(values), math.sqrt(noise.variances[trial])
    half = t_quantile(noise.freedoms[trial]) * sd / math.sqrt(len(values))
    return Interval(mean, sd, mean - half, mean + half, len(values))


def _binomial(values: Runs) -> float:
    """How variances rise with errors, to a factor: as those of counts do."""
    level = min(0.99, max(0.01, fmean(values.values())))
    return level * (1 - level)


def _left(
    cells: Sequence[tuple[int, int, float]], weights: Mapping[int, float]
) -> tuple[dict[int, float], dict[int, float]]:
    """Squares and degrees of freedom that a weighted fit leaves to each trial."""
    if len(cells) < 2:
        return dict.fromkeys(weights, 0.0), dict.fromkeys(weights, 0.0)
    import numpy as np

    trials, seeds = sorted(weights), sorted({seed for _, seed, _ in cells})
    design = np.zeros((len(cells), len(trials) + len(seeds)))
    for row, (trial, seed, _) in enumerate(cells):
        design[row, trials.index(trial)] = design[row, len(trials) + seeds.index(seed)] = 1
    root = np.sqrt([weights[trial] for trial, _, _ in cells])
    values = np.array([value for _, _, value in cells])
    basis = _basis(design * root[:, None])
    scaled = root * (values - values.mean())
    residual = (scaled - basis @ (basis.T @ scaled)) / root
    free = 1 - (basis**2).sum(axis=1)
    squares, freedoms = dict.fromkeys(trials, 0.0), dict.fromkeys(trials, 0.0)
    for (trial, _, _), left, share in zip(cells, residual, free, strict=True):
        squares[trial] += float(left) ** 2
        freedoms[trial] += max(0.0, float(share))
    return squares, freedoms


def _basis(design: NDArray[Any]) -> NDArray[Any]:
    """Orthonormal columns that span the design's, whose columns depend on each other."""
    import numpy as np

    left, sizes, _ = np.linalg.svd(design, full_matrices=False)
    return left[:, sizes > 1e-9 * sizes.max()]
