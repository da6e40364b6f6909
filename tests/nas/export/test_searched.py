from dataclasses import replace

import pytest
import torch

from search_spaces.architecture import Choice


def test_gives_the_searched_network_with_its_weights_in_eval_mode(searched):
    model = searched.module()
    assert not model.training
    assert all(torch.equal(model.state_dict()[n], t) for n, t in searched.weights.items())


def test_weights_of_another_architecture_are_refused(searched):
    wider = Choice.of("cifar_resnet", {"depth": 8, "width": 16, "stem_stride": 1})
    other = replace(searched, architecture=replace(searched.architecture, backbone=wider))
    with pytest.raises(RuntimeError, match="size mismatch"):
        other.module()
