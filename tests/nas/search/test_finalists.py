import pytest

from nas.search.book import TrialBook
from nas.search.drive import drive
from nas.search.finalists import (
    ALWAYS,
    OTHER_RULES,
    Finalists,
    TestScores,
    contenders,
    front_trials,
)
from tests.nas.search.conftest import Workers, failed
from tests.nas.search.test_loop import run
from workers.protocol import Lost


@pytest.fixture
def searched(new_book):
    book = new_book()
    run(book)
    return book


def repeats(book):
    return [trial for trial in book.trials.values() if trial.kind == "finalist"]


def test_nothing_dominates_a_front_trial(searched):
    front = front_trials(searched)
    accuracies = [t.accuracy for t in front]
    assert accuracies == sorted(accuracies)
    for trial in searched.searched():
        if trial.state == "done" and trial not in front:
            assert any(
                f.accuracy >= trial.accuracy and f.forward_flops <= trial.forward_flops
                for f in front
            )


def test_every_contender_is_repeated_on_the_same_further_seeds(searched):
    drive(Workers(size=2), Finalists(searched))
    seeds = {}
    for trial in repeats(searched):
        seeds.setdefault(trial.origin, set()).add(trial.seed)
        assert trial.state == "done"
        assert trial.test_accuracy is not None
    assert set(seeds) == {trial.number for trial in contenders(searched)}
    assert set(map(frozenset, seeds.values())) == {frozenset({1, 2})}


def test_repeats_train_the_full_budget_at_once(searched):
    workers = Workers()
    drive(workers, Finalists(searched))
    assert {(t.start_epoch, t.end_epoch) for t in workers.seen} == {(0, 9)}


def test_a_restart_repeats_nothing_that_is_recorded(store, searched):
    class StopError(Exception):
        pass

    def spoil(task, answer):
        if len([t for t in repeats(searched) if t.state == "done"]) == 3:
            raise StopError
        return answer

    with pytest.raises(StopError):
        drive(Workers(size=2, spoil=spoil), Finalists(searched))
    again = TrialBook(searched.plan, store)
    workers = Workers()
    drive(workers, Finalists(again))
    assert len(workers.seen) == 2 * len(contenders(again)) - 3
    assert {t.state for t in repeats(again)} == {"done"}


def test_a_repeat_that_fails_or_is_lost_does_not_stop_the_rest(searched):
    def spoil(task, answer):
        number = int(task.key.split(":")[0]) % 3
        return [answer, failed(answer, "diverged"), Lost(task.key, "killed")][number]

    drive(Workers(spoil=spoil), Finalists(searched))
    states = {t.state for t in repeats(searched)}
    assert states == {"done", "failed"}


def test_a_node_that_goes_away_costs_no_repeat_and_no_test_accuracy(searched):
    gone = []

    def spoil(task, answer):
        if gone.count(task.key) < 4:
            gone.append(task.key)
            return Lost(task.key, "its node is gone", "node")
        return answer

    drive(Workers(spoil=spoil), Finalists(searched))
    assert {(t.state, t.attempts) for t in repeats(searched)} == {("done", 0)}
    drive(Workers(spoil=spoil), TestScores(searched))
    assert all(t.test_accuracy is not None for t in contenders(searched))


def test_searched_contenders_get_a_test_accuracy_once(searched):
    first, second = Workers(), Workers()
    drive(first, TestScores(searched))
    drive(second, TestScores(searched))
    assert len(first.seen) == len(contenders(searched))
    assert second.seen == []
    assert all(t.test_accuracy is not None for t in contenders(searched))


def test_no_further_seeds_means_no_repeats(new_book):
    book = new_book(**{"finalists.seeds": 0})
    run(book)
    assert Finalists(book).planned == 0


def test_of_the_rules_that_nobody_asked_for_only_the_most_accurate_are_repeated(new_book):
    kinds = dict.fromkeys(("eca", "simam", "scse", "coordinate", "triplet"))
    space = {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": 8},
        "attention": [{"stages": 3, "types": {"none": None, **kinds}}],
    }
    book = new_book(space=space, **{"search.trials": 40})
    run(book)
    front = {trial.number for trial in front_trials(book)}
    rules = [t for t in book.searched() if t.kind == "baseline" and t.number not in front]
    others = [t for t in rules if t.label not in ALWAYS]
    repeated = [t for t in contenders(book) if t in others]
    assert len(repeated) == OTHER_RULES < len(others)
    best = sorted((t.accuracy for t in others), reverse=True)[:OTHER_RULES]
    assert sorted((t.accuracy for t in repeated), reverse=True) == best
    assert all(t in contenders(book) for t in rules if t.label in ALWAYS)


def test_rules_asked_for_and_the_users_own_are_all_repeated(new_book):
    own = {"mine": {"attention": {"stage3.pre_add": "eca"}}}
    wanted = {"rules": ["each everywhere"], "own": own}
    book = new_book(**{"search.baselines": wanted})
    run(book)
    rules = [t for t in book.searched() if t.kind == "baseline"]
    assert {t.label for t in rules} == {
        "mine",
        "se everywhere",
        "eca everywhere",
        "cbam everywhere",
    }
    assert {t.number for t in rules} <= {t.number for t in contenders(book)}
