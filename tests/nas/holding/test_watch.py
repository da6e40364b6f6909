from dataclasses import dataclass

from nas.holding.holder import myself
from nas.holding.watch import HANGING_SECONDS, Watch


@dataclass(frozen=True)
class Beat:
    token: str
    beats: int
    holder: str = "elsewhere/1/1"


def test_a_lease_that_stands_still_is_stale_by_the_watchers_own_clock():
    now = [0.0]
    watch = Watch(20, clock=lambda: now[0])
    assert watch.stale([Beat("a", 5)]) == []
    now[0] = 19.9
    assert watch.stale([Beat("a", 5)]) == []
    now[0] = 20.0
    assert watch.stale([Beat("a", 5)]) == [Beat("a", 5)]


def test_a_sign_of_life_begins_anew():
    now = [0.0]
    watch = Watch(20, clock=lambda: now[0])
    watch.stale([Beat("a", 5)])
    now[0] = 19.0
    assert watch.stale([Beat("a", 6)]) == []
    now[0] = 38.0
    assert watch.stale([Beat("a", 6)]) == []
    now[0] = 39.0
    assert watch.stale([Beat("a", 6)])


def test_a_new_holder_is_watched_from_when_it_is_seen():
    now = [0.0]
    watch = Watch(20, clock=lambda: now[0])
    watch.stale([Beat("a", 0)])
    now[0] = 30.0
    assert watch.stale([Beat("b", 0)]) == []
    assert watch.stale([Beat("a", 0)]) == []  # forgotten meanwhile


def test_a_living_process_of_this_machine_is_only_slow_until_it_hangs():
    now = [0.0]
    watch = Watch(20, clock=lambda: now[0])
    watch.stale([Beat("a", 5, myself())])
    now[0] = HANGING_SECONDS - 0.1
    assert watch.stale([Beat("a", 5, myself())]) == []
    now[0] = HANGING_SECONDS
    assert watch.stale([Beat("a", 5, myself())])


def test_a_dead_process_of_this_machine_is_stale_at_once():
    host, number, start = myself().rsplit("/", 2)
    dead = Beat("a", 3, f"{host}/{number}/{int(start) - 1}")
    alive = Beat("b", 3, myself())
    assert Watch(20).stale([dead, alive]) == [dead]
