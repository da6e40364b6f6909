"""Which trials of jobs may be on a front, found by the database: only those are read whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select

from nas.store.records import SEARCHED
from nas.store.schema import trials


@dataclass(frozen=True)
class Race:
    """What trials are ranked by, beside accuracy.

    Attributes:
        objective: the cost.
        limits: upper ones by cost name; a cost that was never measured keeps them.
        under: further ones, which it doesn't keep.
    """

    objective: str
    limits: tuple[tuple[str, float], ...] = ()
    under: tuple[tuple[str, float], ...] = ()

    def select(self, job_ids: Collection[int]) -> Select[int]:
        """Ids of finished trials than which none of their job is more accurate at no higher cost.

        All of the front is among them, and everyone who is as accurate as the best.
        """
        cost = trials.c[self.objective]
        best = func.max(trials.c.accuracy).over(partition_by=trials.c.job_id, order_by=cost)
        ranked = (
            select(trials.c.id, trials.c.accuracy, best.label("best"))
            .where(
                trials.c.job_id.in_(job_ids),
                trials.c.kind.in_(SEARCHED),
                trials.c.state == "done",
                trials.c.accuracy.is_not(None),
                cost.is_not(None),
                *self._within(),
            )
            .subquery()
        )
        return select(ranked.c.id).where(ranked.c.accuracy == ranked.c.best)

    def _within(self) -> list[ColumnElement[bool]]:
        kept = [func.coalesce(trials.c[name], 0) <= limit for name, limit in self.limits]
        return [*kept, *(trials.c[name] <= limit for name, limit in self.under)]
