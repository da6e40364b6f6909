"""Every attention type with its axes turned, and every backbone, can be exported as plain code."""

import re
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from nas.export.bundle import write_model
from nas.export.parity import verify
from nas.export.searched import SearchedModel
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.rows_own import OWN
from search_spaces.backbones.table import blocked, complete_backbone
from search_spaces.build import build
from search_spaces.catalogue import CATALOGUE, SINGLE
from tests.contracts.attention_variants import VARIANTS
from tests.search_spaces.small_choices import shrunk, small

SHAPE = TaskShape(2, 9, 8, 5)
SMALL = complete_backbone("cifar_resnet", {"depth": 8, "width": 16})


def one_choice(number: int, choice: Choice) -> Architecture:
    """A choice at one of its positions, all of which take turns, as do the starts."""
    positions = CATALOGUE[choice.name].positions
    position = positions[number % len(positions)]
    place = Placement(SINGLE.get(position, f"stage{1 + number % 3}"), position)
    return Architecture.of(SMALL, {place: shrunk(choice)}, ("identity", "paper")[number % 2])


def go_together(attention: dict[Placement, Choice]) -> bool:
    """Whether no choice takes away what another stands behind."""
    return not any(blocked(place, choice, attention) for place, choice in attention.items())


def every_type(backbone: str) -> Architecture:
    """All types in one network, each at the first free position of a stage."""
    row, attention = OWN[backbone], {}
    stages = cycle(row.stages)
    for name, kind in CATALOGUE.items():
        stage = next(stages)
        places = [Placement(SINGLE.get(position, stage), position) for position in kind.positions]
        free = [{**attention, place: small(name)} for place in places if place not in attention]
        attention = next((filled for filled in free if go_together(filled)), attention)
    narrow = {"width": 16, "stem": "cifar", "depth": 8}
    axes = {axis.name: narrow[axis.name] for axis in row.axes if axis.name in narrow}
    return Architecture.of(complete_backbone(backbone, axes), attention)


ARCHITECTURES = {
    **{f"{number:03d}-{choice.name}": one_choice(number, choice)
       for number, choice in enumerate(VARIANTS)},
    **{f"backbone-{name}": every_type(name) for name in OWN},
    "plain": Architecture.of(SMALL),
    "shared": Architecture.of(
        complete_backbone("cifar_resnet", {"depth": 14, "width": 16}),
        {
            place: Choice.of(name, {**small(name).as_dict(), "share": True})
            for place, name in (
                (Placement("stage1", "replace_3x3"), "sk"),
                (Placement("stage1", "pre_add"), "bam"),
                (Placement("stage3", "after_3x3"), "se"),
                (Placement("stage3", "post_add"), "non_local"),
            )
        },
    ),
}  # fmt: skip


def trained(architecture: Architecture) -> SearchedModel:
    """With weights and statistics as no start has them."""
    torch.manual_seed(0)
    model = build(architecture, SHAPE)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        for name, buffer in model.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.uniform_(0.5, 1.5)
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    return SearchedModel(architecture, SHAPE, (70.5, 99.25), (80.0, 1.0), weights)


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> dict[str, tuple[SearchedModel, Path]]:
    torch.set_num_threads(1)
    root, made = tmp_path_factory.mktemp("exports"), {}
    for name, architecture in ARCHITECTURES.items():
        folder = root / name
        folder.mkdir()
        made[name] = trained(architecture), folder
        write_model(made[name][0], f"{name}: {architecture}.", folder)
    return made


def test_outputs_are_equal_where_only_torch_is_installed(exports):
    verify(list(exports.values()))


@pytest.mark.parametrize("command", [("format", "--check"), ("check",)])
def test_the_code_passes_ruff_with_its_defaults(exports, command):
    root = next(iter(exports.values()))[1].parent
    files = [str(folder / "model.py") for _, folder in exports.values()]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", *files],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_file_holds_the_types_it_uses_and_no_other(exports):
    class_of = {name: kind.target.partition(":")[2] for name, kind in CATALOGUE.items()}
    for model, folder in exports.values():
        defined = set(re.findall(r"^class (\w+)", (folder / "model.py").read_text(), re.M))
        names = {choice.name for _, choice in model.architecture.attention}
        used = {class_of[name] for name in names if not CATALOGUE[name].folds}
        assert defined & set(class_of.values()) == used
        basic = model.architecture.backbone.name != "resnet50"
        assert ("BasicBlock" in defined, "Bottleneck" in defined) == (basic, not basic)


def test_the_code_says_nothing_of_this_project(exports):
    for _, folder in exports.values():
        text = (folder / "model.py").read_text()
        assert not re.search(r"^\s*(from|import) (nas|workers|search_spaces)", text, re.M)
        assert "noqa" not in text and "type: ignore" not in text


def test_shared_attention_is_made_once_and_saved_under_every_name(exports):
    model, folder = exports["shared"]
    text = (folder / "model.py").read_text()
    assert "from functools import cache" in text and text.count("cache(") == 4
    saved = load_file(folder / "model.safetensors")
    assert saved.keys() == model.weights.keys()
    for name in saved:
        if ".attention_pre_add." in name:
            assert torch.equal(saved[name], saved[re.sub(r"layer1\.\d", "layer1.0", name)])
