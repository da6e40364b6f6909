import pytest
import torch

from search_spaces.attention.channel import EfficientChannelAttention, SqueezeExcite
from search_spaces.attention.constant import PSI, ConstantAttention


@pytest.mark.parametrize(
    ("inner", "peer"), [("se", SqueezeExcite), ("eca", EfficientChannelAttention)]
)
def test_it_is_the_inner_attention_of_psi(inner, peer):
    module, theirs = ConstantAttention(16, channel=inner, start="paper"), peer(16, start="paper")
    theirs.channel.load_state_dict(module.channel.state_dict())
    psi = module.psi.detach()
    assert psi.unique().tolist() == pytest.approx([PSI])
    torch.testing.assert_close(module.gate(), theirs(psi) / psi)


def test_no_image_changes_the_gate():
    module = ConstantAttention(16, start="paper")
    x = torch.randn(3, 16, 4, 5)
    torch.testing.assert_close(module(x), x * module.gate())
    assert module.gate().min() > 0


def test_an_unknown_inner_attention_is_refused():
    with pytest.raises(ValueError, match="channel is 'cbam'; allowed: se, eca"):
        ConstantAttention(16, channel="cbam")
