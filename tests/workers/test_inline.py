import pytest

from workers.errors import PoolError
from workers.inline import InlinePool, executor


def test_a_task_is_done_while_waited_for(segment):
    pool = InlinePool("workers.synthetic:execute")
    assert pool.wait() == []
    pool.submit(segment(0, 1))
    assert pool.free() == 0
    with pytest.raises(PoolError, match="no worker is free for trial:2; trial:1 is in the way"):
        pool.submit(segment(0, 2))
    assert [answer.key for answer in pool.wait(1.0)] == ["trial:1"]
    assert pool.free() == pool.size == 1
    assert pool.wait() == []
    pool.close()


@pytest.mark.parametrize("target", ["nowhere.to:be", "workers.run", "workers.run:nothing", ""])
def test_an_executor_that_is_none_is_refused(target):
    with pytest.raises(PoolError, match="is not an importable MODULE:FUNCTION"):
        executor(target)
