import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from nas.search.book import TrialBook
from nas.search.cache import recalling
from nas.search.drive import drive
from nas.search.finalists import Finalists, TestScores
from nas.search.loop import Search
from tests.nas.search.conftest import Workers

#: Few architectures, so that two jobs with other sampler seeds meet the same ones.
SMALL = {
    "backbone": {"name": "cifar_resnet", "depth": 8, "width": 4},
    "attention": [{"stages": [2, 3], "types": {"none": None, "eca": None, "se": {"ratio": 4}}}],
}


class WritingWorkers(Workers):
    """Synthetic answers that leave checkpoints, each with content of its own."""

    def wait(self, timeout=None):
        task = self._tasks[0]
        (answer,) = super().wait()
        if hasattr(task, "checkpoint_out"):
            path = Path(task.checkpoint_out)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{task.architecture} {task.seed} {task.end_epoch}".encode())
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            answer = replace(answer, checkpoint_sha256=digest, train_seconds=2.0)
        return [answer]


def whole(book, store, workers=None):
    """Search, finalists and test scores, as a driver runs them."""
    workers = workers or WritingWorkers()
    search = Search(book.plan, book)
    drive(workers, recalling(search, book, store))
    search.close()
    drive(workers, recalling(Finalists(book), book, store))
    drive(workers, recalling(TestScores(book), book, store))
    return workers


def told(book):
    """What is known of each training: its reports and its test accuracy."""
    return {
        trial.hash: (
            [(r.epoch, r.validation_accuracy, r.train_loss) for r in book.reports[number]],
            trial.test_accuracy,
        )
        for number, trial in book.trials.items()
    }


def test_the_same_job_under_another_name_trains_nothing(store, new_book):
    first, second = new_book(), new_book(name="again")
    trained = whole(first, store).seen
    assert whole(second, store).seen == []
    assert trained
    assert told(first) == told(second)
    assert [t.hash for t in first.searched()] == [t.hash for t in second.searched()]
    sources = {row.cached_from for rows in second.reports.values() for row in rows}
    assert sources == {f"small:{number}" for number in first.trials}


def test_what_came_from_the_cache_is_not_charged_but_counted(store, new_book):
    first, second = new_book(), new_book(name="again")
    whole(first, store)
    spent = store.tallies.of(first.plan.job_id).worker_seconds
    whole(second, store)
    assert store.tallies.of(second.plan.job_id).worker_seconds == 0
    reused = store.tallies.of(second.plan.job_id).reused
    assert reused.seconds == pytest.approx(spent)
    assert reused.reports == sum(map(len, first.reports.values()))
    assert reused.epochs == sum(t.epoch for t in first.trials.values())
    assert reused.search_epochs == first.trained_epochs()
    assert second.trained_epochs() == 0


def test_a_third_job_names_the_one_that_trained(store, new_book):
    books = [new_book(name=name) for name in ("one", "two", "three")]
    for book in books:
        whole(book, store)
    sources = {row.cached_from for rows in books[2].reports.values() for row in rows}
    assert {source.split(":")[0] for source in sources} == {"one"}


def test_another_recipe_or_seed_is_another_training(store, new_book):
    whole(new_book(), store)
    for name, change in (("rate", {"recipe": {"epochs": 9, "learning_rate": 0.2}}), ("s", {})):
        book = new_book(name=name, seed=7 if name == "s" else 0, **change)
        assert whole(book, store).seen
        assert store.tallies.of(book.plan.job_id).reused.reports == 0


def test_the_switch_turns_it_off(store, new_book):
    trained = whole(new_book(), store).seen
    book = new_book(**{"name": "off", "search.cache": False})
    assert [t.key for t in whole(book, store).seen] == [t.key for t in trained]


def test_checkpoints_come_along_and_outlive_the_other_job(store, new_book):
    first, second = new_book(), new_book(name="again")
    whole(first, store)
    whole(second, store)
    done = [t for t in second.searched() if t.state == "done"]
    assert done
    for trial in done:
        mine = Path(second.reports[trial.number][-1].checkpoint)
        assert mine.is_relative_to(second.plan.checkpoints)
        theirs = first.plan.checkpoint(trial.number, 9)
        assert mine.samefile(theirs)
        Path(theirs).unlink()
        assert mine.read_bytes()


def test_the_same_model_written_otherwise_gives_its_numbers_but_not_its_checkpoint(store, new_book):
    def space(ratio):
        entry = {"stages": 1, "types": {"se": {"ratio": ratio}}}
        return {"backbone": {"name": "cifar_resnet", "depth": 8, "width": 8}, "attention": [entry]}

    few = {"search.trials": 1, "search.baselines": {"rules": []}, "finalists.seeds": 1}
    first = new_book(space=space(4), **few)
    second = new_book(name="again", space=space(8), **few)
    whole(first, store)
    assert [type(task).__name__ for task in whole(second, store).seen] == []
    (one,), (other,) = first.searched(), second.searched()
    assert one.architecture != other.architecture and one.hash == other.hash
    assert second.reports[other.number][-1].checkpoint_sha256 == ""


def test_a_file_system_without_links_gets_copies(store, new_book, monkeypatch):
    first, second = new_book(), new_book(name="again")
    whole(first, store)

    def refuse(*paths):
        raise OSError("not here")

    monkeypatch.setattr("workers.local_storage.os.link", refuse)
    whole(second, store)
    trial = next(t for t in second.searched() if t.state == "done")
    mine = Path(second.reports[trial.number][-1].checkpoint)
    assert mine.read_bytes() == Path(first.plan.checkpoint(trial.number, 9)).read_bytes()
    assert not mine.samefile(first.plan.checkpoint(trial.number, 9))


def damage(book):
    for file in Path(book.plan.checkpoints).rglob("*.pt"):
        file.write_bytes(b"damaged")


def remove(book):
    for file in Path(book.plan.checkpoints).rglob("*.pt"):
        file.unlink()


@pytest.mark.parametrize("harm", [damage, remove])
def test_without_its_checkpoint_only_the_numbers_are_taken(store, new_book, harm):
    first, second = new_book(), new_book(name="again")
    whole(first, store)
    harm(first)
    workers = whole(second, store)
    assert told(first) == told(second)
    assert not any(rows[-1].checkpoint for rows in second.reports.values())
    assert not list(Path(second.plan.checkpoints).rglob("*.pt"))
    assert not any(hasattr(t, "end_epoch") for t in workers.seen)


def test_who_must_go_on_without_a_checkpoint_is_trained_from_the_start(store, new_book):
    changes = {"space": SMALL, "search.trials": 9, "search.baselines": False, "finalists.seeds": 0}
    first = new_book(**changes, **{"search.reduction": 9})
    whole(first, store)
    pruned = {t.hash for t in first.searched() if t.state == "pruned"}
    second = new_book(name="again", **changes, **{"search.reduction": 2})
    again = [t for t in whole(second, store).seen if hasattr(t, "end_epoch")]
    gone_on = [t for t in again if t.end_epoch == 3]
    assert {second.trials[int(t.key.split(":")[0])].hash for t in gone_on} <= pruned
    assert {(t.start_epoch, t.checkpoint_in) for t in gone_on} == {(0, None)}
    reached = store.tallies.of(second.plan.job_id).reused.search_epochs
    assert second.trained_epochs() + reached > sum(t.epoch for t in second.searched())


def test_rungs_may_differ_between_the_jobs(store, new_book):
    first = new_book(**{"search.rungs": [1, 2, 9], "search.reduction": 2})
    whole(first, store)
    second = new_book(**{"name": "again", "search.rungs": [2, 9], "search.reduction": 2})
    whole(second, store)
    taken = [
        row
        for trial in second.searched()
        for row in second.reports[trial.number]
        if row.cached_from
    ]
    assert taken
    for row in taken:
        start = 0 if row.epoch == 2 else 2
        assert len(row.train_loss) == row.epoch - start
        if row.epoch == 2:
            assert row.train_seconds == pytest.approx(4.0)


@pytest.mark.parametrize("stop_after", [0, 1, 5, 11])
def test_killed_in_the_cached_phase_it_goes_on_to_the_same_end(store, new_book, stop_after):
    changes = {"space": SMALL, "search.trials": 9, "search.baselines": False}
    changes |= {"search.sampler": "random", "search.pruner": "none"}
    first = new_book(**changes)
    whole(first, store)

    class KilledError(Exception):
        pass

    book = new_book(name="again", **changes)
    search, left = Search(book.plan, book), [stop_after]
    take = search.take

    def taken(answer):
        left[0] -= 1
        if left[0] < 0:
            raise KilledError
        take(answer)

    search.take = taken
    with suppress(KilledError):
        drive(WritingWorkers(), recalling(search, book, store))
    again = TrialBook(book.plan, store)
    assert whole(again, store).seen == []
    assert told(again) == told(first)
