import pytest
import torch
from torch import nn

from search_spaces.backbones.adapt import fit_channels, fit_classes, replace_modules
from search_spaces.errors import SpaceError


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1)), nn.Flatten(), nn.Linear(64, 8), nn.Linear(8, 5)
    )


def test_the_classifier_alone_is_changed():
    model = net()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    fit_classes(model, 7)
    assert model(torch.zeros(1, 3, 8, 8)).shape == (1, 7)
    after = model.state_dict()
    kept = [key for key in before if not key.startswith("3.")]
    assert all(torch.equal(before[key], after[key]) for key in kept)


def test_what_fits_keeps_its_weights():
    model = net()
    first, last = model[0][0], model[3]
    fit_classes(model, 5)
    fit_channels(model, 3)
    assert model[0][0] is first
    assert model[3] is last


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_grey_images_give_what_they_gave(channels):
    model, grey = net(), torch.randn(2, 1, 8, 8)
    before = model(grey.expand(-1, 3, -1, -1))
    fit_channels(model, channels)
    assert torch.allclose(model(grey.expand(-1, channels, -1, -1)), before, atol=1e-5)
    assert model[0][0].stride == (2, 2)


def test_a_convolution_classifies_where_there_is_no_linear_layer():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU())
    fit_classes(model, 7)
    assert model(torch.zeros(1, 3, 8, 8)).shape == (1, 7, 6, 6)


def test_models_that_cannot_be_fitted_are_refused():
    with pytest.raises(SpaceError, match="has no layer to classify with"):
        fit_classes(nn.Sequential(nn.ReLU()), 3)
    with pytest.raises(SpaceError, match="has no convolution"):
        fit_channels(nn.Sequential(nn.ReLU()), 3)
    with pytest.raises(SpaceError, match=r"0.*grouped"):
        fit_channels(nn.Sequential(nn.Conv2d(4, 4, 1, groups=2)), 3)


def test_modules_of_a_class_are_replaced_wherever_they_are():
    model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.ReLU(), nn.Tanh()))
    replace_modules(model, nn.ReLU, nn.Identity)
    assert not any(isinstance(module, nn.ReLU) for module in model.modules())
    assert isinstance(model[1][1], nn.Tanh)
