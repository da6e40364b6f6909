"""What the page of one trial shows, as a plain mapping."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.snapshot import Snapshot
from nas.analysis.front import point_of, repeats_of
from nas.analysis.people import attention_words, backbone_words
from nas.analysis.summary import iso
from nas.drawing.page import draw
from nas.drawing.subject import Subject
from nas.drawing.words import exact, share
from nas.errors import NotFound
from nas.store.records import INHERITED, Job, ReportRow, Trial
from nas.tracking.links import TrackedRun

#: Kind of a trial -> what it is, in words.
KINDS = {
    "baseline": "baseline",
    "search": "suggested by the search",
    "warm": "taken over from an earlier job",
    "finalist": "repeat on a further seed",
    "retrain": "trained again with a recipe of its own",
}


def trial_of(seen: Snapshot, number: int) -> Trial:
    """A trial by its number.

    Raises:
        NotFound: with the nearest number.
    """
    if 0 <= number < len(seen.trials) and seen.trials[number].number == number:
        return seen.trials[number]
    raise NotFound("trial", number, [trial.number for trial in seen.trials])


def trial_view(seen: Snapshot, number: int) -> dict[str, Any]:
    """Everything about one trial."""
    trial = trial_of(seen, number)
    architecture = json.loads(trial.architecture)
    rows = reports_of(seen, [trial])[trial.id]
    origin = trial if trial.origin is None else trial_of(seen, trial.origin)
    return {
        "trial": trial,
        "kind": KINDS[trial.kind],
        "rule": "" if trial.audited else trial.label,
        "attention": attention_words(architecture),
        "backbone": f"{architecture['backbone']['name']}, {backbone_words(architecture)}",
        "on_front": number in members(seen),
        "point": point_of(origin, repeats_of(seen.trials)),
        "origin": origin,
        "seeds": _seeds(seen.trials, origin),
        "again": [t for t in seen.trials if t.kind == "retrain" and t.origin == origin.number],
        "rungs": [_rung(row) for row in rows],
        "budget": _epochs(seen.job, trial),
        "costs": _costs(seen, trial),
        "provenance": _provenance(seen.job, trial, rows),
        "recipe": _recipe(seen.job, trial),
        "mlflow": _mlflow(seen.job, trial),
        "has_attention": bool(architecture["attention"]),
        "created": iso(trial.created_ms),
        "finished": iso(trial.finished_ms),
        "before": number - 1 if number else None,
        "after": number + 1 if number + 1 < len(seen.trials) else None,
    }


def reports_of(seen: Snapshot, trials: Sequence[Trial]) -> dict[int, list[ReportRow]]:
    """Reports of these trials alone, by id: all of a large job would take too long to read."""
    ids = [trial.id for trial in trials]
    return {key: [] for key in ids} | seen.store.trials.reports(seen.job.id, ids)


def members(seen: Snapshot) -> set[int]:
    """Numbers of the trials on the job's front."""
    return {point.trial for point in seen.front.points}


def subject_of(seen: Snapshot, trial: Trial) -> Subject | None:
    """What is drawn of a trial; None where it was recorded before drawings were."""
    kept = seen.store.trials.subject(trial.id)
    return None if kept is None else Subject.from_dict(kept)


def picture(seen: Snapshot, number: int) -> str | None:
    """The architecture as SVG; None where nothing was kept to draw it from."""
    subject = subject_of(seen, trial_of(seen, number))
    return None if subject is None else draw(subject)


def _seeds(trials: Sequence[Trial], origin: Trial) -> list[Trial]:
    """The searched run first, then its repeats by seed, whatever became of them."""
    again = [t for t in trials if t.kind == "finalist" and t.origin == origin.number]
    return [origin, *sorted(again, key=lambda trial: trial.seed)]


def _rung(row: ReportRow) -> dict[str, Any]:
    return {
        "epoch": row.epoch,
        "inherited": row.epoch == INHERITED,
        "accuracy": row.validation_accuracy,
        "loss": row.validation_loss,
        "seconds": row.train_seconds + row.evaluation_seconds,
        "worker": row.worker,
        "device": row.device,
        "cached_from": row.cached_from,
        "source": row.cached_from.rpartition(":"),
        "at": iso(row.created_ms),
    }


def _epochs(job: Job, trial: Trial) -> int:
    """Of a training to the end."""
    epochs: int = trial.recipe["epochs"] if trial.recipe else job.details["rungs"][-1]
    return epochs


def _costs(seen: Snapshot, trial: Trial) -> dict[str, Any] | None:
    """What each attention adds, less what it replaces; None where nothing was kept."""
    subject = subject_of(seen, trial)
    if subject is None:
        return None
    total = subject.total
    return {
        "rows": [
            {
                "placement": str(placed.placement),
                "choice": str(placed.choice),
                "family": placed.family,
                "modules": placed.modules,
                "parameters": exact(placed.cost.parameters),
                "parameters_share": share(placed.cost.parameters, total.parameters),
                "flops": exact(placed.cost.forward_flops),
                "flops_share": share(placed.cost.forward_flops, total.forward_flops),
            }
            for placed in subject.placed
        ],
        "backbone": subject.backbone,
        "total": total,
    }


def _recipe(job: Job, trial: Trial) -> dict[str, Any]:
    """Every key as it was meant: the trial's own recipe, else the job's."""
    return dict(trial.recipe or job.details.get("recipe") or job.spec.get("recipe", {}))


def _provenance(job: Job, trial: Trial, rows: Sequence[ReportRow]) -> list[tuple[str, str]]:
    """Where the numbers come from; times are shown apart."""
    details, data = job.details, job.details["data"]
    images = ", ".join(f"{data[part]:,} {part}" for part in ("train", "validation", "test"))
    versions: Mapping[str, str] = details.get("versions", {})
    found = [
        ("Hash of the training", trial.hash),
        ("Seed of the training", str(trial.seed)),
        ("Data", f"{data['name']}, hash {data['hash']}"),
        ("Images", images),
        ("Device", ", ".join(dict.fromkeys(r.device for r in rows)) or details.get("device", "")),
        ("Precision", str(details.get("precision", ""))),
        ("Workers", ", ".join(dict.fromkeys(row.worker for row in rows if row.worker))),
        ("Workers lost since the last report", str(trial.attempts) if trial.attempts else ""),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("Checkpoint's sha256", rows[-1].checkpoint_sha256 if rows else ""),
    ]
    return [(name, value) for name, value in found if value]


def _mlflow(job: Job, trial: Trial) -> dict[str, str] | None:
    """The trial's run in MLflow; None before the job is there, ``url`` empty without pages."""
    run = TrackedRun.of(job.details)
    if run is None:
        return None
    return {"url": run.trial_url(trial.number) or "", "tracking_uri": run.tracking_uri}
