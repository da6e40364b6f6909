import math

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from nas.search.attributes import LAST
from nas.search.observations import Knowledge, Observations, choices

SPACE = {name: CategoricalDistribution((1, 2, 3)) for name in "ab"}
DIRECTIONS = ["maximize", "minimize"]


def cost(params):
    return params["a"] * 10 + params["b"]


def told(state=TrialState.COMPLETE, a=1, b=1, **changes):
    values = [0.5, 1.0] if state == TrialState.COMPLETE else None
    return create_trial(
        state=state, values=values, params={"a": a, "b": b}, distributions=SPACE, **changes
    )


def observe(*trials, directions=DIRECTIONS, knowledge=None):
    study = optuna.create_study(directions=directions)
    study.add_trials(trials)
    found = Observations(knowledge or Knowledge(cost, 1.0, None, None), None)
    found.update(study, -1)
    return found


@pytest.mark.parametrize(
    ("trial", "state"),
    [
        (told(), "done"),
        (told(TrialState.RUNNING), "open"),
        (told(TrialState.PRUNED, user_attrs={"rung:1": 0.4}), "pruned"),
        (told(TrialState.PRUNED), "refused"),
        (told(TrialState.PRUNED, constraints={"failed": 1.0}), "failed"),
        (told(TrialState.FAIL), "failed"),
        (told(TrialState.RUNNING, user_attrs={"refused": "duplicate"}), "refused"),
    ],
)
def test_the_state_of_a_trial(trial, state):
    (found,) = observe(trial).trials
    assert (found.state, found.cost) == (state, 11)


def test_accuracies_are_read_by_rung_and_point_upwards():
    trial = told(user_attrs={"rung:1": 0.4, "rung:3": math.nan, "other": 1})
    assert observe(trial).trials[0].reports == {1: 0.4, LAST: 0.5}
    error = observe(trial, directions=["minimize", "minimize"])
    assert error.trials[0].reports == {1: -0.4, LAST: -0.5}


def test_what_was_seen_is_known_and_what_changed_is_read_again():
    study = optuna.create_study(directions=DIRECTIONS)
    found = Observations(Knowledge(cost, 1.0, None, None), None)
    trial = study.ask(SPACE)
    found.update(study, -1)
    assert found.trials[0].state == "open"
    assert found.encoding.encode(trial.params).tobytes() in found.seen
    study.tell(trial, [0.7, 1.0])
    found.update(study, -1)
    assert found.trials[0].reports == {LAST: 0.7}


def test_a_new_parameter_widens_the_rows_that_are_there():
    first = create_trial(values=[0.5, 1.0], params={"a": 1}, distributions={"a": SPACE["a"]})
    knowledge = Knowledge(lambda params: params["a"], 1.0, None, None)
    found = observe(first, told(), knowledge=knowledge)
    assert [t.codes.tolist() for t in found.trials] == [[0, -1], [0, 0]]


def test_a_measured_cost_is_taken_from_the_trial():
    knowledge = Knowledge(None, 1.0, None, None)
    waiting = told(TrialState.RUNNING, user_attrs={"cost": 7.0})
    found = observe(told(), waiting, told(TrialState.RUNNING), knowledge=knowledge)
    assert [t.cost for t in found.trials[:2]] == [1.0, 7.0]
    assert math.isnan(found.trials[2].cost)


def test_a_missing_parameter_is_not_a_cost():
    assert Knowledge(cost, 1.0, None, None).of({"a": 1}) is None


def test_numbers_with_a_step_are_choices_and_others_are_refused():
    assert choices("n", IntDistribution(2, 8, step=2)) == (2, 4, 6, 8)
    with pytest.raises(ValueError, match=r"'lr'.*categorical"):
        choices("lr", FloatDistribution(0, 1))
