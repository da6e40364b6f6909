"""Workers whose seconds are simulated: a task ends when its time has come on a clock of ours."""

from tests.nas.search.conftest import EXECUTE
from workers.inline import executor
from workers.protocol import Segment


class Clock:
    """Seconds, moved by whoever waits."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class ClockedWorkers:
    """Synthetic answers after ``pace(task)`` seconds; ``spoil`` may replace one."""

    def __init__(self, clock, size=1, pace=None, spoil=lambda task, answer: answer):
        self.size, self._clock, self._spoil = size, clock, spoil
        self._pace = pace or seconds
        self._out = []
        self.seen, self.killed = [], []

    def free(self):
        return self.size - len(self._out)

    def submit(self, task):
        assert self.free()
        self.seen.append(task)
        self._out.append((self._clock.now + self._pace(task), task))

    def wait(self, timeout=None):
        if not self._out:
            return []
        end, task = min(self._out, key=lambda entry: entry[0])
        if timeout is not None and end > self._clock.now + timeout:
            self._clock.now += timeout
            return []
        self._clock.now = max(end, self._clock.now)
        self._out.remove((end, task))
        return [self._spoil(task, executor(EXECUTE)(task, {}))]

    def close(self):
        self.killed += [task for _, task in self._out]
        self._out = []


def seconds(task):
    """Ten for an epoch, one for anything else."""
    return 10.0 * (task.end_epoch - task.start_epoch) if isinstance(task, Segment) else 1.0
