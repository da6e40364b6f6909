from pathlib import Path

import pytest

from nas.errors import JobFileError
from nas.job_file.reading import parse
from nas.search.book import TrialBook
from nas.search.drive import drive
from nas.search.inheritance import may_inherit
from nas.search.loop import Search
from search_spaces.architecture import Architecture, Choice, Placement
from tests.nas.search.conftest import Workers, failed
from tests.nas.search.test_loop import run
from workers.protocol import Inheritance, Lost, Segment


class Writing(Workers):
    """Workers whose segments leave a file, as real ones do."""

    def wait(self, timeout=None):
        task = self._tasks[0]
        found = super().wait(timeout)
        if isinstance(task, Segment):
            path = Path(task.checkpoint_out)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(task.key)
        return found


@pytest.fixture
def book(new_book):
    return inheriting(new_book)


def inheriting(new_book, **changes):
    usual = {"inherit": True, "inherit_epochs": 2, "trials": 14, "sampler": "random"}
    return new_book(**{f"search.{key}": value for key, value in (usual | changes).items()})


def scores(workers):
    return [task for task in workers.seen if isinstance(task, Inheritance)]


def plain_of(book, trial):
    backbone = Architecture.from_json(trial.architecture).backbone
    return book.find(Architecture.of(backbone), 0)


def attention_of(trial):
    return Architecture.from_json(trial.architecture).attention


@pytest.mark.parametrize("size", [1, 3])
def test_every_candidate_is_scored_on_its_trained_backbone_before_the_first_rung(book, size):
    workers = Writing(size=size)
    run(book, workers)
    assert len(book.searched()) == 14
    for trial in book.searched():
        epochs = [row.epoch for row in book.reports[trial.number]]
        if attention_of(trial):
            assert epochs[0] == 0
            assert len(book.reports[trial.number][0].train_loss) == 2
        else:
            assert epochs == [1, 3, 9]
            assert (trial.kind, trial.label, trial.state) == ("baseline", "none", "done")
    for task in scores(workers):
        plain = plain_of(book, book.trials[int(task.key.split(":")[0])])
        assert task.backbone == book.plan.checkpoint(plain.number, 9)
        assert task.epochs == 2
    assert len(scores(workers)) == sum(bool(attention_of(t)) for t in book.searched())


def test_the_first_rung_is_trained_from_scratch_as_ever(book):
    workers = Writing()
    run(book, workers)
    first = [t for t in workers.seen if isinstance(t, Segment) and t.end_epoch == 1]
    assert {(t.start_epoch, t.checkpoint_in) for t in first} == {(0, None)}


def test_backbones_come_first_also_where_no_rule_asks_for_them(new_book):
    book = inheriting(new_book, baselines=False)
    run(book, Writing(size=2))
    assert len(book.searched()) == 14
    for trial in book.searched():
        if attention_of(trial):
            assert plain_of(book, trial).number < trial.number
            assert book.reports[trial.number][0].epoch == 0


def test_scores_prune_nothing_before_an_audit_has_proved_them(book):
    run(book, Writing())
    assert all(trial.epoch > 0 for trial in book.searched())


def test_the_sampler_learns_from_scores(new_book):
    book = inheriting(new_book, sampler="known_cost")
    search = Search(book.plan, book)
    drive(Writing(), search)
    told = [t.user_attrs.get("rung:0") for t in search._study.optuna_study.get_trials()]
    assert sum(value is not None for value in told) == len(book.searched()) - 2


def test_a_restart_scores_nothing_twice(store, book):
    class StopError(Exception):
        pass

    def spoil(task, answer):
        if len([rows for rows in book.reports.values() if rows and rows[0].epoch == 0]) == 3:
            raise StopError
        return answer

    with pytest.raises(StopError):
        run(book, Writing(size=2, spoil=spoil))
    before = {t.number for t in book.searched() if book.reports[t.number]}
    again = TrialBook(book.plan, store)
    workers = Writing()
    run(again, workers)
    assert not before & {int(task.key.split(":")[0]) for task in scores(workers)}
    assert len(again.searched()) == 14
    assert {t.state for t in again.searched()} <= {"done", "pruned"}


@pytest.mark.parametrize("cached", [True, False])
def test_a_lost_backbone_is_trained_again_once(store, book, cached):
    from nas.search.cache import recalling

    removed = []

    def spoil(task, answer):
        if isinstance(task, Inheritance) and not removed:
            removed.append(task.backbone)
            Path(task.backbone).unlink()
            return failed(answer, "bad_checkpoint")
        return answer

    workers = Writing(spoil=spoil)
    search = Search(book.plan, book)
    drive(workers, recalling(search, book, store) if cached else search)
    whole = [
        t for t in workers.seen if isinstance(t, Segment) and (t.start_epoch, t.end_epoch) == (0, 9)
    ]
    assert [t.checkpoint_out for t in whole] == removed
    assert all(book.reports[t.number][0].epoch == 0 for t in book.searched() if attention_of(t))


def test_a_backbone_that_never_comes_back_is_done_without(book):
    def spoil(task, answer):
        if isinstance(task, Inheritance):
            Path(task.backbone).unlink(missing_ok=True)
            return failed(answer, "bad_checkpoint")
        if isinstance(task, Segment) and (task.start_epoch, task.end_epoch) == (0, 9):
            return Lost(task.key, "killed")
        return answer

    run(book, Workers(spoil=spoil))
    assert all(book.reports[t.number][0].epoch > 0 for t in book.searched())
    assert {t.state for t in book.searched()} <= {"done", "pruned"}


@pytest.mark.parametrize("outcome", ["unfit", "diverged", "error"])
def test_what_can_not_be_scored_goes_straight_to_the_first_rung(book, outcome):
    workers = Writing(
        spoil=lambda task, answer: (
            failed(answer, outcome) if isinstance(task, Inheritance) else answer
        )
    )
    run(book, workers)
    assert {book.reports[t.number][0].epoch for t in book.searched()} == {1}
    assert len(scores(workers)) == sum(bool(attention_of(t)) for t in book.searched())
    assert {t.state for t in book.searched()} <= {"done", "pruned"}


def test_candidates_of_a_backbone_that_failed_do_not_wait_for_it(book):
    def spoil(task, answer):
        plain = (
            isinstance(task, Segment) and not Architecture.from_json(task.architecture).attention
        )
        return failed(answer, "diverged") if plain else answer

    workers = Writing(size=2, spoil=spoil)
    run(book, workers)
    assert not scores(workers)
    assert len(book.searched()) == 14


def test_scores_have_no_checkpoint_and_are_no_accuracy_of_the_trial(store, book):
    seen = {}

    def spoil(task, answer):
        if isinstance(task, Segment) and task.end_epoch == 1:
            number = int(task.key.split(":")[0])
            seen[number] = store.trials.get(book.plan.job_id, number)
        return answer

    run(book, Writing(spoil=spoil))
    row = next(rows[0] for rows in book.reports.values() if rows[0].epoch == 0)
    assert row.checkpoint == ""
    assert {(trial.epoch, trial.accuracy) for trial in seen.values()} == {(0, None)}


def test_only_attention_that_may_start_as_the_identity_may_inherit():
    backbone = Choice.of("cifar_resnet", {"depth": 8, "width": 8})
    place, block = Placement("stage1", "pre_add"), Placement("stage1", "replace_3x3")
    se, split = Choice.of("se", {"ratio": 4}), Choice.of("split", {"radix": 2})
    assert may_inherit(Architecture.of(backbone, {place: se}))
    assert not may_inherit(Architecture.of(backbone))
    assert not may_inherit(Architecture.of(backbone, {place: se}, "paper"))
    assert not may_inherit(Architecture.of(backbone, {place: se, block: split}))


def test_a_space_that_starts_as_the_paper_is_refused():
    text = """\
name: small
space:
  start: paper
  backbone: {name: cifar_resnet, depth: 8, width: 4}
  attention: [{types: {none: , se: {ratio: 2}}}]
search: {trials: 3, inherit: true}
"""
    with pytest.raises(JobFileError, match=r"search.inherit: needs a space whose attention starts"):
        parse(text)
