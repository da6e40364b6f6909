import hashlib
from dataclasses import replace

import pytest

from nas.job_file.spec import JobSpec
from nas.jobs.deep import DeepReport
from nas.jobs.submission import submit
from nas.plan import Plan
from nas.search.book import TrialBook
from search_spaces.architecture import TaskShape
from search_spaces.cost import cost_range
from workers.inline import InlinePool

SHAPE = TaskShape(1, 8, 8, 10)
SPACE = {
    "backbone": {"name": "cifar_resnet", "depth": 8, "width": [4, 8]},
    "attention": [
        {"types": {"none": None, "se": {"ratio": [2, 4]}, "eca": None, "cbam": {"ratio": 4}}},
    ],
}
EXECUTE = "workers.synthetic:execute"


def job_spec(**changes):
    """A job on digits; keys with dots reach into sections: ``**{"search.trials": 5}``."""
    data = {
        "name": "small",
        "space": SPACE,
        "recipe": {"epochs": 9},
        "search": {"trials": 20, "rungs": [1, 3, 9], "prune_after": 0},
        "finalists": {"seeds": 2},
    }
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        (data.setdefault(section, {}) if section else data)[name] = value
    return JobSpec.model_validate(data)


def found_for(spec):
    """What a deep check would see, without loading images."""
    low, high = cost_range(spec.search_space(), SHAPE)
    size = spec.search_space().size()
    digest = hashlib.sha256(b"digits").hexdigest()[:16]
    moments = (77.9,), (95.9,)
    return DeepReport(SHAPE, digest, *moments, 1150, 288, 359, size, low, high, 1.0)


def record(store, **changes):
    """Submit a job without loading its images."""
    spec = job_spec(**changes)
    return submit(store, spec, found_for(spec))


@pytest.fixture
def new_plan(store, tmp_path):
    """``new_plan(**changes)`` records a job and gives its plan."""

    def make(**changes):
        job = record(store, **changes)
        return Plan.of(job, tmp_path / "checkpoints" / job.name)

    return make


@pytest.fixture
def new_book(store, new_plan):
    """``new_book(**changes)`` gives the empty book of a new job."""
    return lambda **changes: TrialBook(new_plan(**changes), store)


class Workers(InlinePool):
    """Synthetic answers, several tasks at a time, in an order that a test chooses.

    ``spoil(task, answer)`` may replace an answer: by a failure, or by ``Lost``.
    """

    def __init__(self, size=1, spoil=lambda task, answer: answer):
        super().__init__(EXECUTE)
        self.size = size
        self.seen = []
        self._spoil = spoil
        self._tasks = []

    def free(self):
        return self.size - len(self._tasks)

    def submit(self, task):
        assert len(self._tasks) < self.size
        self._tasks.append(task)
        self.seen.append(task)

    def wait(self, timeout=None):
        task = self._tasks.pop(0)
        self._task = task
        (answer,) = super().wait()
        return [self._spoil(task, answer)]


def failed(answer, outcome, reason="for a test"):
    """The same answer, gone wrong."""
    return replace(answer, outcome=outcome, reason=reason)
