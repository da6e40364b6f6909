"""Events of a job as JSON and as words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nas.analysis.people import accuracy
from nas.analysis.summary import iso
from nas.store.records import Event


def event_json(event: Event) -> dict[str, Any]:
    """An event as the API and ``nas logs -o json`` give it."""
    when = iso(event.created_ms)
    return {"id": event.id, "kind": event.kind, "at": when, "data": event.data}


def event_words(event: Mapping[str, Any]) -> str:
    """An event in one line, without its time."""
    kind, data = event["kind"], event["data"]
    number = data.get("number")
    reason = f": {data['reason']}" if data.get("reason") else ""
    if kind == "report":
        source = f", taken from {data['cached_from']}" if data.get("cached_from") else ""
        share = accuracy(data["accuracy"])
        return f"trial {number}: {share} % at epoch {data['epoch']}, {data['state']}{source}"
    if kind == "test_accuracy":
        return f"trial {number}: {accuracy(data['accuracy'])} % on the test images"
    if kind.startswith("asked_to_"):
        return f"asked to {kind.removeprefix('asked_to_').replace('_', ' ')}"
    if kind == "job_priority":
        return f"priority {data['priority']}"
    if kind.startswith("job_"):
        return f"job {kind.removeprefix('job_')}{reason}"
    words = kind.removeprefix("trial_").replace("_", " ")
    return f"trial {number}: {words}{reason}" if number is not None else f"{words}{reason}"
