"""Some of a job's trials, in an order: one page of them with one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, or_, select

from nas.errors import UsageProblem, did_you_mean
from nas.store.schema import TRIAL_KINDS, TRIAL_STATES, trials

#: Name in the query -> what is ordered.
SORTS: dict[str, ColumnElement[object]] = {
    "trial": trials.c.number,
    "accuracy": trials.c.accuracy,
    "test_accuracy": trials.c.test_accuracy,
    "forward_flops": trials.c.forward_flops,
    "parameters": trials.c.parameters,
    "latency_ms": trials.c.latency_ms,
    "epoch": trials.c.epoch,
    "state": trials.c.state,
    "kind": trials.c.kind,
    "finished": trials.c.finished_ms,
}

#: Trials of a page: usual, and at most.
SIZE, MOST = 25, 1000

_KEYS = ("page", "size", "sort", "state", "kind", "type", "text")


@dataclass(frozen=True)
class TrialQuery:
    """What to look for.

    Attributes:
        state: of the trials; empty: any. ``kind`` likewise.
        type: of attention that they have at some place; empty: any.
        text: words that must all occur in the architecture, the label, the reason or the number.
        sort: a key of ``SORTS``; failed trials come last in any order, then unknown values.
        descending: the highest first.
        page: from 1.
        size: trials of a page; None: all of them.
    """

    state: str = ""
    kind: str = ""
    type: str = ""
    text: str = ""
    sort: str = "trial"
    descending: bool = False
    page: int = 1
    size: int | None = SIZE

    @classmethod
    def of(cls, given: Mapping[str, str]) -> TrialQuery:
        """From an address: the attributes by name; ``sort`` with ``-`` in front: the highest first.

        Raises:
            UsageProblem: naming the key, the value and what is allowed.
        """
        unknown = next((key for key in given if key not in _KEYS), None)
        if unknown is not None:
            _refuse("key", unknown, _KEYS)
        sort = given.get("sort") or "trial"
        found = cls(
            state=_one_of("state", given.get("state", ""), TRIAL_STATES),
            kind=_one_of("kind", given.get("kind", ""), TRIAL_KINDS),
            type=given.get("type", "").strip(),
            text=given.get("text", "").strip(),
            sort=_one_of("sort", sort.removeprefix("-"), tuple(SORTS)),
            descending=sort.startswith("-"),
        )
        page, size = _number("page", given, 1, 10**6), _number("size", given, SIZE, MOST)
        return replace(found, page=page, size=size)

    @property
    def order(self) -> str:
        """As in an address: ``-accuracy``."""
        return f"{'-' if self.descending else ''}{self.sort}"

    def select(self, job_id: int) -> Select[tuple[object, ...]]:
        """Rows of a page with ``total``, how many there are on all pages."""
        value = SORTS[self.sort]
        order = (
            case((trials.c.state == "failed", 1), else_=0),
            case((value.is_(None), 1), else_=0),
            value.desc() if self.descending else value.asc(),
            trials.c.number,
        )
        wanted = (trials.c.job_id == job_id, *self._conditions())
        # Ids are ordered first: whole rows would be carried through the sort of all trials.
        found = select(trials.c.id, func.count().over().label("total")).where(*wanted)
        if self.size is not None:
            found = found.order_by(*order).limit(self.size).offset((self.page - 1) * self.size)
        page = found.subquery()
        rows = select(trials, page.c.total).join(page, page.c.id == trials.c.id)
        return rows.order_by(*order)

    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.state:
            found.append(trials.c.state == self.state)
        if self.kind:
            found.append(trials.c.kind == self.kind)
        if self.type:
            written = f'"type":"{self.type}"'  # architectures are canonical JSON
            found.append(trials.c.architecture.contains(written, autoescape=True))
        places = (trials.c.architecture, trials.c.label, trials.c.reason)
        for word in self.text.split():
            hits = [column.icontains(word, autoescape=True) for column in places]
            found.append(or_(*hits, cast(trials.c.number, String) == word))
        return [and_(*found)] if found else []


def _one_of(key: str, value: str, known: tuple[str, ...]) -> str:
    if value and value not in known:
        _refuse(key, value, known)
    return value


def _number(key: str, given: Mapping[str, str], usual: int, most: int) -> int:
    text = given.get(key) or str(usual)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise UsageProblem(f"{key} {text!r} can't be: a whole number from 1 to {most}")
    return int(text)


def _refuse(key: str, value: str, known: tuple[str, ...]) -> None:
    listed = ", ".join(known)
    raise UsageProblem(f"no {key} {value!r}{did_you_mean(value, known)}; there are: {listed}")
