import shutil

import pytest

from nas.errors import DataProblem, JobFileError, NoSuchDevice, OverLimit
from nas.job_file.reading import locator
from nas.job_file.spec import JobSpec
from nas.jobs import deep
from nas.jobs.deep import deep_check
from search_spaces.cost import cost_of
from workers.data import load
from workers.protocol import Segment
from workers.train import train_segment

SPACE = {
    "backbone": {"name": "cifar_resnet", "depth": 8, "width": [4, 8]},
    "attention": [{"stages": [3], "types": {"none": None, "se": {"ratio": [2, 4]}}}],
}


def spec(**parts):
    least = {"name": "a", "space": SPACE, "search": {"trials": 4}, "recipe": {"epochs": 2}}
    return JobSpec.model_validate({**least, **parts})


def test_report_tells_what_the_job_would_do():
    found = deep_check(spec(), estimate=False)
    assert (found.shape.channels, found.shape.height, found.shape.classes) == (1, 8, 10)
    assert found.train_images + found.validation_images + found.test_images == 1797
    assert found.space_size == 6
    assert found.share_within_limits == 1
    assert found.hours is None
    assert len(found.data_hash) >= 16
    costs = [cost_of(a, found.shape) for a in spec().search_space().enumerate()]
    assert found.lowest.forward_flops == min(c.forward_flops for c in costs)
    assert found.highest.parameters == max(c.parameters for c in costs)


def test_limits_leave_a_share():
    shape = deep_check(spec(), estimate=False).shape
    costs = sorted(cost_of(a, shape).parameters for a in spec().search_space().enumerate())
    limited = spec(cost={"limits": {"parameters": costs[2]}})
    assert deep_check(limited, estimate=False).share_within_limits == pytest.approx(0.5)


def test_a_limit_on_latency_is_said_to_be_open():
    limited = spec(cost={"limits": {"latency_ms": 0.001}})
    rows = dict(deep_check(limited, estimate=False).rows())
    assert rows["within the limits"] == "about 100%, before latency is measured"


def test_a_learning_rate_that_diverges_at_once_is_a_problem_of_the_file():
    with pytest.raises(JobFileError, match=r"recipe\.learning_rate.*1e\+30.*diverge: loss is nan"):
        deep_check(spec(recipe={"epochs": 2, "learning_rate": 1e30}))


@pytest.mark.parametrize("limit", ["parameters", "forward_flops"])
def test_no_architecture_under_a_limit_is_refused_with_the_least(limit):
    least = getattr(deep_check(spec(), estimate=False).lowest, limit)
    assert deep_check(spec(cost={"limits": {limit: least}}), estimate=False)
    with pytest.raises(OverLimit, match=rf"cost\.limits\.{limit} is .*fewer than {least:,}"):
        deep_check(spec(cost={"limits": {limit: least - 1}}), estimate=False)


def test_limits_that_no_architecture_keeps_together_are_refused():
    types = {"se": {"ratio": 1}, "non_local": {"ratio": 8, "positions": "post_add"}}
    section = {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": 8},
        "attention": [{"stages": [3], "types": types}],
    }
    low = deep_check(spec(space=section), estimate=False).lowest
    limits = {"parameters": low.parameters, "forward_flops": low.forward_flops}
    with pytest.raises(OverLimit, match=r"none of the space's 2 architectures .* together"):
        deep_check(spec(space=section, cost={"limits": limits}), estimate=False)
    assert deep_check(spec(space=section, cost={"limits": {"parameters": low.parameters}}))


def test_attention_that_cannot_stand_is_placed_in_the_job_file(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text("space:\n  attention:\n    - types:\n        se: {ratio: 64}\n")
    wide = {**SPACE, "attention": [{"types": {"se": {"ratio": 64}}}]}
    with pytest.raises(JobFileError) as caught:
        deep_check(spec(space=wide), locator(path), estimate=False)
    assert {p.where for p in caught.value.problems} == {f"{path}:4:9"}
    assert "ratio 64 is larger than the 4 channels" in str(caught.value)


def test_missing_and_corrupt_data(tmp_path):
    data = {"name": "mnist", "root": str(tmp_path)}
    with pytest.raises(DataProblem, match=r"MNIST/raw"):
        deep_check(spec(data=data), estimate=False)
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (folder / f"{part}-{kind}-ubyte").write_bytes(b"\0" * 100)
    with pytest.raises(DataProblem, match="ubyte"):
        deep_check(spec(data=data), estimate=False)
    shutil.rmtree(folder)


def test_gpu_that_is_not_here(monkeypatch):
    monkeypatch.setattr(deep.torch.cuda, "is_available", lambda: False)
    with pytest.raises(NoSuchDevice, match="no GPU is visible"):
        deep_check(spec(workers={"device": "cuda"}), estimate=False)


def test_json_and_table_hold_the_estimate():
    found = deep_check(spec())
    assert found.epoch_seconds is not None
    assert found.to_dict()["hours"] == found.hours
    assert [name for name, _ in found.rows()][-2:] == ["an epoch", "the search"]


def test_a_hopelessly_small_budget_is_refused_at_its_place(monkeypatch):
    monkeypatch.setattr(deep, "epoch_seconds", lambda *_: 60.0)
    with pytest.raises(JobFileError) as caught:
        deep_check(spec(budget={"wall_clock": "10s"}, workers={"count": 1}))
    (problem,) = caught.value.problems
    assert problem.path == "budget.wall_clock"
    assert "far less than one training takes here (about 2 minutes on one worker)" in str(problem)
    found = deep_check(spec(budget={"wall_clock": "10m"}, workers={"count": 1}))
    assert found.trainings == pytest.approx(5)
    assert ("the budget", "about 5 full trainings, repeats too") in found.rows()


def test_a_place_that_can_t_be_written_is_refused_at_its_line(tmp_path):
    (tmp_path / "file").touch()
    text = "name: a\nspace: cifar_small\nsearch: {trials: 3}\ncheckpoints:\n  place: file/nas\n"
    (tmp_path / "job.yaml").write_text(text)
    wanted = spec(checkpoints={"place": str(tmp_path / "file" / "nas")})
    with pytest.raises(JobFileError, match=r"job\.yaml:5:.*checkpoints\.place: .*is a file, not a"):
        deep_check(wanted, locator(tmp_path / "job.yaml"), estimate=False)


def test_gpu_hours_without_gpus_are_refused_as_the_limit_would_never_strike():
    with pytest.raises(
        JobFileError, match=r"budget\.gpu_hours: no worker holds a GPU.*workers.gpus"
    ):
        deep_check(spec(budget={"gpu_hours": 1}), estimate=False)


def test_a_place_is_looked_at_and_not_made(tmp_path):
    deep_check(spec(checkpoints={"place": str(tmp_path / "new" / "nas")}), estimate=False)
    assert list(tmp_path.iterdir()) == []


def test_a_limit_below_two_checkpoints_of_the_smallest_network_is_refused():
    least = 2 * deep.checkpoint_bytes(spec(), deep_check(spec(), estimate=False).lowest.parameters)
    deep_check(spec(checkpoints={"disk_limit": least}), estimate=False)
    with pytest.raises(JobFileError, match=r"checkpoints\.disk_limit: .* is less than two checkp"):
        deep_check(spec(checkpoints={"disk_limit": least - 1}), estimate=False)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_no_checkpoint_is_smaller_than_foreseen(tmp_path, optimizer):
    one = spec(recipe={"epochs": 1, "optimizer": optimizer}, data={"train_images": 64})
    data = load(one.data_value())
    architecture = next(iter(one.search_space().enumerate()))
    segment = Segment(
        "0:1", architecture.to_json(), one.recipe_value(), one.data_value(), 0, 0, 1, None,
        str(tmp_path / "a.pt"), "cpu",
    )  # fmt: skip
    report = train_segment(segment, data)
    foreseen = deep.checkpoint_bytes(one, cost_of(architecture, data.shape).parameters)
    assert foreseen <= report.checkpoint_bytes <= 4 * foreseen + 50_000
