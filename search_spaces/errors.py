"""What can be wrong with a search space, its names or its values. No torch import."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SpaceError(ValueError):
    """A part of a search space is wrong.

    Attributes:
        path: where in the ``space`` section, as keys and indices:
            ``("attention", 0, "types", "se")``.
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path

    def under(self, *prefix: str | int) -> SpaceError:
        """The same error, its path seen from further up."""
        return SpaceError(str(self), (*prefix, *self.path))


class SpaceErrors(ValueError):  # noqa: N818 - holds several
    """Everything that is wrong with a search space, found in one go.

    Attributes:
        errors: at least one, in the order of the section.
    """

    def __init__(self, errors: Iterable[SpaceError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))

    def __reduce__(self) -> tuple[type[SpaceErrors], tuple[tuple[SpaceError, ...]]]:
        return SpaceErrors, (self.errors,)


def nearest(value: object, allowed: Iterable[object]) -> str:
    """`` (did you mean 'cbam'?)``, or nothing where no name is close."""
    near = difflib.get_close_matches(str(value), [str(name) for name in allowed], n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""


def unknown(what: str, value: object, allowed: Iterable[object]) -> str:
    """The text for an unknown name: what it was, the nearest spelling, what is allowed.

    Returns:
        ``unknown attention type 'cabm' (did you mean 'cbam'?); allowed: cbam, eca, …``
    """
    names = [str(name) for name in allowed]
    hint = nearest(value, names)
    return f"unknown {what} {str(value)!r}{hint}; allowed: {', '.join(names)}"
