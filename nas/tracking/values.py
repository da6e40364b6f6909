"""What MLflow is told about a job and its trials, as plain values. No mlflow import.

Every timestamp comes from the store, so that writing the same thing again adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nas.analysis.effects import Effect
from nas.analysis.front import Point as FrontPoint
from nas.store.records import COSTS, INHERITED, Job, ReportRow, Trial
from search_spaces.architecture import Architecture

#: MLflow's run status for each end of a trial and for each state of a job.
STATUS = {
    "queued": "SCHEDULED",
    "running": "RUNNING",
    "paused": "SCHEDULED",
    "done": "FINISHED",
    "pruned": "KILLED",
    "interrupted": "KILLED",
    "cancelled": "KILLED",
    "failed": "FAILED",
}

#: The tag that MLflow shows as a run's description, in Markdown.
NOTE = "mlflow.note.content"

#: Columns of the front's table, in this order; a column that no point has is left out.
COLUMNS = (
    "trial",
    "label",
    "backbone",
    "attention",
    "accuracy",
    "forward_flops",
    "parameters",
    "latency_ms",
    "seeds",
    "accuracy_mean",
    "accuracy_low",
    "accuracy_high",
    "test_accuracy",
)


@dataclass(frozen=True)
class Point:
    """One value of a metric; MLflow keeps equal points once."""

    key: str
    value: float
    timestamp_ms: int
    step: int


def job_tags(job: Job) -> dict[str, str]:
    """What a job's run is found and filtered by; a name alone may repeat on a shared server."""
    return {"nas.job": job.name, "nas.created_ms": str(job.created_ms), "nas.kind": "job"}


def tags_filter(tags: Mapping[str, str]) -> str:
    """What MLflow's searches take, for whatever has all of these tags."""
    return " and ".join(f"tags.`{key}` = '{text}'" for key, text in tags.items())


def page_tags(page: str) -> dict[str, str]:
    """A run's link to a page of the dashboard: a tag, and its description; none without a page."""
    return {"nas.page": page, NOTE: page_note(page)} if page else {}


def page_note(page: str) -> str:
    """A line of Markdown that links to a page of the dashboard; empty without a page."""
    return f"[Open in the dashboard]({page})\n\n" if page else ""


def job_params(job: Job) -> dict[str, str]:
    """The main parts of the job file, flattened, with what was found at submission."""
    spec = {key: value for key, value in job.spec.items() if key != "name"}
    if not isinstance(spec.get("space"), str):
        spec.pop("space", None)  # as long as a page: it stands in the artifact job.json
    found = {key: job.details[key] for key in ("data", "versions", "device") if key in job.details}
    merged = flatten(spec) | flatten({k: v for k, v in found.items() if k != "data"})
    merged |= {f"data.{key}": text for key, text in flatten(found.get("data", {})).items()}
    return merged


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """``{"a": {"b": 1}}`` becomes ``{"a.b": "1"}``; what is absent (None) is left out."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        elif value is not None:
            flat[prefix + key] = str(value)
    return flat


def trial_name(trial: Trial) -> str:
    """``trial 3``, with a baseline's label or the trial that was trained again."""
    if trial.kind == "finalist":
        return f"trial {trial.number} · repeats {trial.origin}"
    if trial.recipe is not None:
        return f"trial {trial.number} · trial {trial.origin} for {trial.recipe['epochs']} epochs"
    return f"trial {trial.number} · {trial.label}" if trial.label else f"trial {trial.number}"


def trial_tags(trial: Trial, parent_run: str, reports: Sequence[ReportRow] = ()) -> dict[str, str]:
    """What a trial's run is found and filtered by."""
    cached = [str(row.epoch) for row in reports if row.cached_from]
    tags = {
        "mlflow.parentRunId": parent_run,
        "nas.trial": str(trial.number),
        "nas.kind": trial.kind,
        "nas.state": trial.state,
        "nas.hash": trial.hash,
    }
    if trial.reason:
        tags["nas.reason"] = trial.reason
    if trial.label:
        tags["nas.label"] = trial.label
    if cached:
        tags["nas.cached_rungs"] = ",".join(cached)
    if trial.origin is not None:
        tags["nas.origin"] = str(trial.origin)
    return tags


def trial_params(trial: Trial) -> dict[str, str]:
    """The backbone, each placement with attention, and the recipe where it is not the job's."""
    built = Architecture.from_json(trial.architecture)
    own = flatten(trial.recipe or {}, "recipe.")
    places = {str(place): str(choice) for place, choice in built.attention}
    return {"backbone": str(built.backbone), "seed": str(trial.seed), **places, **own}


def trial_points(trial: Trial, reports: Sequence[ReportRow]) -> list[Point]:
    """Costs, the accuracy and loss of every epoch, and the validation at every rung."""
    costs = {name: getattr(trial, name) for name in COSTS}
    points = [
        Point(key, float(value), trial.created_ms, 0)
        for key, value in costs.items()
        if value is not None
    ]
    for row in reports:
        points += _rung_points(row)
    return points


def _rung_points(row: ReportRow) -> list[Point]:
    at = row.created_ms
    if row.epoch == INHERITED:
        return [Point("inherited_accuracy", row.validation_accuracy, at, INHERITED)]
    first = row.epoch - len(row.train_loss) + 1
    points = [
        Point("validation_accuracy", row.validation_accuracy, at, row.epoch),
        Point("validation_loss", row.validation_loss, at, row.epoch),
        Point("train_seconds", row.train_seconds, at, row.epoch),
    ]
    for key, series in (("train_loss", row.train_loss), ("train_accuracy", row.train_accuracy)):
        points += [Point(key, value, at, first + i) for i, value in enumerate(series)]
    return points


def front_table(points: Sequence[FrontPoint]) -> dict[str, Any]:
    """The front as the table that MLflow's pages draw: column names and rows."""
    flat = [_flat_point(asdict(point)) for point in points]
    columns = [name for name in COLUMNS if any(row.get(name) is not None for row in flat)]
    return {"columns": columns, "data": [[row.get(name) for name in columns] for row in flat]}


def _flat_point(point: Mapping[str, Any]) -> dict[str, Any]:
    built = Architecture.from_dict(point["architecture"])
    attention = ", ".join(f"{place}: {choice}" for place, choice in built.attention)
    return {**point, "backbone": str(built.backbone), "attention": attention or "none"}


def effects_table(found: Sequence[Effect]) -> dict[str, Any]:
    """The effects as such a table: a row for each type at a placement, in shares."""
    costs = [name for name in COSTS if any(effect.cost[name] for effect in found)]
    columns = ["stage", "position", "type", "architectures", "accuracy", "low", "high", "separable"]
    rows = [
        [
            *(effect.stage, effect.position, effect.type, effect.architectures),
            *(effect.accuracy.mean, effect.accuracy.low, effect.accuracy.high, effect.separable),
            *(None if (cost := effect.cost[name]) is None else cost.mean for name in costs),
        ]
        for effect in found
    ]
    return {"columns": columns + costs, "data": rows}
