import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from nas.search.attributes import COST, rung_key
from nas.search.forecast import LEAST_FINISHED, Forecast
from nas.search.guide import Guide

SPACE = {name: CategoricalDistribution(["none", "eca", "se"]) for name in ("stage1", "stage2")}
UP, DOWN = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE
PAIRS = [(a, b) for a in SPACE["stage1"].choices for b in SPACE["stage2"].choices]


def accuracy(params):
    return 0.5 + sum({"none": 0, "eca": 0.05, "se": 0.2}[value] for value in params.values())


def trial(pair, done, sign=1, cost=None, early=0.3):
    """One that finished, or waits with an accuracy at rung 1 that says nothing."""
    params = dict(zip(SPACE, pair, strict=True))
    spent = 1.0 + 0.1 * sum(value != "none" for value in pair) if cost is None else cost
    attributes = {COST: spent, rung_key(1): sign * early}
    return create_trial(
        state=TrialState.COMPLETE if done else TrialState.RUNNING,
        values=[sign * accuracy(params), spent] if done else None,
        params=params,
        distributions=SPACE,
        user_attrs=attributes,
    )


def numbered(*trials):
    study = optuna.create_study(directions=["maximize", "minimize"])
    for each in trials:
        study.add_trial(each)
    return study.get_trials()


FINISHED = [trial(pair, True) for pair in PAIRS if pair not in {("se", "se"), ("eca", "eca")}]


@pytest.mark.parametrize("sign", [1, -1])
def test_who_is_expected_to_widen_the_finished_front_comes_first(sign):
    done = [trial(pair, True, sign) for pair in PAIRS[:-1] if pair != ("eca", "eca")]
    trials = numbered(*done, trial(("eca", "eca"), False, sign), trial(("se", "se"), False, sign))
    forecast = Forecast()
    assert forecast.update(trials, (UP if sign > 0 else DOWN, DOWN))
    assert forecast.best([t.number for t in trials[-2:]]) == [len(done) + 1, len(done)]


def test_where_more_cost_is_better_the_dearer_comes_first():
    trials = numbered(
        *FINISHED, trial(("se", "se"), False, cost=0.5), trial(("se", "se"), False, cost=2.0)
    )
    for direction, order in ((DOWN, [7, 8]), (UP, [8, 7])):
        forecast = Forecast()
        assert forecast.update(trials, (UP, direction))
        assert forecast.best([7, 8]) == order


def test_nothing_is_forecast_from_too_few_finished_trials():
    waits = trial(("se", "se"), False)
    few = numbered(*FINISHED[: LEAST_FINISHED - 1], waits)
    assert not Forecast().update(few, (UP, DOWN))
    assert Forecast().update(numbered(*FINISHED[:LEAST_FINISHED], waits), (UP, DOWN))


def test_trials_without_a_report_or_without_parameters_are_left_out():
    silent = create_trial(
        state=TrialState.RUNNING, params={"stage1": "se", "stage2": "se"}, distributions=SPACE
    )
    bare = create_trial(state=TrialState.RUNNING, user_attrs={COST: 1.0, rung_key(1): 0.9})
    trials = numbered(*FINISHED, silent, bare, trial(("se", "se"), False))
    forecast = Forecast()
    forecast.update(trials, (UP, DOWN))
    assert forecast.best([t.number for t in trials[-3:]]) == [len(trials) - 1]


def test_it_is_fitted_anew_only_after_a_report(monkeypatch):
    fits = []

    class Counted(Guide):
        def __init__(self, *arguments):
            fits.append(1)
            super().__init__(*arguments)

    monkeypatch.setattr("nas.search.forecast.Guide", Counted)
    trials = numbered(*FINISHED, trial(("se", "se"), False))
    forecast = Forecast()
    for _ in range(3):
        forecast.update(trials, (UP, DOWN))
        forecast.best([7])
    assert len(fits) == 1
    trials = numbered(*FINISHED, trial(("se", "se"), False), trial(("eca", "eca"), False))
    forecast.update(trials, (UP, DOWN))
    forecast.best([7, 8])
    assert len(fits) == 2


def test_another_study_begins_anew():
    forecast = Forecast()
    forecast.update(numbered(*FINISHED, *FINISHED), (UP, DOWN))
    trials = numbered(*FINISHED[:5], trial(("se", "se"), False))
    assert forecast.update(trials, (UP, DOWN))
    fresh = Forecast(space=SPACE)
    fresh.update(trials, (UP, DOWN))
    assert forecast.best([5]) == fresh.best([5]) == [5]


def test_known_numbers_inform_it():
    wide = [trial(("none", "none"), True, cost=1.0 + i / 10) for i in range(6)]
    asked = []

    def features(params):
        asked.append(params)
        return [1.0]

    forecast = Forecast(features)
    forecast.update(numbered(*wide, trial(("se", "se"), False)), (UP, DOWN))
    assert forecast.best([6]) == [6]
    assert {"stage1": "se", "stage2": "se"} in asked
