"""Every backbone that is not ours leaves as code, with attention at its places, and is the same."""

import re
from itertools import cycle

import pytest
import torch
from safetensors.torch import save_file

from nas.export.folded import folded
from nas.export.model_file import model_source
from nas.export.parity import verify
from nas.export.searched import SearchedModel
from search_spaces.architecture import Architecture, TaskShape
from search_spaces.attention_type import OUTPUT
from search_spaces.backbones.row import Backbone
from search_spaces.backbones.table import (
    BACKBONES,
    complete_backbone,
    placement_sites,
    refused_at,
)
from search_spaces.build import build
from search_spaces.catalogue import CATALOGUE
from tests.search_spaces.small_choices import small

SHAPE = TaskShape(2, 32, 32, 7)
TRACED = [name for name, row in BACKBONES.items() if row.traced]

#: A small one of each family of torchvision's; the slow test takes all of them. The place in this
#: list says what becomes of the attention that is built in: kept, replaced, removed by turns.
FAMILIES = (
    "torchvision/resnet18",
    "regnet_y_400mf",
    "densenet121",
    "mobilenet_v3_small",
    "mobilenet_v2",
    "efficientnet_b0",
    "convnext_tiny",
    "shufflenet_v2_x0_5",
    "mnasnet0_5",
)

#: The own factory that is exported beside them.
OWN = "tests.search_spaces.toy_backbones:Residual"


def shape_of(name: str) -> TaskShape:
    """Images for a backbone."""
    return TaskShape(3, 32, 32, 7) if name == OWN else SHAPE


def architecture(name: str, turn: int = 0) -> Architecture:
    """Every position of a backbone in some stage, each with the next type that may stand there.

    In every other stage nothing stands, so that its modules are called whole.
    """
    row: Backbone | None = BACKBONES.get(name)
    builtin = ("keep", "replace", "remove")[turn % 3]
    has = row is not None and row.axis("builtin_se") is not None
    backbone = complete_backbone(name, {"builtin_se": builtin} if has else {})
    sites = placement_sites(backbone, shape_of(name))
    names = list(CATALOGUE)
    turning = cycle(names[turn:] + names[:turn])
    attention: dict = {}
    for place in sites:
        skipped = place.stage.endswith(("1", "3")[turn % 2])
        beside = {other.position for other in attention if other.stage == place.stage}
        if place.position == OUTPUT or skipped or "replace_3x3" in beside:
            continue
        if place.position == "replace_3x3" and turn % 3 != 1:
            continue
        for _ in CATALOGUE:
            choice = small(next(turning))
            allowed = place.position in CATALOGUE[choice.name].positions
            if allowed and refused_at(choice, sites[place], place.position) is None:
                attention[place] = choice
                break
    assert attention or name.startswith("densenet")
    return Architecture.of(backbone, attention, ("identity", "paper")[turn % 2])


def settled(model):
    """With statistics and small parameters as no start has them."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1 or not parameter.any():
                parameter.add_(0.05 * torch.rand_like(parameter))
        for key, buffer in model.named_buffers():
            if key.endswith(("running_mean", "running_var")):
                buffer.uniform_(0.5, 1.5)
    return model


def trained(name: str, made: Architecture) -> SearchedModel:
    """A candidate as the exporter gets it."""
    torch.manual_seed(0)
    shape = shape_of(name)
    model = settled(build(made, shape))
    moments = (70.5, 99.25, 80.0)[: shape.channels]
    return SearchedModel(made, shape, moments, moments, dict(model.state_dict()))


@pytest.mark.timeout(300)
def test_code_of_each_family_is_equal_where_only_what_it_needs_is_there(tmp_path):
    torch.set_num_threads(1)
    exports = []
    for turn, name in enumerate((*FAMILIES, OWN)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        model = trained(name, architecture(name, turn))
        exports.append((model, folder))
        used = folded(model)
        text = model_source(used, f"{name}.")
        (folder / "model.py").write_text(text)
        torch.save(used.weights, folder / "model.pt")
        save_file(used.weights, folder / "model.safetensors")
        assert not re.search(r"^\s*(from|import) (nas|workers|search_spaces)", text, re.M)
        assert "ConstantAttention" not in text
    verify(exports)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", TRACED)
def test_code_of_every_backbone_is_equal(name):
    """In this process, and with the searched model's own weights: some of them are large."""
    torch.set_num_threads(1)
    made = architecture(name, TRACED.index(name))
    kept = {place: choice for place, choice in made.attention if choice.name != "asr"}
    made = Architecture.of(made.backbone, kept, made.start)
    searched = settled(build(made, SHAPE)).eval()
    scope = {"__file__": "model.py", "__name__": "model"}
    source = model_source(SearchedModel(made, SHAPE, (1.0, 2.0), (1.0, 1.0), {}), name)
    exec(compile(source, "model.py", "exec"), scope)
    exported = scope["build_model"]()
    assert exported.state_dict().keys() == searched.state_dict().keys()
    exported.load_state_dict(searched.state_dict(), assign=True)
    image = torch.randn(2, SHAPE.channels, SHAPE.height, SHAPE.width)
    with torch.no_grad():
        assert torch.equal(exported.eval()(image), searched(image))
