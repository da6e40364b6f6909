import json
from statistics import fmean, stdev

import pytest

from workers import planted
from workers.protocol import Evaluation
from workers.recipe import Recipe


def architecture(width=8, **attention):
    places = {f"{stage}.pre_add": {"type": kind} for stage, kind in attention.items()}
    return json.dumps({"backbone": {"width": width, "depth": 8}, "attention": places})


def test_only_the_planted_type_at_its_stage_helps():
    plain = planted.level(architecture(), planted.GAIN)
    assert planted.level(architecture(stage3="cbam"), planted.GAIN) == pytest.approx(plain + 0.02)
    assert planted.level(architecture(stage2="cbam"), planted.GAIN) == plain
    assert planted.level(architecture(stage3="se"), planted.GAIN) == plain
    assert planted.level(architecture(width=16), planted.GAIN) > plain
    assert planted.level(architecture(stage3="cbam"), 0.0) == plain


def test_runs_differ_by_their_seed_as_they_should(segment):
    def run(seed):
        task = segment(0, 4, recipe=Recipe(4), seed=seed, measure_test=True)
        return planted.futile(task, {})

    values = [run(seed).validation_accuracy for seed in range(300)]
    true = planted.level(segment().architecture, 0.0)
    assert fmean(values) == pytest.approx(true, abs=0.001)
    assert stdev(values) == pytest.approx((planted.LUCK**2 + planted.NOISE**2) ** 0.5, rel=0.15)
    assert run(3) == run(3)


def test_test_images_are_answered_too(segment):
    task = segment()
    asked = Evaluation("e", task.architecture, task.recipe, task.data, "x")
    assert planted.planted(asked, {}).test_accuracy == planted.planted(asked, {}).test_accuracy
