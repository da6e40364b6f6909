"""Hyperparameters by name: what each accepts, and when it exists. No torch import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from search_spaces.architecture import Value
from search_spaces.errors import SpaceError, unknown


@dataclass(frozen=True)
class Axis:
    """One hyperparameter of a type.

    Attributes:
        name: the key in a job file and the constructor's keyword.
        default: the paper's value.
        accepts: whether a value is allowed.
        says: the allowed values in words, for messages.
        when: the axis exists only where another axis has one of these values.
        values: every allowed value of a closed axis; empty where the axis is open.
    """

    name: str
    default: Value
    accepts: Callable[[Value], bool]
    says: str
    when: tuple[str, tuple[Value, ...]] | None = None
    values: tuple[Value, ...] = ()

    def active(self, axes: Mapping[str, Value]) -> bool:
        """Whether this axis exists beside the given values of the others."""
        return self.when is None or axes.get(self.when[0]) in self.when[1]


def one_of(
    name: str, default: Value, *values: Value, when: tuple[str, tuple[Value, ...]] | None = None
) -> Axis:
    """An axis with a closed set of values."""
    return Axis(
        name,
        default,
        lambda value: any(value == v and type(value) is type(v) for v in values),
        ", ".join(str(v).lower() if isinstance(v, bool) else str(v) for v in values),
        when,
        values,
    )


def positive(name: str, default: int, *, when: tuple[str, tuple[Value, ...]] | None = None) -> Axis:
    """An axis of positive integers."""
    return Axis(name, default, lambda v: _integer(v) and v >= 1, "an integer from 1", when)  # type: ignore[operator]


def odd(
    name: str,
    default: Value,
    *,
    also: tuple[str, ...] = (),
    when: tuple[str, tuple[Value, ...]] | None = None,
) -> Axis:
    """An axis of odd kernel sizes; ``also`` names words allowed beside them."""
    words = "".join(f" or {word}" for word in also)
    return Axis(
        name,
        default,
        lambda v: v in also or (_integer(v) and v >= 1 and v % 2 == 1),  # type: ignore[operator]
        f"an odd integer from 1{words}",
        when,
    )


def _integer(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def resolve(owner: str, table: tuple[Axis, ...], given: Mapping[str, Value]) -> dict[str, Value]:
    """Fill in an owner's defaults and drop inactive axes; ``when`` may name an earlier axis only.

    Raises:
        SpaceError: for an unknown axis or a value that the axis refuses; ``path`` ends with the
            axis' name.
    """
    names = [axis.name for axis in table]
    for key in given:
        if key not in names:
            raise SpaceError(unknown(f"axis of {owner}", key, names), (key,))
    resolved: dict[str, Value] = {}
    for axis in table:
        value = given.get(axis.name, axis.default)
        if not axis.accepts(value):
            raise SpaceError(refused(owner, axis, value), (axis.name,))
        if axis.active(resolved):
            resolved[axis.name] = value
    return resolved


def refused(owner: str, axis: Axis, value: object) -> str:
    """The text for a value that an axis refuses."""
    return f"{owner}.{axis.name} is {value!r}; allowed: {axis.says}"
