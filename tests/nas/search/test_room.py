import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nas.errors import NoStorage
from nas.home import Home
from nas.jobs.driver import drive_job
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.search.finalists import contenders
from nas.search.room import Room, droppable
from tests.nas.search.conftest import Workers, failed, record
from workers.local_storage import LocalStorage
from workers.protocol import Segment

#: Bytes of a checkpoint in these tests.
SIZE = 10_000


class Writing(Workers):
    """Synthetic answers that leave checkpoints of one size; remembers what lay there at most."""

    def __init__(self, folder, spoil=lambda task, answer: answer, size=1):
        super().__init__(size, spoil)
        self.folder, self.most = folder, 0

    def wait(self, timeout=None):
        task = self._tasks[0]
        (answer,) = super().wait()
        if isinstance(task, Segment) and getattr(answer, "outcome", "") == "ok":
            content = f"{task.architecture} {task.seed} {task.end_epoch}".encode().ljust(SIZE)
            LocalStorage().write(task.checkpoint_out, content)
            digest = hashlib.sha256(content).hexdigest()
            answer = replace(answer, checkpoint_sha256=digest, checkpoint_bytes=SIZE)
        self.most = max(self.most, held(self.folder))
        return [answer]


def held(folder):
    return sum(LocalStorage().files(str(folder)).values())


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def run(store, home):
    """``run(workers, **changes)`` drives a job to its end; a second call goes on."""

    def make(workers=None, **changes):
        known = [job for job in store.jobs.list() if job.name == "small"]
        job = known[0] if known else record(store, **changes)
        folder = home.checkpoints(job.name)
        used = workers or Writing(folder)
        try:
            drive_job(store, home, job, open_pool=lambda job, say: used)
        finally:
            job = store.jobs.get("small")
            book = TrialBook(Plan.of(job, folder), store)
        return job, book, used

    return make


def forget(store, home):
    """A clean table: else the cache would answer for the next job."""
    for job in store.jobs.list():
        store.jobs.delete(job.id)
    shutil.rmtree(home.root / "checkpoints")


def results(book):
    return {
        t.hash: (t.state, t.test_accuracy, [r.validation_accuracy for r in book.reports[t.number]])
        for t in book.trials.values()
    }


MANY = {
    "search.pruner": "none",
    "search.sampler": "random",
    "search.trials": 13,
    "search.rungs": None,
    "finalists.seeds": 1,
}
FULL = "x.pt can't be written: No space left on device"


def test_without_a_limit_every_finished_trial_keeps_its_weights(run):
    _, book, workers = run(**MANY)
    assert workers.most == len(book.trials) * SIZE
    assert all(rows[-1].checkpoint for rows in book.reports.values())


def test_what_a_trial_leaves_where_a_stray_lay_is_its_own(store, run):
    _, book, _ = run(**MANY)
    number = contenders(book)[0].number
    row, address = book.reports[number][-1], book.reports[number][-1].checkpoint
    book.reports[number] = [replace(row, checkpoint="", epoch=1)]
    room = Room(book, store)
    book.reports[number] = [row]
    while room.free(1):
        pass
    assert Path(address).exists()


@pytest.mark.parametrize("size", [1, 4])
def test_a_limit_holds_and_what_is_needed_stays(store, run, home, size):
    whole = run(**MANY)[1]
    wanted = results(whole)
    needed = {t.number for t in contenders(whole)}
    limit = (len(needed) + 1 + size) * SIZE
    forget(store, home)

    limited = {**MANY, "checkpoints.disk_limit": limit}
    job, book, workers = run(Writing(home.checkpoints("small"), size=size), **limited)
    assert job.state == "done"
    if size == 1:
        assert results(book) == wanted
    assert workers.most <= limit
    kept = {number for number, rows in book.reports.items() if rows[-1].checkpoint}
    assert {t.number for t in contenders(book)} <= kept
    dropped = [rows[-1] for rows in book.reports.values() if rows[-1].dropped]
    assert store.tallies.of(job.id).dropped == len(dropped) > 0
    assert all(Path(book.reports[n][-1].checkpoint).exists() for n in kept)
    assert "over_disk_limit" not in job.details


def test_what_is_needed_is_kept_over_the_limit_and_that_is_told(run):
    job, book, _ = run(**MANY, **{"checkpoints.disk_limit": 2 * SIZE})
    assert job.state == "done"
    over = job.details["over_disk_limit"]
    assert over["limit"] == 2 * SIZE < over["bytes"]
    assert all(book.reports[t.number][-1].checkpoint for t in contenders(book))
    assert droppable(book) == []


def test_who_waits_goes_on_from_its_checkpoint_however_small_the_limit(run, home):
    pruned = {"search.sampler": "random", "search.trials": 16, "finalists.seeds": 0}
    workers = run(**pruned, **{"checkpoints.disk_limit": 1})[2]
    segments = [task for task in workers.seen if isinstance(task, Segment)]
    rungs = {0: 1, 1: 3, 3: 9}
    assert {(t.start_epoch, t.end_epoch) for t in segments} == set(rungs.items())


def test_the_dominated_go_first_and_the_front_never(run):
    _, book, _ = run(**MANY)
    order = droppable(book)
    front = {t.number for t in contenders(book)}
    assert not front & set(order)
    searched = [n for n in order if book.trials[n].searched]
    repeats = [n for n in order if not book.trials[n].searched]
    assert order == searched + repeats
    assert set(searched) | front == {t.number for t in book.searched()}
    assert repeats
    book.drop_checkpoint(order[0])
    assert droppable(book) == order[1:]


def test_weights_dropped_from_who_is_wanted_later_are_trained_again(store, run):
    _, book, _ = run(**MANY)
    wanted = contenders(book)[0].number
    book.drop_checkpoint(wanted)
    assert not Path(book.plan.trial_folder(wanted)).exists()
    _, again, workers = run()
    assert [task.key for task in workers.seen] == [f"{wanted}:9"]
    assert workers.seen[0].start_epoch == 0
    assert Path(again.reports[wanted][-1].checkpoint).exists()
    assert results(again) == results(book)


def test_strays_of_a_killed_driver_go_first_and_nothing_else_is_touched(store, run):
    _, book, _ = run(**MANY)
    stray = Path(book.plan.checkpoint(3, 4))
    stray.write_bytes(bytes(SIZE))
    others = Path(book.plan.checkpoints) / "notes.txt"
    others.write_text("mine")
    room = Room(book, store)
    assert room.used == held(book.plan.checkpoints) - len("mine")
    assert room.free(1)
    assert not stray.exists()
    assert others.exists()
    assert room.freed == 1


def test_a_full_disk_is_given_room_and_the_segment_is_done_again(store, run, home):
    wanted = results(run(**MANY)[1])
    forget(store, home)

    def spoil(task, answer, left=[3]):  # noqa: B006
        if left[0] and int(task.key.split(":")[0]) == 12:
            left[0] -= 1
            return failed(answer, "disk_full", FULL)
        return answer

    job, book, _ = run(Writing(home.checkpoints("small"), spoil), **MANY)
    assert job.state == "done"
    assert results(book) == wanted
    assert book.trials[12].attempts == 0
    assert store.tallies.of(job.id).dropped == 3
    assert sum(c.outcome == "failed" for c in store.charges.list(job.id)) == 3


def test_a_full_disk_where_nothing_may_go_ends_the_job_and_it_can_go_on(store, run, home):
    def spoil(task, answer):
        return failed(answer, "disk_full", FULL)

    with pytest.raises(NoStorage, match=r"No space left on device; and no checkpoint may go"):
        run(Writing(home.checkpoints("small"), spoil), **MANY)
    job = store.jobs.get("small")
    assert job.state == "failed"
    assert job.reason.startswith(FULL)
    assert {t.state for t in store.trials.list(job.id)} == {"running"}
    job, book, _ = run()
    assert job.state == "done"
    assert {t.state for t in book.trials.values()} == {"done"}
    assert all(t.attempts == 0 for t in book.trials.values())


def test_a_place_that_does_not_answer_is_tried_three_times(store, run, home):
    def silent(times):
        left = [times]

        def spoil(task, answer):
            if left[0] and isinstance(task, Segment):
                left[0] -= 1
                return failed(answer, "no_storage", "s3://b/x can't be written: no answer")
            return answer

        return spoil

    with pytest.raises(NoStorage, match=r"no answer; 3 times"):
        run(Writing(home.checkpoints("small"), silent(3)), **MANY)
    job, book, _ = run(Writing(home.checkpoints("small"), silent(2)))
    assert job.state == "done"
    assert all(t.attempts == 0 for t in book.trials.values())
