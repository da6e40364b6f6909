import copy

import pytest
import torch
from torch import nn

from workers.augment import Normalisation
from workers.device import Numerics
from workers.evaluate import recalibrated, score
from workers.recipe import Recipe

NUMERICS = Numerics(torch.device("cpu"))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Linear(4, 10)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net()


def test_accuracy_and_loss_are_those_of_all_images_at_once(net, digits):
    images = Normalisation.of(digits.mean, digits.std, NUMERICS.device)(digits.test.images)
    with torch.no_grad():
        logits = net.eval()(images)
    got = score(net.train(), digits.test, digits, NUMERICS)
    assert got.accuracy == pytest.approx((logits.argmax(1) == digits.test.labels).double().mean())
    expected = nn.functional.cross_entropy(logits, digits.test.labels)
    assert got.loss == pytest.approx(expected.item(), rel=1e-5)


def test_statistics_become_the_mean_over_whole_training_batches(net, digits):
    recipe = Recipe(batch_size=64, recalibration_batches=2)
    twin = recalibrated(net, digits, recipe, NUMERICS)
    norm = twin.body[1]
    assert int(norm.num_batches_tracked) == 2
    everything = Recipe(batch_size=len(digits.train), recalibration_batches=1)
    whole = recalibrated(net, digits, everything, NUMERICS).body[1]
    images = Normalisation.of(digits.mean, digits.std, NUMERICS.device)(digits.train.images)
    with torch.no_grad():
        channels = net.body[0](images).transpose(0, 1).flatten(1)
    assert torch.allclose(whole.running_mean, channels.mean(1), atol=1e-5)
    assert torch.allclose(whole.running_var, channels.var(1), rtol=1e-4)


def test_the_model_itself_keeps_everything(net, digits):
    before = copy.deepcopy(net.state_dict())
    twin = recalibrated(net.train(), digits, Recipe(), NUMERICS)
    assert net.training
    assert not twin.training
    assert twin.body[1].momentum == net.body[1].momentum == 0.1
    for key, value in net.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert twin.head.weight is net.head.weight


def test_the_same_model_gives_the_same_statistics(net, digits):
    one, other = (recalibrated(net, digits, Recipe(), NUMERICS) for _ in range(2))
    assert torch.equal(one.body[1].running_var, other.body[1].running_var)


def test_it_can_be_turned_off(net, digits):
    twin = recalibrated(net, digits, Recipe(recalibrate_batch_norm=False), NUMERICS)
    assert int(twin.body[1].num_batches_tracked) == 0


def test_a_set_smaller_than_a_batch_is_one_batch(net, digits):
    twin = recalibrated(net, digits, Recipe(batch_size=10_000), NUMERICS)
    assert int(twin.body[1].num_batches_tracked) == 1
