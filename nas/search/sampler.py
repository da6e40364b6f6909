"""An Optuna sampler for studies whose second objective is known before a trial is run."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from nas.search.acquisition import Scale
from nas.search.candidates import Breeder, Candidates, first_choice
from nas.search.earlier import Earlier
from nas.search.encoding import Codes, Declared
from nas.search.guide import Guide, Memory
from nas.search.observations import Knowledge, Observation, Observations, Params, choices

Direction = Literal["minimize", "maximize"]

#: Candidates kept from one ask to the next, and children made in each of the rounds of one.
POOL, CHILDREN, ROUNDS = 300, 120, 3
#: Candidates of the start: at random, before their mutations towards both ends of the cost.
START_POOL = 200
#: Chance decides among candidates from this share of the best score on.
ALMOST = 0.95
#: Candidates of the pool that are parents beside the front.
POOL_PARENTS = 30


class KnownCostSampler(BaseSampler):
    """Suggest what is expected to widen the front most, given every candidate's exact cost.

    Only the first objective (accuracy, or an error: the study's direction decides) is modelled: by
    a Gaussian process over the choices, their pairs, and what is known of an architecture. The
    first trials are spread over the cost axis. Later ones maximise the expected hypervolume
    improvement over mutations and crossings of the front and random draws, none of them tried
    before. Running trials count as if they had reached what is expected of them; trials
    told as failed, or with a violated constraint, are kept away from; user attributes
    ``rung:EPOCH`` with an accuracy inform the model at lower fidelity.

    Works through ``study.optimize`` and ``study.ask``, with conditional parameters too: which
    parameter brings which into being is learned from the trials unless ``space`` declares it.
    With one objective only, ``cost`` is one more thing known, and expected improvement decides.

    Args:
        cost: a candidate's cost by its parameters; it may raise KeyError where one is missing.
            None where costs can only be measured: then they are predicted, from the values that
            trials were told with or their user attribute ``cost``.
        cost_direction: of the second objective.
        seed: of all draws, with the number of the trial: a restart does not repeat them.
        space: the parameters, to have them from the first trial on: distributions by name, or
            declared ones with their conditions (``SearchSpace.parameters()``).
        features: more numbers that are known of a candidate: parameters, FLOPs, counts.
        allowed: False for what must not be suggested (over a limit).
        earlier: parameters, and accuracies by fidelity (whole numbers; higher ones are closer to
            this study), that other studies saw: shorter trainings, other data. They inform the
            model as far as this study's own trials confirm them; ``space`` must be given.
        start: trials that are spread over the cost axis before the model decides.
        cost_scale: of the cost axis on which area is measured; ``auto`` takes logs where the costs
            span more than a decade.
    """

    def __init__(
        self,
        cost: Callable[[Params], float] | None,
        cost_direction: Direction = "minimize",
        seed: int = 0,
        *,
        space: Mapping[str, BaseDistribution] | Iterable[Declared] | None = None,
        features: Callable[[Params], Sequence[float]] | None = None,
        allowed: Callable[[Params], bool] | None = None,
        earlier: Iterable[tuple[Mapping[str, Any], Mapping[int, float]]] = (),
        start: int = 5,
        cost_scale: Literal["auto", "linear", "log"] = "auto",
    ) -> None:
        for name, given, allowed_words in (
            ("cost_direction", cost_direction, ("minimize", "maximize")),
            ("cost_scale", cost_scale, ("auto", "linear", "log")),
        ):
            if given not in allowed_words:
                raise ValueError(f"{name} is {given!r}; allowed: {', '.join(allowed_words)}")
        for name, number in (("seed", seed), ("start", start)):
            if not isinstance(number, int | np.integer) or number < 0:
                raise ValueError(f"{name} is {number!r}; allowed: integers from 0")
        if cost is not None and not callable(cost):
            raise ValueError(f"cost is {cost!r}; allowed: a function of the parameters, None")
        self._direction = cost_direction
        self._sign = 1.0 if cost_direction == "minimize" else -1.0
        self._knowledge = Knowledge(cost, self._sign, features, allowed)
        self._mapping: Mapping[str, BaseDistribution] | None = None
        self._listed: tuple[Declared, ...] | None = None
        if isinstance(space, Mapping):
            self._mapping = space
        elif space is not None:
            self._listed = tuple(space)
        self._results = tuple(earlier)
        self._earlier: Earlier | None = None
        if self._results and space is None:
            raise ValueError("earlier results need a space: the parameters that they are of")
        self._seed, self._start = seed, start
        self._scale: Scale = cost_scale
        self._lock = threading.RLock()
        self._pool: Candidates | None = None
        self._forget(None)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Every parameter declared or seen so far."""
        self._check(study)
        with self._lock:
            if self._of != _identity(study):
                self._forget(study)
            self._observed.update(study, trial.number)
            return dict(self._observed.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The next architecture; empty as long as no parameter is known."""
        with self._lock:
            if not search_space:
                return {}
            row = self._choose(study, self._rng(trial.number))
            if row is None:
                return {}
            self._observed.promise(trial.number, row)
            return self._observed.encoding.decode(row)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A random value of a parameter never met before."""
        self._check(study)
        values = choices(param_name, param_distribution)
        rng = self._rng(trial.number, zlib.crc32(param_name.encode()))
        return values[int(rng.integers(len(values)))]

    def reseed_rng(self) -> None:
        """Nothing to do: draws depend on the number of the trial."""

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()

    def _choose(self, study: Study, rng: np.random.Generator) -> Codes | None:
        trials = [t for t in self._observed.trials if t is not None and t.state != "refused"]
        encoding = self._observed.encoding
        breeder = Breeder(encoding, self._knowledge, rng, self._is_known)
        if self._starts(trials):
            tried = np.array([t.codes for t in trials], dtype=np.int16)
            tried = tried.reshape(len(trials), len(encoding.names))
            pool = breeder.spread(START_POOL, tried)
            if breeder.unknown > len(pool) or not len(pool):
                return None
            self._pool = pool
            costs = np.array([t.cost for t in trials])
            place = first_choice(pool, breeder.usual, costs, encoding.missing(tried))
            row: Codes = pool.codes[place]
            return row
        scale: Scale = self._scale if len(study.directions) > 1 else "none"
        if self._results and self._earlier is None:
            self._earlier = Earlier.read(
                self._results, encoding, self._knowledge, study.directions[0]
            )
        guide = Guide(encoding, trials, self._memory, scale, self._earlier)
        return self._best(guide, breeder, rng)

    def _starts(self, trials: Sequence[Observation]) -> bool:
        """Whether the model has too little to go by, or conditional parameters may still hide."""
        told = sum(t.state != "failed" and bool(t.reports) for t in trials)
        if len(trials) < self._start or told < 2:
            return True
        if self._observed.declared or len(trials) >= 3 * self._start:
            return False
        if not any(self._observed.encoding.rules):
            return False
        missing = self._observed.encoding.missing(np.stack([t.codes for t in trials]))
        return any(map(len, missing))

    def _best(self, guide: Guide, breeder: Breeder, rng: np.random.Generator) -> Codes | None:
        pool = self._pool
        if pool is None or pool.codes.shape[1] != guide.parents.shape[1]:
            pool = breeder.spread(START_POOL, guide.parents)
        else:
            pool = breeder.remember(pool)
        score = guide.score(pool) if len(pool) else np.zeros(0)
        for _ in range(ROUNDS):
            parents = guide.parents
            if len(pool):
                parents = np.concatenate([parents, pool.codes[:POOL_PARENTS]])
            children = breeder.children(parents, CHILDREN)
            if len(children):
                pool = pool.join(children)
                score = np.concatenate([score, guide.score(children)])
            order = np.argsort(-score, kind="stable")[:POOL]
            pool, score = pool.take(order), score[order]
        self._pool = pool
        if not len(pool):
            return None
        # Seeds differ in small spaces too, where every candidate is met whatever the draws.
        near = max(1, int((score >= ALMOST * score[0]).sum()))
        best: Codes = pool.codes[int(rng.integers(near))]
        return best

    def _is_known(self, key: bytes) -> bool:
        return key in self._observed.seen

    def _rng(self, *path: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *path])

    def _forget(self, study: Study | None) -> None:
        self._of = study and _identity(study)
        self._observed = Observations(self._knowledge, self._listed)
        self._observed.declare(self._mapping or {})
        self._pool = None
        self._earlier = None
        self._memory = Memory()

    def _check(self, study: Study) -> None:
        if len(study.directions) > 2:
            raise ValueError(
                f"the study has {len(study.directions)} objectives; KnownCostSampler takes two, "
                "the second of them the known cost, or one"
            )
        wanted = StudyDirection[self._direction.upper()]
        if len(study.directions) == 2 and study.directions[1] != wanted:
            raise ValueError(
                f"the study's second direction is {study.directions[1].name.lower()}, but the "
                f"sampler was made with cost_direction={self._direction!r}"
            )


def _identity(study: Study) -> tuple[int, int]:
    return id(study._storage), study._study_id
