import json

from nas.analysis.verdict import verdict


def entries():
    def again(*values):
        return [(seed, value, None) for seed, value in enumerate(values, start=1)]

    plain = {"label": "none", "width": 8, "flops": 1_000_000, "accuracy": 0.90}
    better = {"width": 8, "attention": "stage3:se", "flops": 1_030_000, "accuracy": 0.95}
    return [
        plain | {"repeats": again(0.900, 0.902, 0.904)},
        better | {"repeats": again(0.930, 0.933, 0.934)},
    ]


def test_words_first_then_the_table_and_how_it_was_measured(nas, store, add_job):
    add_job(store, entries())
    lines = nas("report", "synthetic").stdout.splitlines()
    assert lines[0].startswith(
        "Trial 1 (se in stage3) beats the same backbone without attention by 3.0 points ("
    )
    assert " ".join(lines[:2]).endswith(" at 3 % more FLOPs.")
    title = "The front by rising cost, validation accuracy over further seeds:"
    table = lines[lines.index(title) :]
    assert table[1].split()[:2] == ["against", "trial"]
    heading = next(line for line in table if line.startswith("trial 1: "))
    assert heading.endswith("· 1.03 MFLOPs")
    row = table[table.index(heading) + 1]
    assert row.split()[:2] == ["0:", "same"]
    assert "+3.0 (+" in row
    assert row.endswith("  separable")
    assert "How it was measured:" in lines
    assert "Before you believe it:" in lines


def test_it_fits_a_page_and_all_comparisons_are_one_option_away(nas, store, add_job):
    rule = {"label": "se everywhere with a name of some length", "width": 16, "flops": 9_000_000}
    wide = {"label": "none", "width": 32, "flops": 8_000_000, "accuracy": 0.5}
    places = "stage1:se stage2:cbam stage3:eca stage4:simam"
    rule |= {"attention": places, "accuracy": 0.3}
    long = {"width": 8, "attention": places, "flops": 1_040_000, "accuracy": 0.96}
    add_job(store, [*entries(), rule, wide, long])
    short, every = nas("report", "synthetic").stdout, nas("report", "synthetic", "--all").stdout
    assert max(map(len, every.splitlines())) <= 110
    assert "nas report synthetic --all" in short
    assert "3: no attention, width 32" not in short
    assert "3: no attention, width 32" in every


def test_json_is_the_verdict(nas, store, add_job):
    job = add_job(store, entries())
    told = json.loads(nas("report", "1", "-o", "json").stdout)
    assert told.pop("strongest_effects") == []
    assert told == verdict(store, job).to_dict()


def test_a_job_without_trials_has_a_report(nas, store, add_job):
    add_job(store, [], state="running", budget=3)
    found = nas("report", "synthetic")
    assert found.exit_code == 0
    assert found.stdout.startswith("No trial has finished yet.")


def test_the_audit_of_early_rungs_is_a_table(nas, store, add_job):
    audited = [
        {"label": "audit", "flops": 10 + i, "accuracy": 0.8 + i / 100, "early": {3: 0.7 - i / 100}}
        for i in range(8)
    ]
    add_job(store, [*entries(), *audited])
    lines = nas("report", "synthetic").stdout.splitlines()
    title = "How early rungs predicted 12 epochs, over uniformly drawn trials:"
    table = lines[lines.index(title) + 1 :]
    assert table[0].split("  ")[0] == "rung"
    assert " ".join(table[1].split()) == "3 epochs 8 −1.00 (−1.00 to −1.00) 0 % (0 to 0) nothing"
    assert table[2].endswith("yes")
    made = json.loads(nas("report", "synthetic", "-o", "json").stdout)
    assert [rung["prunes"] for rung in made["audit"]["rungs"]] == [False, True]
    trials = nas("show", "synthetic", "--trials").stdout
    assert sum(" audit " in line for line in trials.splitlines()) == 8
