"""Train one trial's architecture again, usually longer: a trial of its own beside the search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic import ValidationError

from nas.errors import (
    DataProblem,
    NoStorage,
    NoSuchDevice,
    TrainingFailed,
    UsageProblem,
    did_you_mean,
)
from nas.holding.leasing import driving
from nas.home import Home, ray_address
from nas.job_file import yaml_source
from nas.job_file.messages import message_of
from nas.job_file.sections import RecipeSection
from nas.jobs.driver import for_people, ray_pool
from nas.jobs.progress import Observer, Progress
from nas.jobs.submission import resolve_recipe
from nas.meter import Meter
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.search.drive import Source, drive
from nas.search.restoring import Restoring
from nas.search.retraining import Retraining, segment_ends
from nas.search.room import Room, kept
from nas.store.records import Job, ReportRow, Trial
from nas.store.store import Store
from search_spaces.architecture import Architecture
from workers.checkpoint import check
from workers.data import load
from workers.device import resolve_device
from workers.errors import CheckpointError, DataError, StorageError
from workers.inline import WorkerPool
from workers.protocol import Latency
from workers.recipe import Recipe

#: Keys of the recipe that ``--set`` can't change, and why.
_OWN = {
    "epochs": "--epochs says how long to train",
    "schedule": "one schedule spans all epochs, since nothing is compared on the way",
}


@dataclass(frozen=True)
class Retrained:
    """A finished training and what it came from.

    Attributes:
        trial: of kind ``retrain``.
        origin: the trial whose architecture it is.
        reports: of every segment.
        trained_before: it was recorded already, and nothing was trained now.
    """

    job: str
    trial: Trial
    origin: Trial
    reports: tuple[ReportRow, ...]
    trained_before: bool

    @property
    def worker_seconds(self) -> float:
        """Spent on training and evaluation; what came from the cache cost nothing."""
        spent = [row for row in self.reports if not row.cached_from]
        return sum(row.train_seconds + row.evaluation_seconds for row in spent)

    def to_dict(self) -> dict[str, Any]:
        """What ``nas retrain -o json`` prints."""
        trial, origin = self.trial, self.origin
        return {
            "job": self.job,
            "trial": trial.number,
            "origin": origin.number,
            "state": trial.state,
            "seed": trial.seed,
            "epochs": trial.epoch,
            "accuracy": trial.accuracy,
            "test_accuracy": trial.test_accuracy,
            "origin_epochs": origin.epoch,
            "origin_seed": origin.seed,
            "origin_accuracy": origin.accuracy,
            "parameters": trial.parameters,
            "forward_flops": trial.forward_flops,
            "latency_ms": trial.latency_ms,
            "worker_seconds": self.worker_seconds,
            "trained_before": self.trained_before,
            "recipe": trial.recipe,
            "architecture": Architecture.from_json(trial.architecture).to_dict(),
        }


def retrain(
    store: Store,
    home: Home,
    job: Job,
    number: int,
    changes: Mapping[str, Any],
    seed: int | None = None,
    observe: Observer = lambda progress: None,
    open_pool: Callable[[Job, Callable[[str], None]], WorkerPool] = ray_pool,
    follower: AbstractContextManager[object] | None = None,
) -> Retrained:
    """Train a trial's architecture from scratch; after a kill, the same call goes on.

    The schedule spans the whole budget, so nothing of the shorter training can be used. The trial
    is no part of the search: accuracies on other recipes are not comparable. Where this very
    training is recorded, but its weights are gone or damaged, they are trained again in its place.

    Args:
        store: where the job is recorded.
        home: its checkpoints.
        job: in any state, driven by nobody.
        number: of the trial whose architecture is trained; one that was trained again itself
            stands for its origin.
        changes: of the job's recipe, at least its ``epochs``.
        seed: of weights, data order and augmentation; None: that trial's.
        observe: told after every segment.
        open_pool: makes the workers; one is used.
        follower: entered around the work; MLflow's exporter.

    Raises:
        NotFound: if the job has no such trial.
        UsageProblem: for a recipe that can't be, or that is the job's own.
        DataProblem: if the data is gone, or not the same any more.
        NoSuchDevice: if the job's device is not here.
        WrongState: if another process drives the job.
        NoStorage: if the place of the checkpoints is full, or doesn't answer.
        TrainingFailed: with the reason; recorded too.
    """
    asked = store.trials.get(job.id, number)
    origin = (
        asked
        if asked.searched or asked.origin is None
        else (store.trials.get(job.id, asked.origin))
    )
    wanted = asked.seed if seed is None else seed
    plan = _plan_of(job, home, changes)
    _refuse_searched(store, job, plan, origin, wanted)
    _check_means(job, plan)
    with driving(store, job) as held, follower or nullcontext():
        store = held.store
        book = TrialBook(plan, store)
        trial = _existing(book, origin, wanted) or _added(book, origin, wanted)
        before = trial.state == "done" and not _weights_lost(book, trial)
        if not before:
            _train(store, book, trial, job, observe, open_pool)
    trial = store.trials.get(job.id, trial.number)
    if trial.state == "failed":
        raise TrainingFailed(f"trial {trial.number} of job {job.name} failed: {trial.reason}")
    return Retrained(job.name, trial, origin, tuple(book.reports[trial.number]), before)


def recipe_changes(epochs: int, overrides: Sequence[str]) -> dict[str, Any]:
    """What ``--epochs`` and ``--set recipe.KEY=VALUE`` ask for.

    Raises:
        UsageProblem: for a text that sets nothing of the recipe.
    """
    changes: dict[str, Any] = {}
    for text in overrides:
        key, equals, raw = text.partition("=")
        section, _, name = key.strip().partition(".")
        if not equals or section != "recipe" or not name:
            raise UsageProblem(f"--set {text}: only the recipe can differ: recipe.KEY=VALUE")
        if name in _OWN:
            raise UsageProblem(f"--set {text}: {_OWN[name]}")
        if name not in RecipeSection.model_fields:
            known = [key for key in RecipeSection.model_fields if key not in _OWN]
            near = did_you_mean(name, known) or f"; allowed: {', '.join(known)}"
            raise UsageProblem(f"--set {text}: the recipe has no {name!r}{near}")
        given = yaml_source.read(raw)
        if given.flaws:
            raise UsageProblem(f"--set {text}: {given.flaws[0].message}")
        if given.value is None:
            raise UsageProblem(f"--set {text}: is an empty value")
        changes[name] = given.value
    return changes | {"epochs": epochs}


def _plan_of(job: Job, home: Home, changes: Mapping[str, Any]) -> Plan:
    """The job's plan with another recipe, saved at other epochs."""
    plan = Plan.of(job, home.checkpoints(job.name))
    recipe = _recipe_of(plan, changes)
    return replace(plan, recipe=recipe, rungs=segment_ends(recipe.epochs, plan.rungs[0]))


def _refuse_searched(store: Store, job: Job, plan: Plan, origin: Trial, seed: int) -> None:
    """The job's own recipe is the search's business, except for weights that it has lost."""
    if plan.recipe != Recipe(**job.details["recipe"]):
        return
    book = TrialBook(plan, store)
    trial = _existing(book, origin, seed)
    if trial is None or trial.state != "done" or not _weights_lost(book, trial):
        raise UsageProblem(
            f"{plan.recipe.epochs} epochs are what the search and its finalists train in job "
            f"{job.name}: ask for other --epochs, or set another key of the recipe"
        )


def _weights_lost(book: TrialBook, trial: Trial) -> bool:
    """Whether a finished trial's checkpoint is gone or damaged."""
    row = book.reports[trial.number][-1]
    try:
        if row.checkpoint and row.checkpoint_sha256:
            check(row.checkpoint, row.checkpoint_sha256)
    except CheckpointError:
        return True
    except StorageError as error:
        raise NoStorage(str(error)) from error
    return not row.checkpoint


def _recipe_of(plan: Plan, changes: Mapping[str, Any]) -> Recipe:
    try:
        known = {k: v for k, v in asdict(plan.recipe).items() if k in RecipeSection.model_fields}
        section = RecipeSection.model_validate({**known, **changes})
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        name = ".".join(map(str, found["loc"]))
        raise UsageProblem(f"recipe.{name}: {message_of(found)}") from None
    return resolve_recipe(plan.spec.model_copy(update={"recipe": section}), plan.device)


def _check_means(job: Job, plan: Plan) -> None:
    """The images and the device, before anything is written."""
    if not ray_address(job.details["workers"]["address"]):
        try:
            resolve_device(plan.device)
        except ValueError as error:
            raise NoSuchDevice(f"job {job.name} trains on {plan.device}: {error}") from None
    try:
        found = load(plan.data).data_hash
    except DataError as error:
        raise DataProblem(f"the data of job {job.name} can't be read: {error}") from None
    if found != plan.data_hash:
        raise DataProblem(
            f"the data of job {job.name} has changed since: its hash is {found}, not "
            f"{plan.data_hash}"
        )


def _existing(book: TrialBook, origin: Trial, seed: int) -> Trial | None:
    """This very training, if it is recorded."""
    wanted = book.plan.trial_hash(Architecture.from_json(origin.architecture), seed)
    return next((trial for trial in book.trials.values() if trial.hash == wanted), None)


def _added(book: TrialBook, origin: Trial, seed: int) -> Trial:
    latency = None
    if origin.latency_ms is not None:
        latency = Latency(origin.latency_ms, origin.latency_spread_ms or 0.0)
    return book.add(
        Architecture.from_json(origin.architecture),
        "retrain",
        seed,
        latency=latency,
        label=origin.label,
        origin=origin.number,
        recipe=book.plan.recipe,
    )


def _source(book: TrialBook, number: int) -> Source:
    """A finished trial's lost weights in one go, or the training in segments."""
    if book.trials[number].state == "done":
        return Restoring(book, numbers=[number])
    return Retraining(book, number)


def _train(
    store: Store,
    book: TrialBook,
    trial: Trial,
    job: Job,
    observe: Observer,
    open_pool: Callable[[Job, Callable[[str], None]], WorkerPool],
) -> None:
    number = trial.number
    if trial.state == "failed":
        book.set_state(number, "running")
        book.forget_checkpoint(number)

    def look() -> None:
        now = book.trials[number]
        observe(Progress("retrain", now.epoch, book.plan.recipe.epochs, (now,)))

    one = {**job.details["workers"], "count": 1}
    # Its numbers stand beside no others, so the versions may be newer than the search's.
    alone = replace(job, details={**job.details, "workers": one, "versions": {}, "training": ""})
    try:
        opened = open_pool(alone, lambda note: observe(Progress("starting", 0, 1, note=note)))
        with Meter(store, alone, purpose="retrain") as meter, closing(opened) as pool:
            source = _source(book, number)
            drive(pool, kept(source, Room(book, store), book, store), look, meter)
            if trial.state == "done" and _weights_lost(book, book.trials[number]):
                raise TrainingFailed(f"trial {number}'s weights could not be trained again")
    except Exception as error:
        raise for_people(error) from error
