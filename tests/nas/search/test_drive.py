from nas.search.drive import drive
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
