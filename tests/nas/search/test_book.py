from pathlib import Path

from nas.drawing.subject import Subject
from nas.search.book import TrialBook
from nas.store.records import AUDIT
from search_spaces.architecture import Architecture
from tests.nas.search.conftest import EXECUTE
from workers.inline import executor


def add(book, index=0, **more):
    return book.add(book.plan.space.at(index), "search", 0, {"a": 1}, **more)


def report(book, number, epoch):
    segment = book.segment(book.trials[number], epoch)
    Path(segment.checkpoint_out).parent.mkdir(parents=True, exist_ok=True)
    Path(segment.checkpoint_out).write_bytes(b"weights")
    return executor(EXECUTE)(segment, {})


def test_costs_and_hash_are_recorded_with_a_trial(new_book):
    book = new_book()
    trial = add(book)
    architecture = book.plan.space.at(0)
    cost = book.plan.cost(architecture)
    assert (trial.parameters, trial.forward_flops) == (cost.parameters, cost.forward_flops)
    assert trial.hash == book.plan.trial_hash(architecture, 0)
    assert book.has(architecture, 0)
    assert not book.has(architecture, 1)


def test_the_book_read_again_is_the_same_book(store, new_book):
    book = new_book()
    add(book, 0)
    add(book, 5)
    book.record(0, report(book, 0, 1), "waiting")
    book.set_state(1, "failed", "why")
    again = TrialBook(book.plan, store)
    without_end = [t for t in again.trials.values() if t.state != "failed"]
    assert without_end == [t for t in book.trials.values() if t.state != "failed"]
    assert again.reports == book.reports
    assert again.trials[1].reason == "why"


def test_who_waits_and_who_counts_is_known_without_a_look_at_all(store, new_book):
    book = new_book()
    for index in range(3):
        add(book, index)
    add(book, 7, label=AUDIT)
    book.record(0, report(book, 0, 1), "waiting")
    book.record(1, report(book, 1, 3), "waiting")
    book.set_state(0, "running")
    again = TrialBook(book.plan, store)
    for seen in (book, again):
        assert (seen.waiting, seen.counted, seen.audited) == ({1: 3}, 4, 1)
    book.record(0, report(book, 0, 3), "waiting")
    assert book.waiting == {0: 3, 1: 3}


def test_a_segment_starts_where_the_last_one_ended(new_book):
    book = new_book()
    trial = add(book)
    first = book.segment(trial, 1)
    assert (first.start_epoch, first.checkpoint_in) == (0, None)
    book.record(0, report(book, 0, 1), "waiting")
    second = book.segment(book.trials[0], 3)
    assert (second.start_epoch, second.checkpoint_in) == (1, first.checkpoint_out)


def test_a_rung_is_recorded_once(new_book, monkeypatch):
    monkeypatch.setattr("nas.search.book.now_ms", lambda: 1, raising=True)
    book = new_book()
    add(book)
    answer = report(book, 0, 1)
    assert book.record(0, answer, "waiting")
    assert not book.record(0, answer, "done")
    assert book.trials[0].state == "waiting"


def test_only_the_newest_checkpoint_is_kept(new_book):
    book = new_book()
    add(book)
    book.record(0, report(book, 0, 1), "waiting")
    book.record(0, report(book, 0, 3), "waiting")
    folder = Path(book.plan.checkpoint(0, 3)).parent
    assert [file.name for file in folder.iterdir()] == ["0003.pt"]


def test_what_is_pruned_or_failed_leaves_no_files(new_book):
    book = new_book()
    add(book)
    book.record(0, report(book, 0, 1), "waiting")
    book.set_state(0, "pruned")
    assert not Path(book.plan.checkpoint(0, 1)).parent.exists()


def test_finalists_are_not_counted_as_searched(new_book):
    book = new_book()
    add(book)
    architecture = Architecture.from_json(book.trials[0].architecture)
    book.add(architecture, "finalist", 1, origin=0)
    assert [trial.number for trial in book.searched()] == [0]


def test_what_is_drawn_of_a_trial_is_measured_when_it_is_added(store, new_book):
    book = new_book()
    trial = add(book, 7)
    subject = Subject.from_dict(store.trials.subject(trial.id))
    assert subject.architecture == book.plan.space.at(7)
    assert subject.total == book.plan.cost(subject.architecture)
