import random

import pytest
import torch
import torchvision

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.plug import plug
from search_spaces.backbones.rows_own import OWN
from search_spaces.backbones.table import placement_sites
from search_spaces.build import attention_module, build, check_choice
from search_spaces.catalogue import CATALOGUE, SINGLE, complete
from search_spaces.errors import SpaceError
from search_spaces.ready import ready_names, ready_space
from search_spaces.space import SearchSpace
from tests.search_spaces.small_choices import small

SMALL = TaskShape(1, 12, 10, 4)
BACKBONE = Choice.of("cifar_resnet", {"depth": 8, "width": 16})


#: Every type at every position that its row allows, in the middle of the backbone.
CELLS = [
    (name, f"{SINGLE.get(position, 'stage2')}.{position}")
    for name, kind in CATALOGUE.items()
    for position in kind.positions
]
#: What stands for a convolution can't leave the network as it was.
INSERTED = [cell for cell in CELLS if CATALOGUE[cell[0]].family != "replace"]


def with_attention(placement, choice, start="identity"):
    return Architecture.of(BACKBONE, {Placement.parse(placement): choice}, start)


@pytest.mark.parametrize("name", OWN)
def test_every_backbone_of_the_table_builds(name):
    model = build(Architecture(Choice.of(name, {"width": 4})), SMALL)
    assert model.eval()(torch.randn(2, 1, 12, 10)).shape == (2, 4)


@pytest.mark.parametrize(("name", "placement"), CELLS)
def test_every_valid_cell_builds_and_trains(name, placement):
    model = build(with_attention(placement, small(name), "paper"), SMALL)
    model(torch.randn(3, 1, 12, 10)).square().sum().backward()
    attention = [p for n, p in model.named_parameters() if "attention" in n]
    assert attention
    assert all(parameter.grad is not None for parameter in attention)


@pytest.mark.parametrize(("name", "placement"), INSERTED)
def test_identity_start_leaves_the_output_of_the_backbone_unchanged(name, placement):
    outputs = []
    for architecture in (
        Architecture(BACKBONE),
        with_attention(placement, small(name)),
    ):
        torch.manual_seed(3)
        model = build(architecture, SMALL).eval()
        outputs.append(model(torch.ones(2, 1, 12, 10)))
    torch.testing.assert_close(*outputs)


@pytest.mark.parametrize("name", ready_names())
def test_samples_of_each_ready_space_build_on_the_meta_device(name):
    space = SearchSpace.from_dict(ready_space(name))
    rng = random.Random(0)
    for _ in range(3):
        with torch.device("meta"):
            model = build(space.sample(rng), TaskShape(3, 32, 32, 10))
            assert model(torch.empty(2, 3, 32, 32)).shape == (2, 10)
        assert all(parameter.is_meta for parameter in model.parameters())


@pytest.mark.parametrize(
    ("architecture", "says"),
    [
        (with_attention("stage1.pre_add", Choice.of("se", {"ratio": 17})), "ratio 17 is larger"),
        (with_attention("stage1.pre_add", Choice.of("se", {"ratio": 0})), "se.ratio is 0"),
        (with_attention("stage1.pre_add", Choice("cabm")), "did you mean 'cbam'?"),
        (
            with_attention("stage1.pre_add", Choice("non_local")),
            "allowed: stem_end, post_add, stage_end",
        ),
        (with_attention("stage4.pre_add", Choice("se")), "did you mean 'stage"),
        (with_attention("stage1.preadd", Choice("se")), "did you mean 'stage1.pre_add'?"),
    ],
)
def test_a_refusal_names_the_placement(architecture, says):
    with pytest.raises(SpaceError) as caught:
        build(architecture, SMALL)
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(architecture.attention[0][0]))


def test_a_map_of_pairs_too_large_for_memory_is_refused():
    architecture = with_attention("stage1.post_add", complete("non_local", {}))
    with pytest.raises(SpaceError, match=r"stage1\.post_add: non_local.*64x64 positions"):
        build(architecture, TaskShape(3, 64, 64, 10))


def test_an_unknown_backbone_is_refused():
    with pytest.raises(SpaceError, match="did you mean 'resnet18'"):
        build(Architecture(Choice("resnet81")), SMALL)


def test_missing_axes_take_their_defaults():
    model = build(with_attention("stage3.pre_add", Choice("se")), SMALL)
    assert model.get_submodule("layer3.0.attention_pre_add") is not None


def test_check_choice_completes():
    backbone = Choice.of("cifar_resnet", {"depth": 8, "width": 16, "stem_stride": 1})
    sites = placement_sites(backbone, SMALL)
    choice = check_choice(Placement("stage1", "pre_add"), Choice("se"), sites)
    assert choice == Choice.of("se", {"ratio": 16})


def test_an_attention_module_keeps_the_shape():
    module = attention_module(complete("se", {}), 16, "paper")
    assert module(torch.randn(2, 16, 5, 3)).shape == (2, 16, 5, 3)


DEEP = Choice.of("cifar_resnet", {"depth": 20, "width": 8})


def shared(name, placement):
    choice = Choice.of(name, {**small(name).as_dict(), "share": True})
    return Architecture.of(DEEP, {Placement.parse(placement): choice})


def test_the_blocks_of_a_stage_share_one_module():
    model = build(shared("bam", "stage2.pre_add"), SMALL)
    blocks = [model.get_submodule(f"layer2.{number}") for number in range(3)]
    assert len({id(block.attention_pre_add) for block in blocks}) == 1
    keys = {key for key in model.state_dict() if "attention" in key}
    assert {key.split(".")[1] for key in keys} == {"0", "1", "2"}
    copied = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    build(shared("bam", "stage2.pre_add"), SMALL).load_state_dict(copied)


@pytest.mark.parametrize("name", [name for name, kind in CATALOGUE.items()
                                  if "pre_add" in kind.positions])  # fmt: skip
def test_shared_attention_starts_as_the_identity_and_trains(name):
    outputs = []
    for architecture in (Architecture(DEEP), shared(name, "stage2.pre_add")):
        torch.manual_seed(3)
        model = build(architecture, SMALL)
        outputs.append(model.eval()(torch.ones(2, 1, 12, 10)))
    torch.testing.assert_close(*outputs)
    model.train()(torch.randn(3, 1, 12, 10)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "placement", "says"),
    [
        ("se", "stage1.stage_end", "share has no meaning at stage_end, where one module stands"),
        ("sk", "stage2.replace_3x3", "the blocks here have strides 1, 2"),
    ],
)
def test_what_cannot_be_shared_is_refused(name, placement, says):
    with pytest.raises(SpaceError, match=f"{placement}: .*{says}"):
        build(shared(name, placement), SMALL)


def test_what_is_plugged_into_a_model_can_be_shared():
    model, image = torchvision.models.resnet18(num_classes=4), torch.randn(1, 3, 64, 64)
    choice = Choice.of("se", {"ratio": 16, "share": True})
    architecture = Architecture.of(Choice("any"), {Placement("stage2", "pre_add"): choice})
    plugged = plug(model, architecture, image)
    before, after = (sum(p.numel() for p in m.parameters()) for m in (model, plugged))
    assert after - before == sum(
        p.numel() for p in attention_module(choice, 128, "paper").parameters()
    )
    names = {key.rsplit(".", 3)[0] for key in plugged.state_dict() if "attention" in key}
    assert names == {"attention.stage2_pre_add.0"}
    torch.testing.assert_close(plugged.eval()(image), model.eval()(image))
