import pytest
import torch
from torch import nn

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.table import complete_backbone, placement_sites
from search_spaces.backbones.traced import bare, examine, study
from search_spaces.backbones.tracing import open_model
from search_spaces.build import build
from search_spaces.catalogue import complete
from search_spaces.cost import cost_of, measure
from search_spaces.errors import SpaceError
from tests.search_spaces.small_choices import small
from tests.search_spaces.toy_backbones import Plain

SHAPE = TaskShape(3, 32, 32, 10)
OWN = "tests.search_spaces.toy_backbones:factory"


@pytest.mark.parametrize("model", ["resnet18", "resnet50"])
def test_tracing_torchvisions_resnet_finds_what_arithmetic_says_of_ours(model):
    traced = placement_sites(complete_backbone(f"torchvision/{model}", {}), SHAPE)
    ours = placement_sites(complete_backbone(model, {}), SHAPE)
    assert {place: at for place, at in traced.items() if place.position != "output"} == ours


@pytest.mark.parametrize("size", [(32, 32), (33, 65), (8, 8)])
def test_stages_do_not_depend_on_the_images_size(size):
    backbone = complete_backbone("mobilenet_v3_small", {})
    sites = placement_sites(backbone, TaskShape(3, *size, 10))
    reference = placement_sites(backbone, TaskShape(3, 256, 256, 10))
    assert {p: len(at) for p, at in sites.items()} == {p: len(at) for p, at in reference.items()}


@pytest.mark.parametrize("name", ["mobilenet_v2", "regnet_y_400mf", "shufflenet_v2_x0_5", OWN])
def test_costs_add_up(name):
    backbone = complete_backbone(name, {})
    sites = placement_sites(backbone, SHAPE)
    places = [place for place in sites if place.position not in ("output", "replace_3x3")]
    choices = [small(kind) for kind in ("se", "eca")]
    attention = {place: choices[i % 2] for i, place in enumerate(places)}
    architecture = Architecture.of(backbone, attention)
    with torch.device("meta"):
        whole = measure(build(architecture, SHAPE), SHAPE)
    assert cost_of(architecture, SHAPE) == whole


def test_blocks_that_share_a_module_hold_it_once():
    choice = complete("se", {"ratio": 4, "share": True})
    backbone = complete_backbone("regnet_y_400mf", {})
    architecture = Architecture.of(backbone, {Placement("stage3", "pre_add"): choice})
    with torch.device("meta"):
        model = build(architecture, SHAPE)
        whole = measure(model, SHAPE)
    assert cost_of(architecture, SHAPE) == whole
    names = {k.split(".")[2] for k in model.state_dict() if k.startswith("attention.")}
    assert names == {"0"}


def test_costs_add_up_where_convolutions_are_replaced():
    attention = {Placement("stage2", "replace_3x3"): small("sk")}
    architecture = Architecture.of(complete_backbone("resnext50_32x4d", {}), attention)
    with torch.device("meta"):
        whole = measure(build(architecture, SHAPE), SHAPE)
    assert cost_of(architecture, SHAPE) == whole


def test_the_seed_alone_decides_the_backbones_weights():
    backbone = complete_backbone("mobilenet_v3_small", {})
    attention = {Placement("stage2", "stage_end"): small("se")}
    torch.manual_seed(4)
    plain = build(Architecture(backbone), SHAPE).state_dict()
    torch.manual_seed(4)
    plugged = build(Architecture.of(backbone, attention), SHAPE).state_dict()
    assert all(torch.equal(value, plugged[key]) for key, value in plain.items())


def test_a_users_factory_is_built_with_attention_at_a_modules_path():
    backbone = complete_backbone(OWN, {"width": 6})
    architecture = Architecture.of(backbone, {Placement("2.act", "output"): small("se")}, "paper")
    assert Architecture.from_json(architecture.to_json()) == architecture
    model = build(architecture, SHAPE)
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert "attention.2_act_output.0.channel.reduce.weight" in model.state_dict()


def test_models_are_made_without_memory_on_the_meta_device():
    with torch.device("meta"):
        model = bare(complete_backbone("regnet_y_400mf", {}), SHAPE)
    assert {tensor.device.type for tensor in model.parameters()} == {"meta"}


def test_a_model_for_one_size_is_examined_at_that_size():
    image = torch.zeros(1, 3, 16, 16, device="meta")
    found = examine(open_model(Plain().eval()), image, "plain")
    assert [stage.name for stage in found.layout.stages] == ["stage1", "stage2"]


def test_images_that_a_model_does_not_take_are_refused():
    with pytest.raises(SpaceError, match="takes no 3x17x40 images"):
        examine(open_model(Plain()), torch.zeros(1, 3, 17, 40, device="meta"), "plain")
    with pytest.raises(SpaceError, match=r"vgg11.*takes no|takes no 3x4x4"):
        study(Choice.of("vgg11", {"weights": "none"}), TaskShape(3, 4, 4, 2))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Two", r"gives a tuple, not a tensor; logits \(B, 10\) are needed"),
        ("Dense", r"gives \(1, 32, 32, 10\) for one image; logits \(B, 10\) are needed"),
        ("Careless", "takes no 3x32x32 images: 'Careless' object has no attribute 'head'"),
    ],
)
def test_a_backbone_without_logits_is_refused(name, says):
    with pytest.raises(SpaceError, match=says):
        study(Choice.of(f"tests.search_spaces.toy_backbones:{name}"), SHAPE)


def test_constructors_that_compute_with_sequences_work_without_memory():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            rates = [rate.item() for rate in torch.linspace(0, 0.1, 3)]
            self.drop = nn.Dropout(rates[-1])

    from search_spaces.backbones.traced import _SequencesOnCPU

    with torch.device("meta"), _SequencesOnCPU():
        assert Counting().drop.p == pytest.approx(0.1)
