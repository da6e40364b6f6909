"""Checkpoints cut in half, with a flipped bit, gone, or without room: a job ends as undisturbed."""

import resource
import subprocess
from contextlib import contextmanager

import pytest
import torch

from nas.errors import NoStorage, NothingToExport
from nas.export.trained import evaluated_weights, finished_trial
from nas.home import Home
from nas.job_file.spec import JobSpec
from nas.jobs.deep import deep_check
from nas.jobs.driver import drive_job
from nas.jobs.retrain import retrain
from nas.jobs.submission import submit
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.search.finalists import contenders
from nas.store.store import Store
from tests.workers.moto_s3 import moto_server, new_bucket
from workers.inline import InlinePool
from workers.protocol import Evaluation, Segment
from workers.storage import storage_of

#: A real job: three architectures that all reach both rungs, in a fixed order.
JOB = {
    "name": "real",
    "data": {"name": "digits", "train_images": 96},
    "space": {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": 2},
        "attention": [{"stages": 3, "types": {"none": None, "se": {"ratio": 1}, "eca": None}}],
    },
    "recipe": {"epochs": 3, "batch_size": 32},
    "search": {"trials": 3, "rungs": [1, 2, 3], "sampler": "random"},
    "finalists": {"seeds": 1},
    "tracking": {"enabled": False},
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


class Job:
    """The job in a home of its own."""

    def __init__(self, root, changes=None, **checkpoints):
        self.home = Home(root)
        root.mkdir(parents=True, exist_ok=True)
        self.store = Store(self.home.store_url)
        spec = JobSpec.model_validate({**JOB, **(changes or {}), "checkpoints": checkpoints})
        submit(self.store, spec, deep_check(spec, estimate=False))

    @property
    def row(self):
        return self.store.jobs.get("real")

    def run(self, pool=None):
        return drive_job(
            self.store, self.home, self.row, open_pool=lambda job, say: pool or InlinePool()
        )

    @property
    def book(self):
        plan = Plan.of(self.row, self.home.checkpoints("real"))
        return TrialBook(plan, self.store)

    def results(self):
        """By training: its state, and what every rung measured."""
        book = self.book
        return {
            trial.hash: (
                trial.state,
                trial.test_accuracy,
                {r.epoch: (r.validation_accuracy, r.validation_loss) for r in book.reports[number]},
            )
            for number, trial in book.trials.items()
        }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    job = Job(tmp_path_factory.mktemp("undisturbed") / "home")
    assert job.run().state == "done"
    found = job.results()
    assert {state for state, _, _ in found.values()} <= {"done", "pruned"}
    return found


@pytest.fixture(scope="module")
def s3_server():
    with moto_server() as address:
        yield address


def weights(job, number):
    """What an export reads of a trial."""
    return evaluated_weights("real", *finished_trial(job.store, job.row, number))


def half(content):
    return content[: len(content) // 2]


def flipped(content):
    """A bit in the middle of the weights, which no format check can see."""
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


class Damaging(InlinePool):
    """Harms the first checkpoints that are handed to a worker, each in its own way."""

    def __init__(self, *harms):
        super().__init__()
        self.harms, self.outcomes = list(harms), []

    def submit(self, task):
        address = getattr(task, "checkpoint_in", None) or getattr(task, "checkpoint", None)
        if address and self.harms:
            self._harm(address, self.harms.pop(0))
        super().submit(task)

    def wait(self, timeout=None):
        answers = super().wait(timeout)
        self.outcomes += [answer.outcome for answer in answers]
        return answers

    def _harm(self, address, harm):
        storage = storage_of(address)
        if harm is None:
            storage.remove(address)
        else:
            storage.write(address, harm(storage.read(address)))


@pytest.mark.parametrize("where", ["folder", "s3"])
def test_between_rungs(tmp_path, undisturbed, where, request):
    place = {}
    if where == "s3":
        place = {"place": f"s3://{new_bucket(request.getfixturevalue('s3_server'))}/nas"}
    job, pool = Job(tmp_path / "home", **place), Damaging(half, flipped, None)
    assert job.run(pool).state == "done"
    assert pool.outcomes.count("bad_checkpoint") == 3
    assert not pool.harms
    assert job.results() == undisturbed

    book = job.book
    assert book.plan.checkpoints.startswith("s3://" if where == "s3" else str(tmp_path))
    found = storage_of(book.plan.checkpoints).files(book.plan.checkpoints)
    assert set(found) == {book.reports[t.number][-1].checkpoint for t in book.in_state("done")}
    assert all(weights(job, trial.number) for trial in contenders(book))


class DamagingTests(Damaging):
    """Harms what is about to be tested."""

    def submit(self, task):
        if isinstance(task, Evaluation):
            super().submit(task)
        else:
            InlinePool.submit(self, task)


@pytest.mark.parametrize("harm", [flipped, None])
def test_before_the_test_accuracy(tmp_path, undisturbed, harm):
    job, pool = Job(tmp_path / "home"), DamagingTests(harm)
    assert job.run(pool).state == "done"
    assert pool.outcomes.count("bad_checkpoint") == 1
    assert job.results() == undisturbed
    assert all(weights(job, trial.number) for trial in contenders(job.book))


def test_a_damaged_front_is_not_exported_and_retrain_brings_it_back(tmp_path, undisturbed):
    job = Job(tmp_path / "home")
    job.run()
    number = contenders(job.book)[0].number
    address = job.book.reports[number][-1].checkpoint
    whole = storage_of(address).read(address)
    storage_of(address).write(address, flipped(whole))
    with pytest.raises(NothingToExport, match=f"nas retrain real --trial {number} --epochs 3"):
        weights(job, number)

    def again():
        return retrain(
            job.store, job.home, job.row, number, {"epochs": 3},
            open_pool=lambda job, say: InlinePool(),
        )  # fmt: skip

    made = again()
    assert (made.trial.number, made.trained_before) == (number, False)
    assert storage_of(address).read(address) == whole
    assert job.results() == undisturbed
    assert weights(job, number)
    job.book.drop_checkpoint(number)
    with pytest.raises(NothingToExport, match="they were dropped to make room"):
        weights(job, number)
    again()
    assert weights(job, number)


class SmallFiles(InlinePool):
    """The kernel refuses files over a size while the first segments run: a quota, for real."""

    def __init__(self, times):
        super().__init__()
        self.times, self.outcomes = times, []

    def wait(self, timeout=None):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        refused = isinstance(self._task, Segment) and self.times > 0
        self.times -= refused
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096 if refused else soft, hard))
        try:
            answers = super().wait(timeout)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.outcomes += [answer.outcome for answer in answers]
        return answers


def test_a_checkpoint_that_may_not_be_written_ends_the_job_with_its_reason(tmp_path, undisturbed):
    job, pool = Job(tmp_path / "home"), SmallFiles(1)
    with pytest.raises(NoStorage, match=r"0001\.pt can't be written: File too large"):
        job.run(pool)
    assert pool.outcomes == ["disk_full"]
    assert job.row.state == "failed"
    assert "File too large" in job.row.reason
    assert job.run().state == "done"
    assert job.results() == undisturbed


@contextmanager
def small_disk(folder, kilobytes):
    """A file system of its own; gives a function that resizes it."""
    folder.mkdir()
    size = f"size={kilobytes}k"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no file system may be mounted here: {made.stderr.strip()}")

    def resize(kilobytes):
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(folder)], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def largest(job):
    place = job.book.plan.checkpoints
    return max(storage_of(place).files(place).values())


def test_a_full_disk_on_which_nothing_may_go(tmp_path, undisturbed):
    one = Job(tmp_path / "one")
    one.run()
    with small_disk(tmp_path / "disk", 5 * largest(one) // 2048) as resize:
        job = Job(tmp_path / "home", place=str(tmp_path / "disk"))
        with pytest.raises(NoStorage, match="No space left on device; and no checkpoint may go"):
            job.run()
        assert job.row.state == "failed"
        assert not {t.state for t in job.book.trials.values()} & {"failed"}
        resize(1000)
        assert job.run().state == "done"
        assert job.results() == undisturbed


def test_a_full_disk_on_which_room_can_be_made(tmp_path):
    """All eight architectures are trained to the end; the disk holds three and a half files."""
    many = {
        "space": {**JOB["space"], "backbone": {**JOB["space"]["backbone"], "width": [2, 3, 4]}},
        "recipe": {"epochs": 1, "batch_size": 32},
        "search": {"trials": 8, "pruner": "none", "sampler": "random"},
        "finalists": {"seeds": 0},
    }
    one = Job(tmp_path / "one", many)
    one.run()
    size = 7 * largest(one) // 2048
    with small_disk(tmp_path / "disk", size) as resize:
        job = Job(tmp_path / "home", many, place=str(tmp_path / "disk"))
        while job.row.state != "done":
            try:
                job.run()
            except NoStorage:  # the front itself is larger than the disk
                size += largest(one) // 1024
                resize(size)
        alike = job.results()
        assert alike == {key: one.results()[key] for key in alike}
        assert job.store.tallies.of(job.row.id).dropped > 0
        assert {t.attempts for t in job.book.trials.values()} == {0}
        assert all(weights(job, trial.number) for trial in contenders(job.book))
