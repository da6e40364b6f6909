from dataclasses import replace

import pytest
import torch
from torch import nn

from search_spaces.build import build
from workers.device import Numerics, reproducible
from workers.errors import CheckpointError
from workers.loop import begin, train_epoch
from workers.outcomes import Diverged
from workers.recipe import Recipe

CPU = Numerics(torch.device("cpu"))


class Recorder(nn.Module):
    """Keeps what it is shown; its weight is the logit of class 0."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen = []

    def forward(self, x):
        self.seen.append(x.detach().clone())
        logits = torch.zeros(len(x), 10)
        return torch.cat([logits[:, :1] + self.weight, logits[:, 1:]], 1)


def record(segment, digits, **recipe):
    task = segment(recipe=Recipe(epochs=2, **recipe))
    return begin(task, digits, CPU, lambda architecture, shape: Recorder())


def test_an_epoch_shows_every_image_once_but_a_last_partial_batch(segment, digits):
    training = record(segment, digits, batch_size=100, augmentation="none")
    train_epoch(training)
    assert [len(batch) for batch in training.model.seen] == [100, 100]
    assert len(torch.unique(torch.cat(training.model.seen).flatten(1), dim=0)) == 200


def test_a_set_smaller_than_a_batch_is_one_batch(segment, digits):
    training = record(segment, digits, batch_size=10_000)
    train_epoch(training)
    assert [len(batch) for batch in training.model.seen] == [len(digits.train)]


def test_epochs_differ_in_order_and_crops(segment, digits):
    training = record(segment, digits)
    train_epoch(training)
    train_epoch(training)
    half = len(training.model.seen) // 2
    first, second = training.model.seen[:half], training.model.seen[half:]
    assert not torch.equal(torch.cat(first), torch.cat(second))


def test_the_schedule_is_that_of_the_full_budget(segment, digits):
    training = record(segment, digits, batch_size=64, warmup=0.5, learning_rate=1.0)
    train_epoch(training)
    assert training.optimizer.param_groups[0]["lr"] == pytest.approx(1.0)
    train_epoch(training)
    assert training.optimizer.param_groups[0]["lr"] == pytest.approx(1 / 5)


def test_it_learns(segment, digits):
    with reproducible(CPU.device):
        training = begin(segment(recipe=Recipe(epochs=6, batch_size=32)), digits, CPU, build)
        results = [train_epoch(training) for _ in range(6)]
    assert results[-1].loss < results[0].loss - 0.3
    assert results[-1].accuracy > results[0].accuracy + 0.2


def test_an_infinite_loss_says_where(segment, digits):
    class Bad(Recorder):
        def forward(self, x):
            logits = super().forward(x)
            return logits * float("nan") if len(self.seen) == 3 else logits

    training = begin(segment(), digits, CPU, lambda architecture, shape: Bad())
    with pytest.raises(Diverged, match="loss is nan at epoch 1, step 3"):
        train_epoch(training)


def test_a_later_start_needs_a_checkpoint_that_fits(segment, digits, tmp_path):
    with pytest.raises(CheckpointError, match="starts at epoch 1 without a checkpoint"):
        begin(segment(1, 2), digits, CPU, build)
    with pytest.raises(CheckpointError, match="is missing"):
        begin(segment(1, 2, str(tmp_path / "no.pt")), digits, CPU, build)


def test_the_schedule_has_an_end(segment, digits):
    with pytest.raises(ValueError, match="end_epoch is 5; the recipe has 4 epochs"):
        begin(segment(0, 5), digits, CPU, build)


def test_dropout_draws_alike_wherever_a_segment_begins(segment, digits):
    def dropping(architecture, shape):
        return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 10))

    runs = []
    for disturbed in (False, True):
        training = begin(segment(), digits, CPU, dropping)
        if disturbed:
            torch.rand(100)
        runs.append(train_epoch(training))
    assert runs[0] == runs[1]
    other = begin(replace(segment(), seed=4), digits, CPU, dropping)
    assert train_epoch(other) != runs[0]
