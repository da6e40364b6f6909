import optuna

from nas.search.attributes import AUDIT, COST, LAST, PROTECTED, rung_key
from nas.search.readings import Reading, Readings


def study_of(count):
    study = optuna.create_study(directions=["maximize", "minimize"])
    return study, [study.ask() for _ in range(count)]


def read(readings, study):
    return readings.of(study.get_trials(deepcopy=False))


def test_what_changes_is_read_again_and_nothing_else():
    study, trials = study_of(3)
    readings = Readings()
    before = read(readings, study)
    trials[1].set_user_attr(rung_key(1), 0.5)
    after = read(readings, study)
    assert [a is b for a, b in zip(before, after, strict=True)] == [True, False, True]
    assert after[1].told == {1: 0.5}


def test_another_study_is_read_from_its_start():
    study, trials = study_of(3)
    trials[0].set_user_attr(rung_key(1), 0.5)
    other, _ = study_of(2)
    readings = Readings()
    read(readings, study)
    assert [reading.told for reading in read(readings, other)] == [{}, {}]
    assert len(read(readings, study)) == 3


def test_a_number_that_is_none_is_told_but_no_report():
    study, trials = study_of(1)
    trials[0].set_user_attr(rung_key(1), float("nan"))
    found = Reading.of(study.trials[0])
    assert list(found.told) == [1]
    assert not found.reports


def test_states_and_attributes():
    study, trials = study_of(4)
    trials[0].set_user_attr(COST, 7.0)
    study.tell(trials[0], [0.9, 7.0])
    trials[1].set_constraint("failed", 1.0)
    trials[2].set_user_attr(PROTECTED, True)
    trials[3].set_user_attr(PROTECTED, True)
    trials[3].set_user_attr(AUDIT, True)
    done, failed, rule, audited = read(Readings(), study)
    assert (done.cost, done.reports, done.finished) == (7.0, {LAST: 0.9}, True)
    assert (failed.failed, failed.finished, failed.cost) == (True, False, None)
    assert (rule.protected, rule.is_rule) == (True, True)
    assert (audited.protected, audited.is_rule, audited.audited) == (True, False, True)
