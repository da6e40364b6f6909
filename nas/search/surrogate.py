"""A Gaussian process over architectures, with hyperparameters by marginal likelihood."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from nas.search.encoding import Floats

#: Trials that hyperparameters are fitted to; more would move them little.
FIT_ROWS = 256

_NOISE_FLOOR = 1e-4
#: Standard deviation of the priors of log variances.
_PRIOR_WIDTH = 0.8


@dataclass(frozen=True)
class Design:
    """Rows of features in named blocks; every block has one variance.

    Attributes:
        rows: architectures by features.
        labels: of the blocks.
        block: the block of each feature.
    """

    rows: Floats
    labels: tuple[str, ...]
    block: NDArray[np.int64]

    def take(self, index: NDArray[np.int64]) -> Design:
        """Some of the rows."""
        return Design(self.rows[index], self.labels, self.block)


@dataclass(frozen=True)
class Hyper:
    """Log variances: of each block by label, of interactions, of the local term, of noise."""

    blocks: Mapping[str, float]
    pairs: float = math.log(0.3)
    local: float = math.log(0.05)
    noise: float = math.log(0.03)

    def vector(self, labels: Sequence[str]) -> Floats:
        """For the blocks of a design, new ones at their prior."""
        new = math.log(1 / max(1, len(labels)))
        blocks = [self.blocks.get(label, new) for label in labels]
        return np.array([*blocks, self.pairs, self.local, self.noise])


class GaussianProcess:
    """A linear model of the features and of all their products, as a kernel.

    With ``M = Σ_b v_b Φ_b Φ_bᵀ`` over the blocks of the design, the covariance is
    ``M + p M∘M + l exp(−d²/2)`` with ``d²`` the squared distance that goes with M: main effects,
    all pairwise interactions, and what only holds near by. On one-hot blocks M is a weighted match
    kernel. The variances maximise the marginal likelihood (Rasmussen and Williams 2006,
    equations 2.30 and 5.9) under log-normal priors, which keep it sane with few observations.

    Args:
        start: hyperparameters to begin with, those of an earlier fit.
    """

    def __init__(self, start: Hyper | None = None) -> None:
        self.hyper = start or Hyper({})

    def tune(self, design: Design, y: Floats, extra: Floats, steps: int = 20) -> None:
        """Fit the hyperparameters.

        Args:
            design: the observed architectures.
            y: observations, any scale.
            extra: noise variance beyond the common one, in units of y².
            steps: of L-BFGS.
        """
        if len(y) > FIT_ROWS:
            keep = np.unique(np.linspace(0, len(y) - 1, FIT_ROWS).astype(np.int64))
            design, y, extra = design.take(keep), y[keep], extra[keep]
        _, scale, target = _standard(y, extra)
        prior = Hyper({}).vector(design.labels)
        found = minimize(
            _objective,
            self.hyper.vector(design.labels),
            args=(design, target, extra / scale**2, prior),
            jac=True,
            method="L-BFGS-B",
            bounds=[(value - 6, value + 6) for value in prior],
            options={"maxiter": steps},
        )
        if np.isfinite(found.x).all():
            *blocks, pairs, local, noise = found.x.tolist()
            named = dict(zip(design.labels, blocks, strict=True))
            self.hyper = Hyper({**self.hyper.blocks, **named}, pairs, local, noise)

    def condition(self, design: Design, y: Floats, extra: Floats) -> None:
        """Take in observations under the present hyperparameters; arguments as of ``tune``."""
        self._centre, self._scale, self._target = _standard(y, extra)
        theta = self.hyper.vector(design.labels)
        self._weights = np.exp(theta[: len(design.labels)])[design.block]
        self._pairs, self._local = math.exp(theta[-3]), math.exp(theta[-2])
        self._known = design.rows * self._weights
        self._norms = (self._known * design.rows).sum(axis=1)
        covariance = self._covariance(design.rows @ self._known.T, self._norms)
        self._common = _NOISE_FLOOR + math.exp(theta[-1])
        self._noise = self._common + extra / self._scale**2
        covariance[np.diag_indices_from(covariance)] += self._noise
        self._lower = safe_cholesky(covariance)
        self._alpha = cho_solve((self._lower, True), self._target)

    def predict(self, design: Design) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the noise-free value of each row."""
        norms = (design.rows**2 * self._weights).sum(axis=1)
        cross = self._covariance(design.rows @ self._known.T, norms)
        mean = cross @ self._alpha
        half = solve_triangular(self._lower, cross.T, lower=True, check_finite=False)
        prior = norms + self._pairs * norms**2 + self._local
        variance = np.maximum(prior - (half**2).sum(axis=0), 1e-10)
        return self._centre + self._scale * mean, self._scale * np.sqrt(variance)

    @property
    def noise(self) -> float:
        """Variance of an observation without ``extra``, in units of y²."""
        return self._scale**2 * self._common

    def without_own(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each observed row's noise-free value without its own y.

        Leave-one-out, from the inverse covariance (Rasmussen and Williams 2006, equation 5.12).
        """
        precision = np.diag(cho_solve((self._lower, True), np.eye(len(self._lower))))
        mean = self._target - self._alpha / precision
        variance = np.maximum(1 / precision - self._noise, 1e-10)
        return self._centre + self._scale * mean, self._scale * np.sqrt(variance)

    def _covariance(self, inner: Floats, norms: Floats) -> Floats:
        # In two arrays: more of this size would not stay in the processor's cache.
        near = norms[:, None] + self._norms[None, :]
        both = 2 * inner
        near -= both
        np.maximum(near, 0, out=near)
        near *= -0.5
        np.exp(near, out=near)
        near *= self._local
        np.square(inner, out=both)
        both *= self._pairs
        both += inner
        both += near
        return both


def safe_cholesky(matrix: Floats) -> Floats:
    """The lower factor; a matrix that rounding made indefinite gets a little more diagonal."""
    jitter = 0.0
    for _ in range(8):
        try:
            lower: Floats = cholesky(matrix + jitter * np.eye(len(matrix)), lower=True)
            return lower
        except np.linalg.LinAlgError:
            jitter = max(10 * jitter, 1e-8 * float(np.mean(np.diag(matrix))))
    raise np.linalg.LinAlgError("the covariance of the observations is not positive definite")


def _standard(y: Floats, extra: Floats) -> tuple[float, float, Floats]:
    """Centre, scale and what they make of y; what is less certain weighs less."""
    sure = extra <= extra.min()
    usual = float(np.var(y[sure])) or 1.0
    weight = usual / (usual + extra)
    centre = float(np.average(y, weights=weight))
    scale = math.sqrt(float(np.average((y - centre) ** 2, weights=weight))) or 1.0
    return centre, scale, (y - centre) / scale


def _objective(
    theta: Floats, design: Design, y: Floats, extra: Floats, prior: Floats
) -> tuple[float, Floats]:
    """Minus the log posterior of the hyperparameters, and its gradient."""
    count = len(design.labels)
    weights = np.exp(theta[:count])[design.block]
    pairs, local, noise = np.exp(theta[count:])
    inner = (design.rows * weights) @ design.rows.T
    norms = np.diag(inner)
    near = np.exp(-0.5 * np.maximum(norms[:, None] + norms[None, :] - 2 * inner, 0))
    covariance = inner + pairs * inner**2 + local * near
    covariance[np.diag_indices_from(covariance)] += _NOISE_FLOOR + noise + extra
    try:
        factor = cho_factor(covariance, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return 1e10, np.zeros_like(theta)
    alpha = cho_solve(factor, y)
    pull = np.outer(alpha, alpha) - cho_solve(factor, np.eye(len(y)))
    by_inner = pull * (1 + 2 * pairs * inner)
    through = pull * local * near
    # d² moves with both norms and with -2 inner, which gives back twice the same weight.
    by_inner = by_inner + through
    by_inner[np.diag_indices_from(by_inner)] -= through.sum(axis=1)
    by_feature = weights * ((by_inner @ design.rows) * design.rows).sum(axis=0)
    slope = np.empty_like(theta)
    slope[:count] = np.bincount(design.block, by_feature, minlength=count)
    slope[count] = pairs * (pull * inner**2).sum()
    slope[count + 1] = (pull * local * near).sum()
    slope[count + 2] = noise * np.trace(pull)
    off = (theta - prior) / _PRIOR_WIDTH
    fit = -0.5 * y @ alpha - np.log(np.diag(factor[0])).sum()
    return float(-fit + 0.5 * off @ off), -0.5 * slope + off / _PRIOR_WIDTH
