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
