import math
from dataclasses import replace

from nas.search.drive import Unmetered, drive
from tests.nas.search.clocked import Clock, ClockedWorkers
from tests.nas.search.conftest import Workers
from workers.protocol import Lost, Segment


class Chain:
    """Each task is handed out only after the answer to the one before."""

    def __init__(self, book, length):
        self._segments = [
            book.segment(book.add(book.plan.space.at(i), "search", 0), 1) for i in range(length)
        ]
        self._open = True
        self.taken = []

    def next_task(self) -> Segment | None:
        if not (self._open and self._segments):
            return None
        self._open = False
        return self._segments.pop(0)

    def take(self, answer) -> None:
        assert not isinstance(answer, Lost)
        self.taken.append(answer.key)
        self._open = True


def test_a_source_that_pauses_is_asked_again_after_every_answer(new_book):
    chain = Chain(new_book(), 4)
    observed = []
    drive(Workers(size=3), chain, lambda: observed.append(len(chain.taken)))
    assert chain.taken == ["0:1", "1:1", "2:1", "3:1"]
    assert observed == [0, 1, 2, 3, 4]


def test_no_work_ends_at_once(new_book):
    drive(Workers(), Chain(new_book(), 0))


class Limited(Unmetered):
    """An account that looks every second and ends all after three looks."""

    def __init__(self):
        self.told, self.looks, self.stopped = [], 0, False

    def began(self, task):
        self.told.append(("began", task.key))

    def ended(self, answer):
        self.told.append(("ended", answer.key))

    def beat(self):
        self.looks += 1

    def struck(self):
        return self.looks == 3

    def stop(self):
        self.stopped = True

    def patience(self):
        return 1.0


def test_an_account_hears_of_every_task_before_its_answer_is_taken(new_book):
    chain, account = Chain(new_book(), 2), Limited()
    drive(Workers(), chain, account=account)
    keys = ["0:1", "1:1"]
    assert account.told == [(what, key) for key in keys for what in ("began", "ended")]
    assert not account.stopped


def test_where_a_limit_strikes_the_pool_is_closed_and_nothing_comes_back(new_book):
    clock = Clock()
    chain, account = Chain(new_book(), 2), Limited()
    workers = ClockedWorkers(clock, pace=lambda task: 60.0)
    drive(workers, chain, account=account)
    assert [task.key for task in workers.killed] == ["0:1"]
    assert (chain.taken, account.stopped, clock.now) == ([], True, 3.0)


def test_nan_is_never_handed_on(new_book):
    class Kept(Chain):
        def take(self, answer):
            super().take(answer)
            self.last = answer

    chain = Kept(new_book(), 1)
    drive(Workers(spoil=lambda task, answer: replace(answer, validation_loss=math.nan)), chain)
    assert (chain.last.outcome, chain.last.validation_loss) == ("diverged", 0.0)
    assert "a validation loss of nan" in chain.last.reason


def test_what_comes_twice_or_late_changes_nothing(new_book):
    class Stammering(Workers):
        """Everything that was ever answered comes again."""

        def __init__(self):
            super().__init__()
            self.said = []

        def wait(self, timeout=None):
            self.said += super().wait(timeout)
            return [*self.said, self.said[-1]]

    chain, account = Chain(new_book(), 3), Limited()
    drive(Stammering(), chain, account=account)
    assert chain.taken == ["0:1", "1:1", "2:1"]
    assert [what for what, _ in account.told] == ["began", "ended"] * 3


class Arriving(Workers):
    """Workers that come up one at a time, each after a second of waiting."""

    def __init__(self, size):
        super().__init__(size=size)
        self.up = 0

    def free(self):
        return self.up - len(self._tasks)

    def wait(self, timeout=None):
        assert timeout == 1.0
        if self.up < self.size:
            self.up += 1
            return []
        return super().wait(timeout)


def test_work_waits_for_the_first_worker_and_others_join_while_it_works(new_book):
    chain, account, workers = Chain(new_book(), 3), Limited(), Arriving(3)
    drive(workers, chain, account=account)
    assert chain.taken == ["0:1", "1:1", "2:1"]
    assert [what for what, _ in account.told] == ["began", "ended"] * 3, "only work is charged"


def test_where_no_work_is_left_no_worker_is_waited_for(new_book):
    workers = Arriving(1)
    drive(workers, Chain(new_book(), 0))
    assert workers.up == 0


def test_a_limit_strikes_also_while_no_worker_is_up(new_book):
    class Nobody(Arriving):
        def wait(self, timeout=None):
            return []

    chain, account = Chain(new_book(), 1), Limited()
    drive(Nobody(1), chain, account=account)
    assert (chain.taken, account.told, account.stopped) == ([], [], True)


def test_a_pause_before_any_worker_is_up_gives_the_task_back(new_book):
    class Paused:
        def stop(self):
            return "drain" if nobody.waits > 2 else ""

    class Nobody(Arriving):
        waits = 0

        def wait(self, timeout=None):
            self.waits += 1
            return []

    class Kept(Chain):
        def take(self, answer):
            self.taken.append(answer)

    nobody, chain = Nobody(1), Kept(new_book(), 1)
    drive(nobody, chain, control=Paused())
    assert chain.taken == [Lost("0:1", "no worker had it", "node")]
