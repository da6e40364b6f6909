from dataclasses import replace

from nas.cli.job_progress import job_display, render
from nas.jobs.progress import Progress
from tests.conftest import fill

SEARCHING = Progress(
    "search",
    done=12,
    total=48,
    states=(("done", 4), ("running", 2), ("waiting", 8)),
    epochs=77,
    best_accuracy=0.953,
    front_size=4,
    hypervolume=0.8123,
)


def test_the_first_line_says_it_all(store):
    line, best = render(SEARCHING, 65).splitlines()
    assert line.startswith("███████·")
    assert "12/48 search  1:05  4 done, 2 running, 8 waiting" in line
    assert best == "best 95.3%, 4 on the front, hypervolume 0.812, 77 epochs trained"


def test_what_trains_stands_below_and_fits(store):
    job = fill(store)
    running = tuple(store.trials.list(job.id)[:2])
    lines = render(replace(SEARCHING, running=running), 1).splitlines()
    assert lines[2].startswith("  trial 0: cifar_resnet")
    assert all(len(line) < 115 for line in lines[2:])


def test_what_was_spent_of_a_budget_stands_below_the_best():
    lines = render(replace(SEARCHING, budget="epochs 77 of 120"), 1).splitlines()
    assert lines[2] == "spent: epochs 77 of 120"


def test_no_finished_trial_no_best():
    assert len(render(Progress("search", 0, 5), 1).splitlines()) == 1


def test_each_phase_is_announced_once(capsys):
    with job_display(quiet=False) as (_, observe):
        observe(Progress("starting", 0, 1, note="starting Ray"))
        observe(SEARCHING)
        observe(SEARCHING)
        observe(Progress("finalists", 1, 6))
    told = capsys.readouterr().err
    assert told.count("search: candidates train") == 1
    assert "starting Ray" in told
    assert told.index("starting Ray") < told.index("finalists: the front")


def test_quiet_is_quiet(capsys):
    with job_display(quiet=True) as (_, observe):
        observe(SEARCHING)
    assert capsys.readouterr().err == ""
