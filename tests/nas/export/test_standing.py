import pytest

from nas.errors import NothingToExport
from nas.export.standing import picked_trial, repeats


def test_picks_from_the_front(recorded):
    for flops, accuracy in ((100, 0.5), (200, 0.9), (1000, 0.95), (2000, 0.1)):
        recorded.add(forward_flops=flops, accuracy=accuracy)
    words = ("cheap", "knee", "accurate")
    picks = [picked_trial(recorded.store, recorded.job, word).point.trial for word in words]
    assert picks == [0, 1, 2]
    limit = {"forward_flops": 500}
    assert picked_trial(recorded.store, recorded.job, "accurate", limit).point.trial == 1


def test_without_a_finished_trial_there_is_nothing_to_pick(recorded):
    recorded.add("pruned")
    with pytest.raises(NothingToExport, match="small"):
        picked_trial(recorded.store, recorded.job, "knee")


def test_further_seeds_speak_for_a_trial_and_for_its_repeats(recorded):
    first = recorded.add(accuracy=0.9, test_accuracy=0.9)
    assert repeats(recorded.store, recorded.job, first) is None
    again = recorded.add(kind="finalist", seed=1, origin=0, accuracy=0.5)
    recorded.add(kind="finalist", seed=2, origin=0, accuracy=0.7, test_accuracy=0.6)
    found = repeats(recorded.store, recorded.job, first)
    assert found == repeats(recorded.store, recorded.job, again)
    assert (found.seeds, found.accuracy) == (2, pytest.approx(0.6))
    assert found.low < 0.6 < found.high
    assert found.test_accuracy is None  # one of the two was never tested


def test_test_accuracy_of_repeats_is_their_own(recorded):
    first = recorded.add(accuracy=0.9, test_accuracy=0.9)
    recorded.add(kind="finalist", seed=1, origin=0, accuracy=0.5, test_accuracy=0.4)
    assert repeats(recorded.store, recorded.job, first).test_accuracy == pytest.approx(0.4)


def test_repeats_say_nothing_of_a_training_on_another_recipe(recorded):
    recorded.add(accuracy=0.9)
    recorded.add(kind="finalist", seed=1, origin=0, accuracy=0.5)
    longer = recorded.add(kind="retrain", origin=0, accuracy=0.95, recipe={"epochs": 48})
    assert repeats(recorded.store, recorded.job, longer) is None
