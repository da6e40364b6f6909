import pytest

from nas.search.book import TrialBook
from nas.search.cache import recalling
from nas.search.drive import drive
from nas.search.finalists import front_trials
from nas.search.loop import Search
from nas.search.warm import WarmStart, warm_start
from search_spaces.architecture import Architecture
from tests.nas.search.conftest import SPACE, Workers
from workers.protocol import Latency

ELSEWHERE = {
    "backbone": {"name": "cifar_resnet", "depth": 14, "width": 4},
    "attention": [{"types": {"none": None, "eca": None}}],
}


def run(book, store, workers=None):
    workers = workers or Workers()
    search = Search(book.plan, book, warm=warm_start(book.plan, store))
    drive(workers, recalling(search, book, store))
    search.close()
    return workers


@pytest.fixture
def base(store, new_book):
    """A finished search of twenty trials."""
    book = new_book(name="base")
    run(book, store)
    return book


def of_kind(book, kind):
    return [t for t in book.searched() if t.kind == kind]


def test_equal_trainings_are_taken_over_and_cost_neither_epochs_nor_trials(store, new_book, base):
    book = new_book(name="next", warm_start=["base"], **{"search.trials": 26})
    workers = run(book, store)
    counted = [t for t in book.searched() if t.counted]
    assert len(counted) == 26
    assert {t.hash for t in base.searched()} <= {t.hash for t in book.searched()}
    assert {t.hash for t in of_kind(book, "warm")} <= {t.hash for t in base.searched()}
    trained = {book.trials[int(t.key.split(":")[0])].hash for t in workers.seen}
    finished = {t.hash for t in base.searched() if t.state == "done"}
    assert not trained & finished


def test_rules_stay_rules_though_the_other_job_trained_them(store, new_book, base):
    book = new_book(name="next", warm_start=["base"])
    run(book, store)
    labels = [t.label for t in of_kind(base, "baseline")]
    assert [t.label for t in of_kind(book, "baseline")][: len(labels)] == labels


def test_every_recorded_rung_is_taken_at_once_and_says_where_it_came_from(store, new_book, base):
    book = new_book(name="next", warm_start=["base"], **{"search.trials": 5})
    run(book, store)
    rungs = {t.hash: [row.epoch for row in base.reports[t.number]] for t in base.searched()}
    taken = of_kind(book, "warm")
    assert taken
    for trial in taken:
        rows = book.reports[trial.number]
        assert [row.epoch for row in rows][: len(rungs[trial.hash])] == rungs[trial.hash]
        assert {row.cached_from.split(":")[0] for row in rows if row.cached_from} == {"base"}


def test_the_front_is_at_least_that_of_the_job_started_from(store, new_book, base):
    book = new_book(name="next", warm_start=["base"])
    run(book, store)
    objective = book.plan.objective
    for old in front_trials(base):
        assert any(
            t.accuracy >= old.accuracy and t.cost(objective) <= old.cost(objective)
            for t in front_trials(book)
        )


def test_another_recipe_informs_the_sampler_only(store, new_book, base):
    book = new_book(name="next", warm_start=["base"], **{"recipe": {"epochs": 9, "momentum": 0.8}})
    found = warm_start(book.plan, store)
    assert found.taken == ()
    assert len(found.earlier) == 20
    assert found.found == (("base", 0, 20, 0),)
    run(book, store)
    assert not of_kind(book, "warm")
    assert len(book.searched()) == 20
    assert store.tallies.of(book.plan.job_id).reused.reports == 0


def test_longer_trainings_are_the_closer_fidelity(store, new_book, base):
    book = new_book(name="next", warm_start=["base"], seed=5)
    earlier = warm_start(book.plan, store).earlier
    epochs = {
        tuple(book.plan.space.params_of(Architecture.from_json(t.architecture)).items()): t.epoch
        for t in base.searched()
        if Architecture.from_json(t.architecture) in book.plan.space
    }
    by_fidelity = {}
    for params, seen in earlier:
        by_fidelity.setdefault(max(seen), set()).add(epochs[tuple(params.items())])
    found = [by_fidelity[level] for level in sorted(by_fidelity)]
    assert found == [{epoch} for epoch in sorted(set(epochs.values()))]
    assert len(found) > 1


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_other_samplers_are_said_to_ignore_what_was_trained_otherwise(
    store, new_book, base, sampler
):
    changes = {"seed": 5, "search.sampler": sampler, "search.trials": 8}
    book = new_book(name="next", warm_start=["base"], **changes)
    (note,) = warm_start(book.plan, store).notes()
    assert note.endswith(f"20 trained otherwise are ignored: {sampler} can't use them")
    run(book, store)
    assert len(book.searched()) == 8


def test_a_space_with_nothing_in_common_is_told(store, new_book, base):
    book = new_book(name="next", warm_start=["base"], space=ELSEWHERE)
    (note,) = warm_start(book.plan, store).notes()
    assert note.startswith("warm start: nothing of job base can be used: none of its 2")


def test_trials_outside_of_the_space_are_left_and_counted(store, new_book, base):
    narrow = {**SPACE, "backbone": {**SPACE["backbone"], "width": 4}}
    book = new_book(name="next", warm_start=["base"], space=narrow)
    found = warm_start(book.plan, store)
    assert all(taken.architecture in book.plan.space for taken in found.taken)
    ((_, taken, informing, outside),) = found.found
    assert (taken, informing) == (len(found.taken), 0)
    assert taken + outside == 20
    assert "lie outside of the space" in found.notes()[0]


def test_what_is_over_a_limit_is_not_taken_over(store, new_book, base):
    limit = sorted(t.forward_flops for t in base.searched())[9]
    changes = {"cost.limits": {"forward_flops": limit}, "search.trials": 6}
    book = new_book(name="next", warm_start=["base"], **changes)
    run(book, store)
    assert of_kind(book, "warm")
    assert max(t.forward_flops for t in book.searched()) <= limit


@pytest.mark.parametrize("stop_after", [0, 3, 9])
def test_killed_while_taking_over_it_goes_on_to_take_the_rest(store, new_book, base, stop_after):
    class KilledError(Exception):
        pass

    book = new_book(name="next", warm_start=["base"], **{"search.trials": 6})
    search = Search(book.plan, book, warm=warm_start(book.plan, store))
    left, take = [stop_after], search.take

    def taken(answer):
        left[0] -= 1
        if left[0] < 0:
            raise KilledError
        take(answer)

    search.take = taken
    with pytest.raises(KilledError):
        drive(Workers(), recalling(search, book, store))
    again = TrialBook(book.plan, store)
    run(again, store)
    assert {t.hash for t in base.searched()} <= {t.hash for t in again.searched()}
    assert sum(t.counted for t in again.searched()) == 6


def test_a_job_that_is_gone_gives_nothing(store, new_book):
    book = new_book(name="next", warm_start=["vanished"])
    found = warm_start(book.plan, store)
    assert (found.taken, found.earlier) == ((), ())
    assert WarmStart().notes() == []


def test_what_is_taken_over_has_its_latency_measured_here(store, new_book, base):
    changes = {"cost.limits": {"latency_ms": 6.0}, "search.trials": 6}
    book = new_book(name="next", warm_start=["base"], **changes)
    plain = Architecture.of(book.plan.space.backbones[0])
    reference = (plain, Latency(2.0, 0.1))
    search = Search(book.plan, book, reference, warm=warm_start(book.plan, store))
    drive(Workers(), recalling(search, book, store))
    taken = of_kind(book, "warm")
    assert taken
    assert all(t.latency_ms <= 6.0 for t in taken)
    assert len(taken) + len(of_kind(book, "baseline")) < len(base.searched())
    assert sum(t.counted for t in book.searched()) == 6
