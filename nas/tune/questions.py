"""What a Tune ``param_space`` asks: parameters with their conditions, and what is fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ray.tune.search.sample import Categorical
from ray.tune.search.variant_generator import parse_spec_vars

from nas.tune.space import SPACE, architecture_of, search_space_of
from search_spaces.architecture import Architecture
from search_spaces.errors import unknown
from search_spaces.space import Parameter

Config = dict[str, Any]

#: Types that a parameter's value may have: those of Optuna's categorical distribution.
_SCALARS = (str, int, float, bool)


@dataclass(frozen=True)
class Questions:
    """A ``param_space``, read.

    Attributes:
        parameters: with at least two values, those of the architecture with their conditions.
        fixed: keys with a value of their own.
        drawn: every key with a choice, also of a single value; a trial's config has them all.
    """

    parameters: tuple[Parameter, ...]
    fixed: Mapping[str, Any]
    drawn: Mapping[str, tuple[Any, ...]]

    @classmethod
    def of(cls, param_space: Mapping[str, Any]) -> Questions:
        """Read Tune's dictionary.

        Raises:
            ValueError: for a key that is not a choice or a plain value.
        """
        _, domains, grids = parse_spec_vars(dict(param_space))
        drawn = {_key(path): _values(_key(path), domain) for path, domain in [*domains, *grids]}
        drawn = {key: drawn[key] for key in param_space if key in drawn}
        fixed = {key: value for key, value in param_space.items() if key not in drawn}
        single = {key: values[0] for key, values in drawn.items() if len(values) == 1}
        parameters = _parameters(drawn, fixed | single)
        if not parameters:
            raise ValueError("param_space leaves nothing to choose; make it with nas.tune.space_of")
        return cls(parameters, fixed, drawn)

    def ask(self, choose: Callable[[str, tuple[Any, ...]], Any]) -> Config:
        """Answer every parameter that the earlier answers bring into being."""
        params: Config = {}
        for parameter in self.parameters:
            if all(params.get(name) in values for name, values in parameter.conditions):
                params[parameter.name] = choose(parameter.name, parameter.values)
        return params

    def suggestion(self, params: Mapping[str, Any]) -> Config:
        """Every drawn key, as Tune wants it: None where a parameter is not asked."""
        found: Config = {}
        for key, values in self.drawn.items():
            found[key] = params.get(key) if len(values) > 1 else values[0]
        return found

    def config(self, params: Mapping[str, Any]) -> Config:
        """The trial's config."""
        return {**self.fixed, **self.suggestion(params)}

    def params_of(self, point: Architecture | Mapping[str, Any]) -> Config:
        """The answers that lead to an architecture or a config.

        Raises:
            ValueError: if the point is not in the space, or a parameter is missing.
        """
        given: Mapping[str, Any]
        if isinstance(point, Architecture):
            given = search_space_of(self.fixed).params_of(point)
        else:
            given = {key: value for key, value in point.items() if value is not None}

        def choose(name: str, values: tuple[Any, ...]) -> Any:
            value = given.get(name)
            if not any(value == v and type(value) is type(v) for v in values):
                said = "is missing" if name not in given else f"is {value!r}"
                allowed = ", ".join(map(str, values))
                raise ValueError(f"points_to_evaluate: {name} {said}; allowed: {allowed}")
            return value

        for key in given:
            if key not in self.drawn and key not in self.fixed:
                raise ValueError(f"points_to_evaluate: {unknown('parameter', key, self.drawn)}")
        params = self.ask(choose)
        if isinstance(point, Architecture) and architecture_of(self.config(params)) != point:
            raise ValueError(f"points_to_evaluate: {point} is not in param_space")
        return params


def _key(path: tuple[Any, ...]) -> str:
    if len(path) > 1:
        text = ".".join(map(str, path))
        raise ValueError(
            f"param_space searches {text} inside of {path[0]}; KnownCostSearch takes choices at "
            "the top level alone"
        )
    return str(path[0])


def _values(key: str, domain: Any) -> tuple[Any, ...]:
    if not isinstance(domain, Categorical) or domain.is_grid():
        kind = "a grid search" if domain.is_grid() else f"a domain of type {type(domain).__name__}"
        raise ValueError(f"{key} is {kind}; KnownCostSearch takes tune.choice([...])")
    values = tuple(domain.categories)
    strange = [value for value in values if not isinstance(value, _SCALARS)]
    if strange:
        raise ValueError(f"{key} has the value {strange[0]!r}; allowed: text and numbers")
    return values


def _parameters(drawn: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Those with a choice: the architecture's in the order of a walk, then the others."""
    conditions: dict[str, tuple[Any, ...]] = {}
    if SPACE in known:
        for parameter in search_space_of(known).parameters():
            conditions[parameter.name] = parameter.conditions
    found = []
    of_architecture = [key for key in conditions if key in drawn]
    for key in [*of_architecture, *(key for key in drawn if key not in conditions)]:
        open_conditions = []
        possible = len(drawn[key]) > 1
        for name, values in conditions.get(key, ()):
            if name in known:
                possible = possible and known[name] in values
            else:
                open_conditions.append((name, values))
        if possible:
            found.append(Parameter(key, drawn[key], tuple(open_conditions)))
    return tuple(found)
