import copy
import io

import pytest
import torch
from torch import nn

from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.backbones.plug import plug
from search_spaces.catalogue import complete
from search_spaces.errors import SpaceError
from tests.search_spaces.small_choices import small
from tests.search_spaces.toy_backbones import Bare, Block, Boxed, Branching, Plain, Residual

MODELS = {"plain": Plain, "residual": Residual, "branching": Branching, "boxed": Boxed,
          "bare": Bare}  # fmt: skip
EVERYWHERE = ("stem.stem_end", "stage1.stage_end", "backbone.backbone_end")
RESIDUAL = (
    "stage1.after_3x3",
    "stage1.pre_add",
    "stage2.shortcut",
    "stage2.post_add",
    *EVERYWHERE,
)
PLACES = {
    "plain": EVERYWHERE,
    "residual": RESIDUAL,
    "branching": RESIDUAL,
    "boxed": RESIDUAL,
    "bare": ("stage1.pre_add", "stage1.shortcut", "stage1.post_add", *EVERYWHERE),
}


#: What a block loses with its convolution and norm.
REPLACED = (
    "conv.weight",
    *(f"norm.{key}" for key in nn.BatchNorm2d(1).state_dict()),
)


def model_of(name, seed=0):
    torch.manual_seed(seed)
    return MODELS[name]().eval()


def images(seed=1):
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


def with_attention(places, kind="se", start="identity"):
    attention = {Placement.parse(place): small(kind) for place in places}
    return Architecture.of(Choice.of("any"), attention, start)


@pytest.mark.parametrize("name", MODELS)
def test_identity_start_leaves_the_output_as_it_was(name):
    model, x = model_of(name), images()
    plugged = plug(model, with_attention(PLACES[name]), x).eval()
    assert torch.equal(plugged(x), model(x))


@pytest.mark.parametrize("name", MODELS)
def test_paper_start_changes_the_output(name):
    model, x = model_of(name), images()
    plugged = plug(model, with_attention(PLACES[name][:1], start="paper"), x).eval()
    assert not torch.allclose(plugged(x), model(x), atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_the_models_weights_load_and_miss_only_attention(name):
    plugged = plug(model_of(name), with_attention(PLACES[name]), images())
    other = model_of(name, seed=5)
    answer = plugged.load_state_dict(other.state_dict(), strict=False)
    assert answer.unexpected_keys == []
    assert answer.missing_keys
    assert all("attention." in key for key in answer.missing_keys)
    assert torch.equal(plugged.eval()(images()), other(images()))


@pytest.mark.parametrize("name", MODELS)
def test_the_given_model_is_not_changed(name):
    model = model_of(name)
    before = copy.deepcopy(model.state_dict())
    plugged = plug(model, with_attention(PLACES[name]), images())
    for parameter in plugged.parameters():
        nn.init.zeros_(parameter)
    assert type(model) is MODELS[name]
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", MODELS)
def test_a_plugged_model_is_copied_saved_and_trained_like_any_other(name):
    x = images()
    plugged = plug(model_of(name), with_attention(PLACES[name], start="paper"), x).eval()
    file = io.BytesIO()
    torch.save(plugged.state_dict(), file)
    twin = copy.deepcopy(plugged)
    for parameter in twin.parameters():
        nn.init.ones_(parameter)
    file.seek(0)
    twin.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(twin(x), plugged(x))
    twin.train()(x).sum().backward()
    inserted = [p for key, p in twin.named_parameters() if "attention." in key]
    assert all(parameter.grad is not None for parameter in inserted)
    assert all(parameter.grad is None for parameter in plugged.parameters())


def test_training_mode_reaches_what_reads_it():
    plugged = plug(model_of("branching"), with_attention(RESIDUAL), images())
    x = images()
    assert not torch.allclose(plugged.train()(x), plugged.eval()(x))


def test_a_plugged_model_exports_and_is_traced_again():
    x = images()
    plugged = plug(model_of("residual"), with_attention(RESIDUAL, start="paper"), x).eval()
    exported = torch.export.export(plugged, (x,)).module()
    assert torch.allclose(exported(x), plugged(x), atol=1e-6)
    again = plug(plugged, with_attention(["stage1.pre_add"]), x).eval()
    assert torch.equal(again(x), plugged(x))


@pytest.mark.slow
def test_a_plugged_model_compiles():
    x = images()
    for name, places in PLACES.items():
        plugged = plug(model_of(name), with_attention(places, start="paper"), x).eval()
        assert torch.allclose(torch.compile(plugged)(x), plugged(x), atol=1e-5)


@pytest.mark.parametrize("path", ["body.1", "body.1.norm", "stem"])
def test_a_modules_path_is_a_place(path):
    model, x = model_of("residual"), images()
    architecture = with_attention([f"{path}.output"], start="paper")
    plugged = plug(model, architecture, x).eval()
    seen = {}
    model.get_submodule(path).register_forward_hook(lambda *at: seen.update(shape=at[2].shape))
    model(x)
    inserted = plugged.get_submodule(f"plugged_attention.{path.replace('.', '_')}_output.0")
    inserted.register_forward_hook(lambda *at: seen.update(got=at[1][0].shape))
    assert not torch.equal(plugged(x), model(x))
    assert seen["got"] == seen["shape"]


def test_what_replaces_a_convolution_takes_its_keys_away():
    model, x = nn.Sequential(nn.Conv2d(3, 8, 1), Block(8, 8), Block(8, 8)), images()
    plugged = plug(model, with_attention(["stage1.replace_3x3"], "sk"), x).eval()
    gone = set(model.state_dict()) - set(plugged.state_dict())
    assert gone == {f"{i}.{k}" for i in (1, 2) for k in REPLACED}
    assert plugged(x).shape == model.eval()(x).shape


def test_attention_takes_the_models_number_format():
    model, x = model_of("residual").double(), images().double()
    plugged = plug(model, with_attention(RESIDUAL), x).eval()
    assert torch.equal(plugged(x), model(x))


@pytest.mark.parametrize(
    ("place", "kind", "says"),
    [
        ("stage1.replace_3x3", "se", "can't stand at replace_3x3"),
        ("stage3.pre_add", "se", "unknown placement"),
        ("body.9.output", "se", "did you mean 'body.2.output'?"),
        ("stage1.pre_add", "non_local", "can't stand at pre_add"),
    ],
)
def test_refusals_name_the_place(place, kind, says):
    with pytest.raises(SpaceError, match=place.replace(".", r"\.")) as caught:
        plug(model_of("residual"), with_attention([place], kind), images())
    assert says in str(caught.value)


def test_a_stage_without_the_position_says_what_it_has():
    with pytest.raises(
        SpaceError, match="stage1 has no pre_add in this backbone; it has stage_end"
    ):
        plug(model_of("plain"), with_attention(["stage1.pre_add"]), images())


def test_images_that_the_model_does_not_take_are_refused():
    with pytest.raises(SpaceError, match="Plain takes no 3x17x40 images"):
        plug(model_of("plain"), with_attention(EVERYWHERE), torch.randn(1, 3, 17, 40))
    with pytest.raises(SpaceError, match="not \\(B, C, H, W\\)"):
        plug(model_of("plain"), with_attention(EVERYWHERE), torch.randn(3, 16, 16))


def test_guards_hold_at_the_real_feature_map():
    choice = complete("se", {"ratio": 16})
    architecture = Architecture.of(Choice.of("any"), {Placement("stage2", "pre_add"): choice})
    with pytest.raises(SpaceError, match="8 channels"):
        plug(model_of("residual"), architecture, images())
