"""Read a finished trial's model back: its row, its checkpoint, its data's moments."""

from __future__ import annotations

import torch
from torch import nn

from nas.errors import NoStorage, NothingToExport
from nas.export.searched import SearchedModel
from nas.store.records import Job, ReportRow, Trial
from nas.store.store import Store
from search_spaces.architecture import Architecture, TaskShape
from search_spaces.build import build
from workers import checkpoint as checkpoints
from workers.errors import CheckpointError, StorageError

#: Why there is no checkpoint: dropped for room, or never there.
_GONE = {
    True: "they were dropped to make room (checkpoints.disk_limit, or a full disk)",
    False: "the report came from an earlier training, whose checkpoint was gone",
}


def finished_trial(store: Store, job: Job, number: int) -> tuple[Trial, ReportRow]:
    """A trial that was trained to the end, and its last report.

    Only such trials can be exported: the checkpoints of pruned and failed ones are not kept.

    Raises:
        NotFound: if the job has no trial of this number.
        NothingToExport: if the trial has not finished; names its state and those that have.
    """
    trial = store.trials.get(job.id, number)
    reports = store.trials.reports(job.id).get(trial.id, [])
    if trial.state == "done" and reports:
        return trial, reports[-1]
    reason = f" ({trial.reason})" if trial.reason else ""
    done = check_any_finished(store, job)
    listed = ", ".join(str(n) for n in done[:10]) + (", …" if len(done) > 10 else "")
    raise NothingToExport(
        f"trial {number} of job {job.name} is {trial.state}{reason}, and only finished trials keep "
        f"their weights; finished: {listed}"
    )


def check_any_finished(store: Store, job: Job) -> list[int]:
    """The numbers of the finished trials.

    Raises:
        NothingToExport: if there is none.
    """
    done = [trial.number for trial in store.trials.list(job.id) if trial.state == "done"]
    if not done:
        raise NothingToExport(
            f"job {job.name} is {job.state} and has no finished trial; "
            f"'nas show {job.name}' tells where it stands"
        )
    return done


def searched_model(job: Job, trial: Trial, report: ReportRow) -> SearchedModel:
    """The model that the trial's accuracy was measured on.

    Raises:
        NothingToExport: if its checkpoint is missing, damaged or another trial's.
    """
    return SearchedModel(
        architecture=Architecture.from_json(trial.architecture),
        shape=TaskShape(**job.details["shape"]),
        mean=tuple(job.details["data"]["mean"]),
        std=tuple(job.details["data"]["std"]),
        weights=evaluated_weights(job.name, trial, report),
    )


def evaluated_module(job: Job, trial: Trial, report: ReportRow) -> nn.Module:
    """The network that the trial's accuracy was measured on, in eval mode on the CPU.

    Raises:
        NothingToExport: if its checkpoint is missing, damaged, another trial's, or of a version of
            this program that built another network.
    """
    weights = evaluated_weights(job.name, trial, report)
    with torch.device("cpu"):
        model = build(Architecture.from_json(trial.architecture), TaskShape(**job.details["shape"]))
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise NothingToExport(
            f"trial {trial.number}'s weights don't fit the network that this version builds: it "
            f"was trained by another version"
        ) from None
    return model.eval()


def evaluated_weights(job: str, trial: Trial, report: ReportRow) -> dict[str, torch.Tensor]:
    """The state dict that the trial's accuracy was measured on.

    Contiguous copies that share no memory, so that files hold each value once.

    Raises:
        NothingToExport: if its checkpoint is dropped, missing, damaged or another trial's; says how
            to get the weights.
        NoStorage: if the place of the checkpoints doesn't answer.
    """
    again = f"--trial {trial.number} --epochs {report.epoch}"
    if trial.kind == "retrain":
        again += ", with what was --set then"
    if not report.checkpoint:
        why = _GONE[report.dropped]
        raise NothingToExport(
            f"trial {trial.number}'s weights are gone: {why}; train them again: nas retrain {job} "
            f"{again}"
        )
    try:
        saved = checkpoints.read_for(
            report.checkpoint, trial.architecture, report.epoch, report.checkpoint_sha256
        )
    except CheckpointError as error:
        raise NothingToExport(
            f"trial {trial.number}'s weights can't be read: {error}; train them again: nas retrain "
            f"{job} {again}"
        ) from None
    except StorageError as error:
        raise NoStorage(f"trial {trial.number}'s weights can't be read: {error}") from None
    return {
        name: tensor.detach().clone(memory_format=torch.contiguous_format)
        for name, tensor in saved.evaluated_model.items()
    }
