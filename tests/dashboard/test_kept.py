from threading import Event, Thread

import pytest

from dashboard.kept import Kept, NotYetError


def counter():
    made = []

    def make():
        made.append(1)
        return len(made)

    return make


def test_an_answer_is_made_again_for_another_stamp_only():
    kept, make = Kept(rest=0), counter()
    assert [kept.get("a", stamp, make) for stamp in (1, 1, 2, 2)] == [1, 1, 2, 2]
    assert kept.get("b", 2, make) == 3


def test_an_answer_that_was_hard_to_make_is_good_for_a_while():
    kept, make = Kept(rest=1e9), counter()
    assert [kept.get("a", stamp, make) for stamp in (1, 2, 3)] == [1, 1, 1]


def test_only_so_many_are_kept():
    kept, made = Kept(most=2), []
    for key in ("a", "b", "c", "a"):
        kept.get(key, 0, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "a"]


def test_of_those_who_ask_at_once_one_makes_it():
    kept, made, go = Kept(), [], Event()

    def make():
        go.wait(5)
        made.append(1)

    threads = [Thread(target=kept.get, args=("a", 0, make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(5)
    assert made == [1]


def test_who_fails_to_make_it_leaves_the_next_to_try():
    kept = Kept()
    for get in (kept.get, kept.get_soon):
        with pytest.raises(ZeroDivisionError):
            get("a", 0, lambda: 1 / 0)
    assert kept.get("a", 0, lambda: "made") == "made"


def test_what_takes_long_is_not_waited_for_and_an_older_answer_stands_in():
    kept, go = Kept(rest=0), Event()

    def slow():
        go.wait(5)
        return "slow"

    with pytest.raises(NotYetError):
        kept.get_soon("a", 1, slow, patience=0.01)
    go.set()
    assert kept.get_soon("a", 1, slow, patience=5) == "slow"
    go.clear()
    assert kept.get_soon("a", 2, lambda: slow() and "new") == "slow"
    go.set()
    assert kept.get("a", 2, lambda: "unused") == "new"
