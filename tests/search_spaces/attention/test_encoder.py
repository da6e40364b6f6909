from __future__ import annotations

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.encoder import EncoderLayer, TransformerEncoder, sine_positions


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_layer_equals_torchs(norm: str) -> None:
    ours = EncoderLayer(16, 4, 32, norm)
    theirs = nn.TransformerEncoderLayer(
        16, 4, 32, dropout=0.0, norm_first=norm == "pre", batch_first=True
    )
    pairs = {
        "self_attn.in_proj_": ours.project,
        "self_attn.out_proj.": ours.out,
        "linear1.": ours.expand,
        "linear2.": ours.contract,
        "norm1.": ours.norm1,
        "norm2.": ours.norm2,
    }
    state = {
        f"{prefix}{name}": value
        for prefix, layer in pairs.items()
        for name, value in layer.state_dict().items()
    }
    theirs.load_state_dict(state)
    x = torch.randn(2, 20, 16)
    torch.testing.assert_close(ours(x, None), theirs(x), rtol=1e-5, atol=1e-5)


def test_only_sines_tell_positions_apart() -> None:
    order, x = torch.randperm(20), torch.randn(2, 16, 5, 4)

    def shuffled(x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2)[..., order].reshape(x.shape)

    for encoding, same in (("none", True), ("sine", False)):
        module = TransformerEncoder(16, layers=1, encoding=encoding, start="paper").eval()
        difference = (module(shuffled(x)) - shuffled(module(x))).abs().max()
        assert (difference < 1e-4) == same


def test_sines_are_unlike_at_every_two_positions() -> None:
    code = sine_positions(torch.zeros(1, 16, 7, 5))
    assert code.shape == (35, 16)
    assert torch.pdist(code).min() > 0.1
    rows, columns = code.view(7, 5, 16).split(8, dim=2)
    torch.testing.assert_close(rows, rows[:, :1].expand_as(rows))
    torch.testing.assert_close(columns, columns[:1].expand_as(columns))
    torch.testing.assert_close(rows[6, 0, :2], torch.tensor([0.0, 1.0]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 6, 18])
def test_sines_of_any_width_are_the_first_of_the_next_multiple_of_four(channels: int) -> None:
    code = sine_positions(torch.zeros(1, channels, 3, 4))
    assert code.shape == (12, channels)
    assert code[:, 0].std() > 0


def test_heads_are_the_most_that_divide_the_channels() -> None:
    assert [TransformerEncoder(c, layers=1).layers[0].heads for c in (16, 12, 5)] == [8, 4, 1]


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_post_norm_alone_cannot_start_as_the_identity(norm: str) -> None:
    x = torch.randn(2, 16, 4, 4)
    y = TransformerEncoder(16, layers=2, norm=norm)(x)
    assert torch.equal(y, x) == (norm == "pre")
    if norm == "post":
        torch.testing.assert_close(y.mean(1), torch.zeros(2, 4, 4), rtol=0, atol=1e-5)


def test_paper_start_is_xavier_uniform_of_the_joint_projection() -> None:
    layer = TransformerEncoder(64, layers=1, start="paper").layers[0]
    bound = (6 / (64 + 3 * 64)) ** 0.5
    assert 0.98 * bound < layer.project.weight.abs().max() <= bound
    assert not layer.project.bias.any()
    assert layer.out.weight.any()


def test_memory_layout_is_that_of_the_input() -> None:
    module, x = TransformerEncoder(16, layers=1), torch.randn(2, 16, 5, 3)
    last = x.to(memory_format=torch.channels_last)
    assert module(x).is_contiguous()
    assert module(last).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("axis", ["heads", "ffn_ratio", "layers"])
def test_a_count_of_none_is_refused(axis: str) -> None:
    with pytest.raises(ValueError, match=f"{axis} is 0; allowed: an integer from 1"):
        TransformerEncoder(16, **{axis: 0})


def test_unknown_words_are_refused() -> None:
    with pytest.raises(ValueError, match="norm is 'sandwich'; allowed: pre, post"):
        TransformerEncoder(16, norm="sandwich")
    with pytest.raises(ValueError, match="encoding is 'learned'; allowed: none, sine"):
        TransformerEncoder(16, encoding="learned")
