"""Attention that folds leaves no trace in what is exported."""

import json
import re

import pytest
import torch

from nas.errors import ExportMismatch
from nas.export import folded as folding
from nas.export.bundle import write_model
from nas.export.folded import folded
from nas.export.parity import verify
from nas.export.searched import SearchedModel
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.build import build
from search_spaces.cost import cost_of

SHAPE = TaskShape(1, 8, 8, 10)
SMALL = Choice.of("cifar_resnet", {"depth": 8, "width": 8, "stem_stride": 1})
ASR, SE = Choice.of("asr", {"ratio": 2}), Choice.of("se", {"ratio": 4})
BOTH = {
    Placement("stage1", "pre_add"): SE,
    Placement("stage1", "after_3x3"): ASR,
    Placement("stage2", "pre_add"): Choice.of("asr", {"channel": "eca", "share": True}),
    Placement("stage3", "pre_add"): Choice.of("se", {"ratio": 4, "share": True}),
}


@pytest.fixture
def model():
    torch.manual_seed(0)
    architecture = Architecture.of(SMALL, BOTH, "paper")
    weights = {k: v.clone() for k, v in build(architecture, SHAPE).state_dict().items()}
    return SearchedModel(architecture, SHAPE, (100.0,), (50.0,), weights)


def test_without_any_the_model_is_the_same(searched):
    assert folded(searched) is searched


def test_the_exported_folder_has_only_the_folded_network(model, tmp_path):
    write_model(model, "Sample.", tmp_path)
    text = (tmp_path / "model.py").read_text()
    assert not re.search(r"asr|psi|ConstantAttention", text)
    weights = torch.load(tmp_path / "model.pt", weights_only=True)
    assert not any("psi" in key for key in weights)
    assert "asr" in json.dumps(json.loads((tmp_path / "architecture.json").read_text()))
    verify([(model, tmp_path)])


def test_what_the_search_counted_is_what_is_exported(model):
    plain = folded(model).module()
    shared = {id(parameter): parameter.numel() for parameter in plain.parameters()}
    assert sum(shared.values()) == cost_of(model.architecture, SHAPE).parameters


def test_the_outputs_differ_by_rounding_alone(model, monkeypatch):
    images = torch.randn(4, 1, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(
            folded(model).module()(images), model.module()(images), rtol=1e-4, atol=1e-5
        )

    other = build(folded(model).architecture, SHAPE)
    monkeypatch.setattr(folding, "fold", lambda _: other)
    with pytest.raises(ExportMismatch, match="once asr is folded"):
        folded(model)
