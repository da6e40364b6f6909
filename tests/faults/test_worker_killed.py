"""A worker killed in the middle of a segment costs that segment's time and nothing else."""

import os
import signal
import time
from pathlib import Path

from search_spaces.architecture import Architecture, Choice
from workers import checkpoint as checkpoints
from workers.datasets import DataSpec
from workers.pool import RayPool
from workers.protocol import Lost, Segment
from workers.recipe import Recipe

ARCHITECTURE = Architecture.of(
    Choice.of("cifar_resnet", {"depth": 8, "width": 8, "stem_stride": 1})
).to_json()
SPEC = DataSpec(train_images=200)


def up(pool):
    while not pool.free():
        pool.wait(120)


def one(pool):
    while True:
        for answer in pool.wait(120):
            return answer


def test_a_killed_worker_is_replaced_and_its_segment_ends_as_if_undisturbed(tmp_path):
    def segment(name, start, end, before=None):
        out = str(tmp_path / f"{name}.pt")
        return Segment(name, ARCHITECTURE, Recipe(60, 32), SPEC, 5, start, end, before, out, "cpu")

    pool = RayPool(1, threads=1)
    try:
        first = segment("first", 0, 1)
        up(pool)
        pool.submit(first)
        assert one(pool).outcome == "ok"

        quiet = segment("quiet", 1, 60, first.checkpoint_out)
        pool.submit(quiet)
        expected = one(pool)
        assert expected.outcome == "ok", expected.reason

        doomed = segment("doomed", 1, 60, first.checkpoint_out)
        pool.submit(doomed)
        victim = pool.pids()["doomed"]
        time.sleep(min(0.3, expected.train_seconds / 4))
        os.kill(victim, signal.SIGKILL)
        lost = one(pool)
        assert isinstance(lost, Lost), "the worker had already answered"
        assert lost.key == "doomed"
        assert not Path(doomed.checkpoint_out).exists()

        up(pool)
        pool.submit(doomed)
        assert pool.pids()["doomed"] != victim
        again = one(pool)
    finally:
        pool.close()
    assert again.checkpoint_sha256 == expected.checkpoint_sha256
    assert again.validation_loss == expected.validation_loss
    assert again.train_loss == expected.train_loss
    checkpoints.check(doomed.checkpoint_out, again.checkpoint_sha256)
