import ast
from dataclasses import replace

import pytest
import torch

from nas.export.model_file import model_source
from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.build import build
from workers.augment import Normalisation


@pytest.fixture(scope="module")
def source(searched):
    return model_source(searched, "What it is.\n\nMore of it.")


@pytest.fixture
def module(source, tmp_path):
    scope = {"__name__": "model", "__file__": str(tmp_path / "model.py")}
    exec(compile(source, "model.py", "exec"), scope)
    return scope


def functions(source):
    return {n.name: n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)}


def test_spells_the_architecture_out(source):
    assert ast.unparse(functions(source)["build_model"].body[-1]) == (
        "return cifar_resnet(channels=1, classes=10, depth=8, stem_stride=1, width=8, "
        "attention={'stage1.pre_add': lambda channels: "
        "SqueezeExcite(channels, ratio=4, start='identity')})"
    )
    assert ast.unparse(functions(source)["build_model"].returns) == "ResNet"


def test_a_network_without_attention_says_nothing_of_it(searched):
    source = model_source(replace(searched, architecture=Architecture.of(
        searched.architecture.backbone)), "Plain.")  # fmt: skip
    call = ast.unparse(functions(source)["build_model"].body[-1])
    assert call == "return cifar_resnet(channels=1, classes=10, depth=8, stem_stride=1, width=8)"


def test_missing_axes_are_written_with_their_defaults(searched):
    sparse = Architecture.of(
        Choice.of("cifar_resnet"), {Placement("stage2", "post_add"): Choice.of("cbam")}, "paper"
    )
    source = model_source(replace(searched, architecture=sparse), "Sparse.")
    call = ast.unparse(functions(source)["build_model"].body[-1])
    assert "depth=20" in call and "kernel_size=7" in call and "start='paper'" in call


def test_has_the_header_as_its_docstring(source):
    assert ast.get_docstring(ast.parse(source)) == "What it is.\n\nMore of it."


def test_weights_fit_the_built_network_and_no_other(module, searched, tmp_path):
    torch.save(searched.weights, tmp_path / "model.pt")
    model = module["load_model"]()
    assert not model.training
    assert model.state_dict().keys() == searched.weights.keys()
    torch.save({}, tmp_path / "other.pt")
    with pytest.raises(RuntimeError, match="Missing key"):
        module["load_model"](tmp_path / "other.pt")


def test_preprocess_is_the_normalisation_of_training(module, searched):
    images = torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8)
    expected = Normalisation.of(searched.mean, searched.std, torch.device("cpu"))(images)
    assert torch.equal(module["preprocess"](images), expected)
    assert torch.equal(module["preprocess"](images.float()), expected)


def test_the_same_seed_gives_the_same_start_as_the_search_space(module, searched):
    torch.manual_seed(1)
    ours = build(searched.architecture, searched.shape).state_dict()
    torch.manual_seed(1)
    theirs = module["build_model"]().state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_backbone_that_is_not_ours_is_made_by_its_factory(searched):
    backbone = Choice.of("mobilenet_v3_small", {"width_mult": 0.5})
    source = model_source(replace(searched, architecture=Architecture.of(backbone)), "Theirs.")
    body = [ast.unparse(s) for s in functions(source)["build_model"].body[1:]]
    assert body[0] == (
        "backbone = mobilenet_v3_small(weights=None, num_classes=10, width_mult=0.5)"
    )
    assert body[1].startswith("backbone.features[0][0] = nn.Conv2d(1, ")
    assert body[2:] == ["return backbone"]
    assert "from torchvision.models import mobilenet_v3_small" in source
    assert "class " not in source
