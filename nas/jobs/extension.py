"""Giving a job more to do: more trials, a wider or narrower space. No torch.

What would make its trials incomparable (data, recipe, seed, rungs) can't change; a new job with
``warm_start`` is the way to that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nas.analysis.spending import spending
from nas.budget import Budget
from nas.errors import JobFileError, Problem, UsageProblem
from nas.job_file.reading import Document, checked
from nas.job_file.spec import JobSpec
from nas.store.records import Job, Trial
from nas.store.rows import now_ms
from nas.store.store import Store
from search_spaces.ready import ready_names

#: Keys that an extension may change, with everything below them.
EXTENDABLE = (
    "search.trials",
    "space",
    "cost.limits",
    "budget",
    "finalists",
    "checkpoints.disk_limit",
)

#: What may change also where all trials have been spent.
_SPENT_TOO = ("finalists", "budget", "checkpoints")


def asked_extension(
    store: Store,
    job: Job,
    more: int | None,
    space: str | None,
    overrides: Sequence[str],
    files: bool = True,
) -> tuple[Document, JobSpec]:
    """What a job would go on with; the arguments are those of ``changed_document``.

    Raises:
        JobFileError: for what is wrong in the changes, or may not change.
        UsageProblem: if nothing changes, no trial is left for the change, or the budget is spent.
    """
    count = begun(store.trials.list(job.id))
    document = changed_document(job, more, space, overrides, count, files)
    spec = extended_spec(job, document, count)
    budget, spent = Budget.of(spec.model_dump(mode="json")["budget"]), spending(store, job)
    for name, limit in budget.limits.items():
        if getattr(spent, name) >= limit:
            raise UsageProblem(
                f"the budget of {job.name} is spent: {budget.words(name, spent)}; give more with "
                f"--set budget.{name}=…"
            )
    return document, spec


def changed_document(
    job: Job,
    more: int | None = None,
    space: str | None = None,
    overrides: Sequence[str] = (),
    begun: int = 0,
    files: bool = True,
) -> Document:
    """A job's spec with changes, as a document that knows which option made each.

    Args:
        job: to extend.
        more: trials beyond those of the job file, or beyond those begun where the space ran out.
        space: a file that holds a space (or a job file with one), a ready space's name, or a
            section as YAML.
        overrides: ``a.b=value`` each.
        begun: trials of the search so far.
        files: whether ``space`` may name a file of this machine.

    Raises:
        UsageProblem: if two options give the same.
    """
    document = Document.read(json.dumps(job.spec), f"job {job.name}")
    document.lines = []  # one line that nobody wrote
    if space is not None:
        document.put(("space",), _space_value(space, files), f"--space {space}")
    if more is not None:
        base = begun if job.details.get("exhausted") else job.spec["search"]["trials"]
        document.put(("search", "trials"), base + more, f"--trials {more}")
    taken = {("search", "trials"): more, ("space",): space}
    for override in overrides:
        path = tuple(override.partition("=")[0].strip().split("."))
        for key, given in taken.items():
            if given is not None and path == key:
                option = f"--{key[-1]}"
                raise UsageProblem(f"{option} and --set {override} say the same; give one of them")
        document.override(override)
    return document


def extended_spec(job: Job, document: Document, begun: int) -> JobSpec:
    """The spec that a job goes on with.

    Raises:
        JobFileError: for what is wrong in the changes, or may not change.
        UsageProblem: if nothing changes, or no trial is left for the change.
    """
    if document.usable:
        given = _changes(job.spec, document.value, "")
        _refuse(document, job, [path for path, (old, new) in given if None not in (old, new)])
    spec = checked(document)
    found = _changed(job, spec)
    _refuse(document, job, found)
    if not found:
        raise UsageProblem(
            f"nothing of job {job.name} would change; give --trials, --space or --set"
        )
    trials = spec.search.trials
    if trials < begun:
        raise UsageProblem(
            f"search.trials is {trials}, but {begun} trials of {job.name} have begun"
        )
    if trials == begun and not all(path.startswith(_SPENT_TOO) for path in found):
        raise UsageProblem(
            f"all {begun} trials of {job.name} have been spent; say with --trials how many more"
        )
    return spec


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What differs between two specs: dotted key to the old and the new value."""
    return dict(_changes(before, after, ""))


def extension(job: Job, spec: JobSpec, begun: int) -> dict[str, Any]:
    """The entry of ``details.extensions``: when, what changed, and how many trials there were."""
    return {
        "at_ms": now_ms(),
        "changes": _changed(job, spec),
        "trials": begun,
    }


def begun(trials: Sequence[Trial]) -> int:
    """How many trials count towards ``search.trials``."""
    return sum(trial.counted for trial in trials)


def _changed(job: Job, spec: JobSpec) -> dict[str, list[Any]]:
    """What differs from the job as it is read now: it may be older than some of the keys."""
    before = JobSpec.model_validate(job.spec).model_dump(mode="json")
    return changes(before, spec.model_dump(mode="json"))


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, list[Any]]]:
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        path = f"{prefix}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping) and path != "space":
            yield from _changes(old, new, f"{path}.")
        elif old != new:
            yield path, [old, new]


def _may_change(path: str) -> bool:
    return any(path == key or path.startswith(f"{key}.") for key in EXTENDABLE)


def _refuse(document: Document, job: Job, changed: Iterable[str]) -> None:
    refused = [path for path in changed if not _may_change(path)]
    if refused:
        raise JobFileError([_refusal(document, job, path) for path in refused])


def _refusal(document: Document, job: Job, path: str) -> Problem:
    reason = (
        f"can't change in a job that has begun, as its trials would not compare; what can: "
        f"{', '.join(EXTENDABLE)}. For the rest make a new job with warm_start: [{job.name}]"
    )
    return document.place(tuple(path.split(".")), reason)


def _space_value(given: str, files: bool) -> Any:
    """What ``--space`` means; a wrong section is told when the spec is checked."""
    if files and Path(given).suffix in (".yaml", ".yml"):
        document = Document.open(given)
    elif given in ready_names() or ":" not in given:
        return given
    else:
        document = Document.read(given, "--space")
    if document.problems:
        raise JobFileError(document.problems)
    return document.value.get("space", document.value)
