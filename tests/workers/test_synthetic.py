import subprocess
import sys
import time

from hypothesis import given
from hypothesis import strategies as st

from workers import synthetic
from workers.protocol import Evaluation, LatencyRequest
from workers.recipe import Recipe


@given(st.text(), st.integers(1, 50), st.integers(0, 9))
def test_accuracies_are_shares_and_rise(architecture, epochs, seed):
    first = synthetic.accuracy_at(architecture, 1, epochs, seed)
    last = synthetic.accuracy_at(architecture, epochs, epochs, seed)
    assert 0 <= first <= last + 0.01 <= 1.01


def test_answers_depend_on_the_task_alone(segment):
    task = segment(1, 3, recipe=Recipe(4), measure_test=True)
    one, other = synthetic.execute(task, {}), synthetic.execute(task, {})
    assert one == other
    assert (one.key, one.end_epoch, one.outcome, len(one.train_loss)) == ("trial:3", 3, "ok", 2)
    changed = synthetic.execute(segment(1, 3, recipe=Recipe(4), architecture="{}"), {})
    assert changed.validation_accuracy != one.validation_accuracy


def test_the_other_tasks_are_answered_too(segment):
    task = segment()
    asked = Evaluation("e", task.architecture, task.recipe, task.data, "x")
    assert synthetic.execute(asked, {}).test_accuracy > 0
    request = LatencyRequest("l", ("a", "b"), task.data)
    assert len(synthetic.execute(request, {}).latencies) == 2


def test_slow_is_slower_and_answers_alike(segment):
    start = time.perf_counter()
    answer = synthetic.slow(segment(0, 2), {})
    assert time.perf_counter() - start >= 2 * synthetic.SECONDS_AN_EPOCH
    assert answer == synthetic.execute(segment(0, 2), {})


def test_no_torch_is_loaded_here_nor_by_the_pool():
    code = (
        "import sys, workers.synthetic, workers.pool;"
        "assert not {'torch', 'ray', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
