"""What stands at the head of a job's pages: who drives it, and what one may do to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from dashboard.dispatchers import Alive
from dashboard.guard.identity import Identity
from nas.analysis.summary import iso
from nas.budget import NAMES, TITLES, amount
from nas.holding.control import PRIORITIES
from nas.holding.holder import process_of
from nas.settings import Settings
from nas.store.store import Store

#: What makes sense in which state, the most wanted first.
ACTIONS: dict[str, tuple[str, ...]] = {
    "queued": ("pause", "cancel", "priority", "extend", "delete"),
    "running": ("pause", "cancel", "priority"),
    "paused": ("resume", "cancel", "extend", "priority", "delete"),
    "interrupted": ("resume", "cancel", "extend", "priority", "delete"),
    "failed": ("retry", "extend", "delete"),
    "cancelled": ("retry", "delete"),
    "done": ("extend", "delete"),
}


def head_of(request: Request, job: Mapping[str, Any]) -> dict[str, Any]:
    """Who drives a job, and what who asks may do to it.

    Args:
        request: of a page of the job.
        job: as ``nas show -o json``.
    """
    state = request.app.state
    return {
        "driver": driver_of(state.reader.store(), state.alive, job),
        "actions": actions_of(job, request.state.who),
        "may_act": request.state.who.owns(job["owner"]),
        **dialogs_of(request),
    }


def dialogs_of(request: Request) -> dict[str, Any]:
    """What the dialogs of a page need, whichever job they are opened for."""
    who: Identity = request.state.who
    settings: Settings = request.app.state.settings
    return {
        "budgets": [(name, TITLES[name]) for name in NAMES],
        "most_urgent": PRIORITIES.stop - 1 if who.may("admin") else settings.max_priority,
    }


def asked_of(job: Mapping[str, Any]) -> str:
    """What fields of the dialogs say of a job before they are filled, as JSON by the field's name.

    Args:
        job: as ``nas show -o json``.
    """
    limits = {f"budget.{name}": _limit(name, job) for name in NAMES}
    return json.dumps({"trials": f"now {job['budget']['trials']:,}", **limits})


def actions_of(job: Mapping[str, Any], who: Identity) -> tuple[str, ...]:
    """What one may do to a job in its state; nothing to one of another owner.

    Args:
        job: as ``nas show -o json``.
        who: would do it.
    """
    if not who.owns(job["owner"]) or job["request"] == "cancel":
        return ()
    found = ACTIONS[job["state"]]
    if job["state"] == "running" and job["request"] == "pause":
        found = ("resume", *found[1:])
    if job["trials"]["failed"] and job["state"] in ("done", "failed", "cancelled", "interrupted"):
        found = (*found[:1], "retry_failed", *found[1:])
    return found


def driver_of(store: Store, alive: Alive, job: Mapping[str, Any]) -> dict[str, Any] | None:
    """The process that drives a running job and since when, or None.

    One that winds up after the job's end is not told: no event says when it is gone.

    Args:
        store: of the job.
        alive: has watched who shows signs of life.
        job: as ``nas show -o json``.
    """
    if job["state"] != "running":
        return None
    held, stale = alive.leases(store)
    for one in held:
        if one.job_id == job["id"]:
            silent = any(other.token == one.token for other in stale)
            return {
                "process": process_of(one.holder),
                "since": iso(one.since_ms),
                "silent": silent,
            }
    return None


def _limit(name: str, job: Mapping[str, Any]) -> str:
    most = job["budget"][name]
    return "no limit" if most is None else f"now {amount(name, most, None)}"
