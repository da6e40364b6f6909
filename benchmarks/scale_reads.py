"""Milliseconds of what people ask a large store for: by its own functions, and over HTTP."""

from __future__ import annotations

import gc
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from itertools import count
from statistics import quantiles

from scale_store import empty_spec, found

from nas.analysis.events import event_json
from nas.analysis.front import front
from nas.analysis.summary import job_summaries, job_summary, trial_row
from nas.jobs.submission import submit
from nas.store.records import Job
from nas.store.store import Store
from nas.store.trial_query import TrialQuery

#: Jobs of a page of the list, as the HTTP API gives it.
PAGE = 100

_JOB_FILE = "name: posted-{}\nspace: cifar_small\nsearch: {{trials: 40}}\n"

Asks = Mapping[str, Callable[[], object]]


def by_functions(store: Store, job: Job) -> Asks:
    """What the command line does on the machine itself; nothing is kept from call to call."""
    spec = empty_spec("template", 10)
    seen = found(spec.search_space())
    numbers = count()
    last = store.jobs.last_event(job.id)
    by_accuracy = TrialQuery(sort="accuracy", descending=True, page=3)

    def list_page() -> object:
        stamps = store.jobs.find((), None, "", 0, PAGE)[1]
        return job_summaries(store, store.jobs.each([stamp.id for stamp in stamps]))

    return {
        "submit": lambda: submit(
            store, spec.model_copy(update={"name": f"new-{next(numbers)}"}), seen
        ),
        f"list, {PAGE} jobs": list_page,
        "show": lambda: job_summary(store, store.jobs.get(job.name)),
        "front": lambda: front(store, store.jobs.get(job.name)).to_dict(),
        "trials, a page": lambda: [trial_row(t) for t in store.trials.page(job.id, by_accuracy)[1]],
        "events, 100": lambda: [event_json(e) for e in store.jobs.events(job.id, last - 400, 100)],
    }


def over_http(address: str, store: Store, job: Job) -> Asks:
    """The same of a web process; before every request the job changes, so nothing kept is good."""
    last = store.jobs.last_event(job.id)
    trial = store.trials.get(job.id, 0)
    numbers = count()

    def get(path: str) -> Callable[[], object]:
        def asked() -> object:
            return _request(f"{address}/api/v1/{path}")

        return asked

    def post() -> object:
        body = json.dumps({"job_file": _JOB_FILE.format(next(numbers))}).encode()
        return _request(f"{address}/api/v1/jobs?wait=0", body)

    def changed() -> None:
        store.trials.count_attempt(trial)

    asks = {
        "submit": post,
        f"list, {PAGE} jobs": get(f"jobs?size={PAGE}"),
        "show": get(f"jobs/{job.name}"),
        "front": get(f"jobs/{job.name}/front"),
        "trials, a page": get(f"jobs/{job.name}/trials?sort=-accuracy&page=3"),
        "events, 100": get(f"jobs/{job.name}/events?after={last - 400}&limit=100"),
    }
    return {name: _after(changed, ask) for name, ask in asks.items()}


class _Prepared:
    """An ask with what has to happen before it, which is not timed."""

    def __init__(self, before: Callable[[], None], ask: Callable[[], object]) -> None:
        self.before, self._ask = before, ask

    def __call__(self) -> object:
        return self._ask()


def _after(before: Callable[[], None], ask: Callable[[], object]) -> _Prepared:
    return _Prepared(before, ask)


def percentile95(ask: Callable[[], object], runs: int) -> float:
    """Milliseconds, after one that loads what is loaded once."""
    # This process holds torch, which those that answer don't: its objects are not looked through.
    gc.collect()
    gc.freeze()
    times = []
    for _ in range(runs + 1):
        if isinstance(ask, _Prepared):
            ask.before()
        began = time.perf_counter()
        ask()
        times.append(1000 * (time.perf_counter() - began))
    return quantiles(times[1:], n=20)[18]


def _request(address: str, body: bytes | None = None) -> bytes:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    request = urllib.request.Request(address, body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        content: bytes = answer.read()
    return content
