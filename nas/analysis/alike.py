"""Whether jobs can be compared: what differs between them, and what that forbids to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nas.store.records import Job

#: ``accuracy``: other images, so that accuracies measure other things. ``cost``: another cost, or
#: another way to measure it. ``cause``: accuracies can be laid side by side, but not for what they
#: differ by. Empty: it is what a comparison is about, or it changes nothing.
Forbids = Literal["accuracy", "cost", "cause", ""]

#: Of ``search`` and the budget: what people compare jobs for.
_SEARCH = ("sampler", "pruner", "trials", "inherit", "seed")


@dataclass(frozen=True)
class Unlike:
    """One thing in which jobs differ.

    Attributes:
        what: ``data``, ``recipe.epochs``, ``objective`` and so on.
        values: of each job, in their order, in words.
        forbids: what can't be said because of it.
    """

    what: str
    values: tuple[str, ...]
    forbids: Forbids = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"values": list(self.values)}


def unlike(jobs: Sequence[Job]) -> list[Unlike]:
    """Everything in which jobs differ, what forbids most first.

    Args:
        jobs: at least one.
    """
    found = [
        *_data(jobs),
        *_cost(jobs),
        *_section("recipe", [_recipe(job) for job in jobs], "cause"),
        *_one("rungs", [", ".join(map(str, job.details["rungs"])) for job in jobs], ""),
        *_one("space", [_space(job) for job in jobs], ""),
        *_section("search", [_picked(job.spec.get("search", {}), _SEARCH) for job in jobs], ""),
        *_section("budget", [job.spec.get("budget") or {} for job in jobs], ""),
        *_one("seed", [str(job.spec.get("seed", "–")) for job in jobs], ""),
        *_one("device", [str(job.details.get("device", "–")) for job in jobs], ""),
        *_section("versions", [job.details.get("versions", {}) for job in jobs], ""),
    ]
    order: tuple[Forbids, ...] = ("accuracy", "cost", "cause", "")
    return sorted(found, key=lambda each: order.index(each.forbids))


def forbidden(found: Iterable[Unlike], *kinds: Forbids) -> list[Unlike]:
    """Those that forbid one of these."""
    return [each for each in found if each.forbids in kinds]


def _data(jobs: Sequence[Job]) -> list[Unlike]:
    """The hash covers the images and their split; what the data set is called is not in it."""
    if len({job.details["data"]["hash"] for job in jobs}) == 1:
        return []
    names = [f"{job.details['data']['name']} ({job.details['data']['hash'][:8]})" for job in jobs]
    return [Unlike("data", tuple(names), "accuracy")]


def _cost(jobs: Sequence[Job]) -> list[Unlike]:
    objectives = [job.details["objective"] for job in jobs]
    found = _one("objective", objectives, "cost")
    if "latency_ms" in objectives:
        found += _one("latency's device", [str(job.details.get("device")) for job in jobs], "cost")
        batches = [str(job.spec.get("cost", {}).get("latency_batch", 1)) for job in jobs]
        found += _one("latency's batch", batches, "cost")
    limits = [job.spec.get("cost", {}).get("limits", {}) for job in jobs]
    return found + _section("limits", limits, "")


def _recipe(job: Job) -> Mapping[str, Any]:
    resolved: Mapping[str, Any] = job.details.get("recipe") or job.spec.get("recipe", {})
    return resolved


def _space(job: Job) -> str:
    space = job.spec.get("space")
    size = job.details.get("space_size")
    name = space if isinstance(space, str) else "its own"
    return f"{name} ({size:,} architectures)" if isinstance(size, int) else name


def _picked(section: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: section[key] for key in keys if key in section}


def _section(name: str, sections: Sequence[Mapping[str, Any]], forbids: Forbids) -> list[Unlike]:
    """One entry for each key whose values are not all the same."""
    keys = dict.fromkeys(key for section in sections for key in section)
    return [
        one
        for key in keys
        for one in _one(f"{name}.{key}", [_words(s.get(key)) for s in sections], forbids)
    ]


def _one(what: str, values: Sequence[str], forbids: Forbids) -> list[Unlike]:
    return [Unlike(what, tuple(values), forbids)] if len(set(values)) > 1 else []


def _words(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
