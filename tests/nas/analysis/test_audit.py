from dataclasses import replace

from nas.analysis.audit import audit_of, job_audit
from nas.analysis.verdict import verdict
from tests.nas.analysis.test_inherited import add_scores

#: Accuracies at 3 and 6 epochs beside those at the end: the first reversed, the second in order.
AUDITED = [
    {
        "label": "audit",
        "attention": "stage1:se",
        "flops": 1_000_000 + i,
        "accuracy": 0.8 + i / 100,
        "early": {3: 0.7 - i / 100, 6: 0.7 + i / 100},
    }
    for i in range(9)
]
PLAIN = {"label": "none", "flops": 500_000, "accuracy": 0.9}


def audit_in(store, add_job, entries, **changes):
    job = add_job(store, entries, **changes)
    return job_audit(store, job, store.trials.list(job.id))


def test_each_rung_is_measured_over_the_audited_trials_alone(store, add_job):
    pruned = {"flops": 7, "accuracy": 0.1, "epoch": 3}
    audit = audit_in(store, add_job, [PLAIN, *AUDITED, pruned])
    three, six = audit.rungs
    assert (three.rung, three.trials, three.tau.value, three.agreement.value) == (3, 9, -1.0, 0.0)
    assert (six.rung, six.trials, six.tau.value, six.agreement.value) == (6, 9, 1.0, 1.0)
    assert audit.blind == (three,)


def test_it_says_which_rung_prunes_nothing(store, add_job):
    audit = audit_in(store, add_job, AUDITED)
    assert audit.sentence() == (
        "The rung at 3 of 12 epochs does not predict the end (Kendall's tau below 0.2 over 9 "
        "uniformly drawn trials), so it prunes nothing."
    )
    assert audit.rows() == [
        ("3 epochs", "9", "−1.00 (−1.00 to −1.00)", "0 % (0 to 0)", "nothing"),
        ("6 epochs", "9", "1.00 (1.00 to 1.00)", "100 % (100 to 100)", "yes"),
    ]


def test_it_says_so_where_all_rungs_predict_or_none_does(store, add_job):
    good = [entry | {"early": {}} for entry in AUDITED]
    assert (
        audit_in(store, add_job, good).sentence().endswith("is below 0.2, so every rung may prune.")
    )
    bad = [entry | {"early": dict.fromkeys((3, 6), 1 - entry["accuracy"])} for entry in AUDITED]
    told = audit_in(store, add_job, bad, name="bad").sentence()
    assert told.startswith("The rungs at 3 and 6 of 12 epochs do not predict the end")


def test_few_finished_trials_conclude_nothing(store, add_job):
    running = {"label": "audit", "flops": 1, "accuracy": 0.3, "epoch": 3, "state": "waiting"}
    audit = audit_in(store, add_job, [*AUDITED[:7], running])
    assert audit.begun == 8
    assert audit.blind == ()
    assert audit.sentence().startswith("Only 7 audited trials have finished, of at least 8 ")
    assert audit.rows()[0] == ("3 epochs", "7", "−1.00", "0 %", "yes")


def test_without_audited_trials_there_is_no_audit(store, add_job):
    assert audit_in(store, add_job, None) is None
    job = add_job(store, AUDITED, name="one-rung", details={"rungs": [12]})
    assert audit_of(job, store.trials.list(job.id), {}) is None


def test_the_verdict_tells_it_and_keeps_the_keys(store, add_job):
    made = verdict(store, add_job(store, [PLAIN, *AUDITED]))
    assert any("prunes nothing" in line for line in made.measured)
    found = made.to_dict()["audit"]
    assert (found["threshold"], found["begun"]) == (0.2, 9)
    assert set(found["rungs"][0]) == {
        "rung", "trials", "tau", "tau_low", "tau_high", "same_order", "same_order_low",
        "same_order_high", "prunes",
    }  # fmt: skip
    assert [rung["prunes"] for rung in found["rungs"]] == [False, True]


def test_an_audited_trial_is_no_rule(store, add_job):
    best = AUDITED[-1] | {"accuracy": 0.99, "width": 4}
    made = verdict(store, add_job(store, [PLAIN, *AUDITED, best]))
    assert {c.trial.label for c in made.comparisons} == {""}
    assert [p.label for p in made.baselines] == ["none"]


def test_a_job_without_an_audit_is_reported(store, add_job):
    assert verdict(store, add_job(store)).to_dict()["audit"] is None


def test_scores_on_inherited_weights_prune_only_once_they_are_proved(store, add_job):
    rows = []
    for count in (9, 7):
        job = add_job(store, AUDITED[:count], name=f"of-{count}")
        add_scores(store, job, {n: 0.5 + n / 100 for n in range(count)})
        spec = {**job.spec, "search": {**job.spec["search"], "inherit": True}}
        rows.append(job_audit(store, replace(job, spec=spec), store.trials.list(job.id)).rows())
    assert rows[0][0] == ("inherited", "9", "1.00 (1.00 to 1.00)", "100 % (100 to 100)", "yes")
    assert rows[1][0][0::4] == ("inherited", "nothing")
    assert rows[1][1][0::4] == ("3 epochs", "yes")
