import pytest

from nas.search.book import TrialBook
from nas.search.cache import recalling
from nas.search.drive import drive
from nas.search.finalists import contenders
from nas.search.restoring import Restoring
from tests.nas.search.conftest import Workers, failed
from tests.nas.search.test_cache import WritingWorkers, remove, whole


@pytest.fixture
def bare(store, new_book):
    """A job whose trials all came from one that lost its checkpoints."""
    first, second = new_book(), new_book(name="again")
    whole(first, store)
    remove(first)
    whole(second, store)
    return second


def restore(book, store, workers=None, **more):
    workers = workers or WritingWorkers()
    drive(workers, recalling(Restoring(book, **more), book, store))
    return workers


def test_contenders_get_their_weights_back_and_keep_their_numbers(store, bare):
    before = {t.number: t for t in bare.searched()}
    wanted = {t.number for t in contenders(bare)}
    workers = restore(bare, store)
    assert {int(t.key.split(":")[0]) for t in workers.seen} == wanted
    assert {(t.start_epoch, t.end_epoch) for t in workers.seen} == {(0, 9)}
    again = TrialBook(bare.plan, store)
    for trial in again.searched():
        row = again.reports[trial.number][-1]
        assert bool(row.checkpoint and row.checkpoint_sha256) == (trial.number in wanted)
        assert trial.accuracy == before[trial.number].accuracy
        assert trial.state == before[trial.number].state
    assert restore(again, store).seen == []


def test_what_is_trained_for_the_weights_is_charged(store, bare):
    workers = restore(bare, store)
    assert store.tallies.of(bare.plan.job_id).worker_seconds == pytest.approx(
        2.0 * len(workers.seen)
    )
    assert bare.trained_epochs() == 9 * len(workers.seen)


def test_a_budget_may_refuse_it(store, bare):
    assert restore(bare, store, fits=lambda epochs, number: False).seen == []


def test_a_training_that_fails_leaves_the_numbers(store, bare):
    workers = Workers(spoil=lambda task, answer: failed(answer, "error"))
    restore(bare, store, workers)
    assert workers.seen
    assert {t.state for t in bare.searched()} == {"done", "pruned"}
    assert not any(rows[-1].checkpoint for rows in bare.reports.values())


def test_a_job_with_all_its_weights_has_nothing_to_restore(store, new_book):
    book = new_book()
    whole(book, store)
    assert restore(book, store).seen == []
