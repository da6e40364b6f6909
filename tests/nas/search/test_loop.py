from dataclasses import replace

import pytest

from nas.plan import Plan
from nas.search import measuring
from nas.search.book import MAX_ATTEMPTS, TrialBook
from nas.search.drive import drive
from nas.search.loop import Search
from search_spaces.architecture import Architecture
from search_spaces.canonical import canonical
from tests.nas.search.conftest import EXECUTE, Workers, failed
from workers.inline import InlinePool
from workers.protocol import Latency, Lost


def run(book, workers=None, reference=None):
    """Run a search to its end."""
    search = Search(book.plan, book, reference)
    drive(workers or Workers(), search)
    search.close()
    return search


def states(book):
    found = {}
    for trial in book.searched():
        found.setdefault(trial.state, []).append(trial.number)
    return found


def test_the_budget_counts_baselines_and_every_trial_ends(new_book):
    book = new_book()
    run(book)
    assert len(book.searched()) == 20
    assert set(states(book)) == {"done", "pruned"}
    labels = [t.label for t in book.searched() if t.kind == "baseline"]
    rules = ["se late", "se everywhere", "se last 1", "eca everywhere"]
    assert labels == ["none", "none", *rules]  # a third of 20


def test_no_training_is_repeated_within_a_job(new_book):
    book = new_book()
    run(book)
    architectures = [Architecture.from_json(t.architecture) for t in book.searched()]
    models = {canonical(architecture, book.plan.shape) for architecture in architectures}
    assert len(models) == len(architectures) == 20


def test_baselines_are_never_pruned(new_book):
    book = new_book()
    run(book)
    assert {t.state for t in book.searched() if t.kind == "baseline"} == {"done"}


def test_trials_pass_every_rung_in_order_and_pruned_ones_stop_at_one(new_book):
    book = new_book()
    run(book)
    for trial in book.searched():
        epochs = [row.epoch for row in book.reports[trial.number]]
        assert epochs == [1, 3, 9][: len(epochs)]
        assert (len(epochs) == 3) == (trial.state == "done")


def test_pruning_saves_epochs_and_none_prunes_nothing(new_book):
    pruned = new_book(**{"search.trials": 40, "search.reduction": 3})
    run(pruned)
    whole = new_book(**{"name": "whole", "search.trials": 40, "search.pruner": "none"})
    run(whole)
    assert sum(t.epoch for t in whole.searched()) == 40 * 9
    assert sum(t.epoch for t in pruned.searched()) < 0.8 * 40 * 9


@pytest.mark.parametrize("sampler", ["known_cost", "tpe", "nsga2", "random", "gp"])
def test_every_sampler_spends_the_budget(new_book, sampler):
    book = new_book(**{"search.sampler": sampler, "search.trials": 14})
    run(book)
    assert len(book.searched()) == 14


def test_one_worker_and_one_seed_give_the_same_trials_in_the_same_order(new_book):
    first, second = new_book(), new_book(name="again")
    run(first)
    run(second)
    assert [t.hash for t in first.searched()] == [t.hash for t in second.searched()]
    assert [t.accuracy for t in first.searched()] == [t.accuracy for t in second.searched()]


def test_another_sampler_seed_gives_other_trials(new_book):
    first, second = new_book(), new_book(**{"name": "again", "search.seed": 1})
    run(first)
    run(second)
    assert [t.hash for t in first.searched()] != [t.hash for t in second.searched()]


def test_many_workers_give_the_same_numbers_for_the_same_architectures(new_book):
    one, many = new_book(), new_book(name="many")
    run(one)
    run(many, Workers(size=4))
    alone = {
        (t.hash, t.architecture): {r.epoch: r.validation_accuracy for r in one.reports[t.number]}
        for t in one.searched()
    }
    for trial in many.searched():
        for row in many.reports[trial.number]:
            known = alone.get((trial.hash, trial.architecture), {})
            assert known.get(row.epoch, row.validation_accuracy) == row.validation_accuracy


def test_an_exhausted_space_ends_the_search(new_book):
    space = {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": 4},
        "attention": [{"stages": 3, "types": {"none": None, "eca": None, "se": {"ratio": 4}}}],
    }
    book = new_book(**{"space": space, "search.trials": 50, "search.baselines": False})
    search = run(book)
    assert search.exhausted
    assert len(book.searched()) == 3
    assert search.duplicates > 0


def test_a_diverged_trial_fails_with_its_reason_and_the_search_goes_on(new_book):
    def spoil(task, answer):
        return (
            failed(answer, "diverged", "loss is nan in epoch 2")
            if '"cbam"' in (task.architecture)
            else answer
        )

    book = new_book()
    run(book, Workers(spoil=spoil))
    bad = [t for t in book.searched() if '"cbam"' in t.architecture]
    assert bad
    assert {(t.state, t.reason) for t in bad} == {("failed", "diverged: loss is nan in epoch 2")}
    assert len(book.searched()) == 20


def test_a_lost_segment_is_trained_again_and_gives_the_same(new_book):
    lost = []

    def spoil(task, answer):
        if task.key == "3:3" and not lost:
            lost.append(task.key)
            return Lost(task.key, "killed")
        return answer

    calm, shaken = new_book(), new_book(name="shaken")
    run(calm)
    run(shaken, Workers(spoil=spoil))
    assert lost
    assert shaken.trials[3].attempts == 0  # since its last report
    assert shaken.reports[3][1].validation_accuracy == calm.reports[3][1].validation_accuracy


def test_a_segment_that_always_kills_its_worker_fails_its_trial(new_book):
    def spoil(task, answer):
        return Lost(task.key, "killed by signal 9") if task.key.startswith("4:") else answer

    book = new_book()
    run(book, Workers(spoil=spoil))
    assert book.trials[4].state == "failed"
    assert book.trials[4].reason == f"lost {MAX_ATTEMPTS} times: killed by signal 9"


def test_losses_with_a_report_in_between_fail_no_trial(new_book):
    lost = []

    def spoil(task, answer):
        if task.key.startswith("3:") and lost.count(task.key) < MAX_ATTEMPTS - 1:
            lost.append(task.key)
            return Lost(task.key, "killed")
        return answer

    calm, shaken = new_book(), new_book(name="shaken")
    run(calm)
    run(shaken, Workers(spoil=spoil))
    assert len(lost) > MAX_ATTEMPTS
    assert shaken.trials[3].state == calm.trials[3].state != "failed"


def test_nodes_that_go_away_are_nobodys_fault(new_book):
    gone = []

    def spoil(task, answer):
        if task.key.startswith("4:") and len(gone) < 2 * MAX_ATTEMPTS:
            gone.append(task.key)
            return Lost(task.key, "its node is gone", "node")
        return answer

    calm, shaken = new_book(), new_book(name="shaken")
    run(calm)
    run(shaken, Workers(spoil=spoil))
    assert len(gone) == 2 * MAX_ATTEMPTS
    assert shaken.trials[4].attempts == 0
    assert shaken.reports[4][0].validation_accuracy == calm.reports[4][0].validation_accuracy


def test_a_latency_lost_with_its_node_is_measured_again(new_book):
    gone = []

    def spoil(task, answer):
        if task.key.startswith("latency:") and not gone:
            gone.append(task.key)
            return Lost(task.key, "its node is gone", "node")
        return answer

    book = new_book(**{"cost.objective": "latency_ms"})
    workers = Workers(spoil=spoil)
    plain = Architecture.of(book.plan.space.backbones[0], {}, book.plan.space.start)
    drive(workers, Search(book.plan, book, (plain, Latency(1.0, 0.1))))
    assert [task.key for task in workers.seen].count(gone[0]) == 2
    assert gone[0].partition(":")[2] in {
        Architecture.from_json(trial.architecture).hash for trial in book.searched()
    }


def test_a_damaged_checkpoint_is_trained_again_from_scratch(new_book):
    damaged = []

    def spoil(task, answer):
        if task.key == "2:9" and task.start_epoch == 3:
            damaged.append(task)
            return failed(answer, "bad_checkpoint")
        return answer

    workers = Workers(spoil=spoil)
    book = new_book()
    run(book, workers)
    assert len(damaged) == 1
    again = [t for t in workers.seen if t.key == "2:9"][-1]
    assert (again.start_epoch, again.end_epoch, again.checkpoint_in) == (0, 9, None)
    assert [row.epoch for row in book.reports[2]] == [1, 3, 9]


def test_a_candidate_over_a_limit_is_never_trained(new_book):
    limit = 250_000
    workers = Workers()
    book = new_book(**{"cost.limits": {"forward_flops": limit}})
    run(book, workers)
    assert max(t.forward_flops for t in book.searched()) <= limit
    assert len(book.searched()) > 10


@pytest.mark.parametrize("stop_after", [0, 1, 7, 20, 33])
def test_a_search_killed_anywhere_goes_on_where_its_rows_end(store, new_book, stop_after):
    class StopError(Exception):
        pass

    left = [stop_after]

    def spoil(task, answer):
        left[0] -= 1
        if left[0] < 0:
            raise StopError
        return answer

    book = new_book()
    with pytest.raises(StopError):
        run(book, Workers(size=2, spoil=spoil))
    workers = Workers(size=2)
    again = TrialBook(book.plan, store)
    before = {n: len(rows) for n, rows in again.reports.items()}
    run(again, workers)
    assert len(again.searched()) == 20
    assert not states(again).keys() & {"running", "waiting"}
    fresh = {t.key for t in workers.seen}
    done_before = {
        f"{n}:{row.epoch}" for n, rows in again.reports.items() for row in rows[: before.get(n, 0)]
    }
    assert not fresh & done_before


def test_latency_is_measured_before_training_and_limits_it(new_book):
    workers = Workers()
    changes = {"cost.limits": {"latency_ms": 5.0}, "search.trials": 12}
    book = new_book(**changes)
    plain = Architecture.of(book.plan.space.backbones[0])
    run(book, workers, (plain, Latency(2.0, 0.1)))
    assert len(book.searched()) == 12
    assert all(t.latency_ms <= 5.0 for t in book.searched())
    trained = {t.architecture for t in workers.seen if hasattr(t, "end_epoch")}
    measured = {a for t in workers.seen if hasattr(t, "architectures") for a in t.architectures}
    assert trained <= measured
    assert measured - trained  # some were over the limit, and not trained


def test_a_space_in_which_nothing_more_is_fast_enough_is_exhausted(new_book, monkeypatch):
    monkeypatch.setattr(measuring, "MAX_SLOW_FIRST", 5)
    book = new_book(**{"cost.limits": {"latency_ms": 1e-9}})
    plain = Architecture.of(book.plan.space.backbones[0])
    workers = Workers()
    search = run(book, workers, (plain, Latency(2.0, 0.1)))
    assert search.exhausted and not book.searched() and search.slow == 5
    assert len(workers.seen) == 5
    assert search.fruitless()


def test_a_plan_read_back_is_the_plan(store, new_plan, tmp_path):
    plan = new_plan()
    assert Plan.of(store.jobs.get("small"), plan.checkpoints) == plan


def audited_book(new_book, count=8, **changes):
    return new_book(**{"search.audit": {"trials": count}, "search.trials": 30, **changes})


def test_audited_trials_are_spread_marked_and_never_pruned(new_book):
    book = audited_book(new_book)
    run(book)
    audited = [t for t in book.searched() if t.audited]
    assert len(audited) == 8
    assert len(book.searched()) == 30
    assert {t.state for t in audited} == {"done"}
    assert {t.kind for t in audited} == {"search"}
    numbers = [t.number for t in audited]
    assert numbers[0] < 10 < 20 < numbers[-1]


def test_the_audited_sample_does_not_depend_on_workers_nor_on_the_sampler(new_book):
    books = [
        audited_book(new_book, name=f"j{i}", **changes)
        for i, changes in enumerate([{}, {"search.sampler": "random"}])
    ]
    run(books[0])
    run(books[1], Workers(size=3))
    first, second = ({t.hash for t in book.searched() if t.audited} for book in books)
    assert len(first & second) >= 6  # the others were suggested before they were drawn


def blind_first_rung(task, answer):
    """Accuracies at epoch 1 that are the reverse of those at the end."""
    if getattr(task, "end_epoch", 0) != 1:
        return answer
    (end,) = execute_to_end(task)
    return replace(answer, validation_accuracy=1 - end.validation_accuracy)


def execute_to_end(task):
    pool = InlinePool(EXECUTE)
    pool.submit(replace(task, end_epoch=9))
    return pool.wait()


def test_a_rung_that_predicts_nothing_stops_pruning_by_itself(new_book):
    def passed(name, threshold):
        # The pruner alone reads such a rung the other way round, and so prunes by it.
        book = audited_book(
            new_book,
            **{
                "name": name,
                "search.baselines": False,
                "search.promote_by_surrogate": 0.0,
                "search.audit": {"trials": 8, "threshold": threshold},
            },
        )
        run(book, Workers(spoil=blind_first_rung))
        return sum(t.epoch > 1 for t in book.searched())

    assert passed("trusting", -1.0) < 30
    assert passed("wary", 0.2) == 30


@pytest.mark.parametrize("stop_after", [3, 30, 55])
def test_an_audit_goes_on_after_a_kill(store, new_book, stop_after):
    left = [stop_after]

    def spoil(task, answer):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return blind_first_rung(task, answer)

    book = audited_book(new_book)
    with pytest.raises(KeyboardInterrupt):
        run(book, Workers(spoil=spoil))
    again = TrialBook(book.plan, store)
    run(again, Workers(spoil=blind_first_rung))
    assert sum(t.audited for t in again.searched()) == 8
    assert sum(t.epoch > 1 for t in again.searched()) == 30
