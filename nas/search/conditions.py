"""Which parameters bring which others into being, learned from the trials of a study.

A study that is defined by running it never says when a parameter is asked; its trials show it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas.search.encoding import ABSENT, Codes, Encoding, Rule

#: Trials looked at; rules that these don't show are rare.
MOST = 1000


def explains(encoding: Encoding, codes: Codes) -> bool:
    """Whether the rules of an encoding predict exactly what was asked in these trials."""
    full = np.where(codes >= 0, codes, 0).astype(np.int16)
    return bool(((encoding.activate(full) >= 0) == (codes >= 0)).all())


def learn_rules(codes: Codes, names: Sequence[str]) -> tuple[tuple[Rule, ...], ...]:
    """Rules for each column, from earlier columns only.

    For a column that is sometimes absent, the earlier column whose values tell most absences from
    the presences becomes a rule, of equals the one whose name is most alike; then the next one for
    what is left (a conjunction).

    Args:
        codes: trials by columns, ``ABSENT`` where a parameter was not asked.
        names: of the columns.
    """
    codes = codes[-MOST:]
    return tuple(_rules_of(codes, column, names) for column in range(codes.shape[1]))


def _rules_of(codes: Codes, column: int, names: Sequence[str]) -> tuple[Rule, ...]:
    present = codes[:, column] != ABSENT
    open_rows = ~present
    rules: list[Rule] = []
    while open_rows.any() and present.any() and column:
        told = [_told_apart(codes[:, parent], present, open_rows) for parent in range(column)]
        alike = [_alike(name, names[column]) for name in names[:column]]
        best = max(range(column), key=lambda parent: (told[parent].sum(), alike[parent]))
        if not told[best].any():
            break
        with_it = codes[present, best]
        rules.append((best, frozenset(int(v) for v in np.unique(with_it))))
        open_rows = open_rows & ~told[best]
    return tuple(rules)


def _told_apart(
    parent: NDArray[np.int16], present: NDArray[np.bool_], open_rows: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Rows without the column in which the parent has a value it never had beside the column."""
    beside = np.unique(parent[present])
    if ABSENT in beside:
        return np.zeros(len(parent), dtype=bool)
    return open_rows & ~np.isin(parent, beside)


def _alike(left: str, right: str) -> int:
    """How many characters two names begin with alike."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(left), len(right)))
