import json
import sys

from nas.analysis.front import front


def test_the_front_by_rising_cost(nas, store, add_job):
    job = add_job(store)
    lines = nas("front", job.name).stdout.splitlines()
    assert lines[0].split()[:2] == ["trial", "searched"]
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["0", "90.0"],
        ["3", "93.0"],
        ["1", "94.0"],
        ["4", "96.0"],
    ]
    assert "optimistic" in "".join(lines[5:])
    assert "further" not in lines[0]


def test_what_export_picks_is_marked(nas, store, add_job):
    add_job(store)
    lines = nas("front", "synthetic").stdout.splitlines()
    marked = {line.split()[0]: line.split()[4] for line in lines[1:5]}
    assert (marked["0"], marked["4"]) == ("cheap", "accurate")
    assert marked["3"] == "knee"


def test_one_pick_with_its_reason_and_under_a_limit(nas, store, add_job):
    add_job(store)
    lines = nas("front", "synthetic", "--pick", "accurate").stdout.splitlines()
    assert lines[0] == "accurate: trial 4, the most accurate: 96.0 % on the searched seed"
    assert lines[3].split()[:2] == ["4", "96.0"]
    assert lines[3].split()[4:6] == ["accurate", "se"], "marks of the whole front"
    told = nas(
        "front", "synthetic", "--pick", "accurate", "--under", "forward_flops=2e6", "-o", "json"
    )
    found = json.loads(told.stdout)
    assert (found["point"]["trial"], found["under"]) == (3, {"forward_flops": 2e6})
    assert found["reason"] == "the most accurate under 2,000,000 FLOPs: 93.0 % on the searched seed"
    rows = nas("front", "synthetic", "--under", "forward_flops=2e6").stdout.splitlines()
    assert [row.split()[0] for row in rows[1:3]] == ["0", "3"]
    nothing = nas("front", "synthetic", "--under", "parameters=1").stdout
    assert nothing == "no trial of synthetic under 1 parameters has finished yet\n"
    wrong = nas("front", "synthetic", "--under", "flops=1")
    assert wrong.exit_code == 2
    assert "did you mean 'forward_flops'" in wrong.stderr


def test_long_names_go_on_in_the_next_line(nas, store, add_job):
    places = "stage1:se stage2:cbam stage3:eca stage4:simam"
    again = [(1, 0.90, 0.80), (2, 0.92, 0.82)]
    entry = {"attention": places, "flops": 1_000_000, "accuracy": 0.9, "repeats": again}
    add_job(store, [entry])
    lines = nas("front", "synthetic").stdout.splitlines()
    assert max(map(len, lines)) <= 110
    assert lines[2].split()[-1].startswith("stage")
    assert "stage4" in "".join(lines[2:4])


def test_json_is_the_front(nas, store, add_job):
    job = add_job(store)
    assert json.loads(nas("front", job.name, "-o", "json").stdout) == front(store, job).to_dict()


def test_repeats_show_as_a_mean_with_its_interval(nas, store, add_job):
    repeats = [(1, 0.90, 0.80), (2, 0.92, 0.82), (3, 0.94, 0.84)]
    add_job(store, [{"flops": 1_000_000, "accuracy": 0.99, "repeats": repeats}])
    line = nas("front", "synthetic").stdout.splitlines()[1]
    assert "92.0 (87.0–97.0)" in line
    assert line.split()[:2] == ["0", "99.0"]
    assert "82.0" in line


def test_an_empty_front_says_so(nas, store, add_job):
    add_job(store, [], state="running", budget=3)
    assert nas("front", "synthetic").stdout == "no trial of synthetic has finished yet\n"


def test_a_terminal_gets_a_drawing(store, add_job, here, monkeypatch, capsys):
    from nas.cli.front import _parts

    made = front(store, add_job(store))
    assert not any("●" in str(part) for part in _parts(made, [], [(1e6, 0.9), (2e6, 0.8)], {}))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert any("●" in str(part) for part in _parts(made, [], [(1e6, 0.9), (2e6, 0.8)], {}))
