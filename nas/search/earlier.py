"""What other studies saw of the same parameters, as an expectation that this one corrects.

An old study may have trained for fewer epochs, with another recipe or on other data. Its results
say something about this study, or nothing; only this study's own trials can tell. So they are no
observations: a surrogate of their own predicts what they expect of any architecture, that
expectation is regressed on what this study saw, and the study's surrogate models what is left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from optuna.study import StudyDirection

from nas.search.encoding import Codes, Encoding, Floats
from nas.search.features import FeatureMap
from nas.search.observations import Knowledge
from nas.search.rungs import at_last_rung
from nas.search.surrogate import GaussianProcess

#: Results that the surrogate of the old studies takes in; an even choice of more.
MOST_RESULTS = 400

#: What the old results are believed to say before this study has trials, and what that weighs in
#: trials: as for rungs, but believed less.
_PRIOR_CORRELATION = 0.7
_PRIOR_TRIALS = 2.0


class Earlier:
    """Expected accuracies of any architecture, on the scale of the old studies' best fidelity.

    Args:
        encoding: of the codes.
        codes: what the old studies trained.
        numbers: what is known of those architectures.
        reports: of each, fidelity to accuracy, up is better.
    """

    def __init__(
        self,
        encoding: Encoding,
        codes: Codes,
        numbers: Floats,
        reports: list[dict[int, float]],
    ) -> None:
        # The first known number is the cost where that is known, else what else tells of size.
        size = numbers[:, 0] if numbers.shape[1] else np.full(len(reports), np.nan)
        y, extra = at_last_rung(reports, size)
        if len(y) > MOST_RESULTS:
            keep = np.linspace(0, len(y) - 1, MOST_RESULTS).astype(np.int64)
            codes, numbers, y, extra = codes[keep], numbers[keep], y[keep], extra[keep]
        #: Variance of what they saw.
        best = y[extra == 0]
        self.spread = float(np.var(best if len(best) > 1 else y))
        self._map = FeatureMap(encoding, numbers)
        self._process = GaussianProcess()
        design = self._map.design(codes, numbers)
        self._process.tune(design, y, extra)
        self._process.condition(design, y, extra)

    @classmethod
    def read(
        cls,
        results: Iterable[tuple[Mapping[str, Any], Mapping[int, float]]],
        encoding: Encoding,
        knowledge: Knowledge,
        direction: StudyDirection,
    ) -> Earlier | None:
        """From parameters with accuracies; None of fewer than two different architectures."""
        sign = 1.0 if direction == StudyDirection.MAXIMIZE else -1.0
        codes: dict[bytes, Codes] = {}
        numbers: dict[bytes, Floats] = {}
        reports: dict[bytes, dict[int, float]] = {}
        for params, seen in results:
            row, known = encoding.encode(dict(params)), knowledge.of(dict(params))
            if known is None or not seen:
                continue
            key = row.tobytes()
            codes[key], numbers[key] = row, known[1]
            reports.setdefault(key, {}).update({f: sign * y for f, y in seen.items()})
        if len(codes) < 2:
            return None
        rows, facts = np.stack(list(codes.values())), np.stack(list(numbers.values()))
        return cls(encoding, rows, facts, list(reports.values()))

    def expects(self, codes: Codes, numbers: Floats) -> Floats:
        """Accuracy of each architecture."""
        return self._process.predict(self._map.design(codes, numbers))[0]


class Lift:
    """An expectation on this study's scale: regressed on its own trials, with a prior for few.

    The slope falls to 0 where the old studies say nothing, so that nothing of them remains.

    Args:
        earlier: the old studies.
        codes: of this study's trials.
        numbers: of this study's trials.
        y: their accuracies.
    """

    def __init__(self, earlier: Earlier, codes: Codes, numbers: Floats, y: Floats) -> None:
        self._earlier = earlier
        expected = earlier.expects(codes, numbers)
        self._centre = float(expected.mean())
        x, y = expected - self._centre, y - y.mean()
        scale = max(earlier.spread, 1e-12)
        spread, pull = float(np.var(y)), _PRIOR_TRIALS * scale
        believed = _PRIOR_CORRELATION * np.sqrt(spread / scale)
        weight = (x**2).sum() + pull
        slope = ((x * y).sum() + pull * believed) / weight
        left = ((y - slope * x) ** 2).sum() + _PRIOR_TRIALS * spread * (1 - _PRIOR_CORRELATION**2)
        doubt = left / (len(y) + _PRIOR_TRIALS) / weight
        self._slope = float(slope * max(0.0, 1 - doubt / max(slope**2, 1e-24)))

    def of(self, codes: Codes, numbers: Floats) -> Floats:
        """What to add to a surrogate of the rest."""
        return self._slope * (self._earlier.expects(codes, numbers) - self._centre)
