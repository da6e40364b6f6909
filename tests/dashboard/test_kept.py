from threading import Event, Thread

import pytest

from dashboard.kept import Kept


def test_an_answer_is_made_again_for_another_stamp_or_when_it_is_old():
    kept, made = Kept(seconds=60), []

    def make():
        made.append(1)
        return len(made)

    assert [kept.get("a", stamp, make) for stamp in (1, 1, 2, 2)] == [1, 1, 2, 2]
    assert kept.get("b", 2, make) == 3
    aged = Kept(seconds=0)
    assert [aged.get("a", 1, make) for _ in range(2)] == [4, 5]


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
    with pytest.raises(ZeroDivisionError):
        kept.get("a", 0, lambda: 1 / 0)
    assert kept.get("a", 0, lambda: "made") == "made"
