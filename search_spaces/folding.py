"""Attention that no image changes, folded into the layer in front of it: nothing of it is left.

``v·(w·n + b) = (v·w)·n + v·b`` for a batch norm and for a convolution. A ReLU and a max pooling may
lie between, since ``v > 0``: ``v·relu(x) = relu(v·x)``.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, fx, nn

from search_spaces.attention.constant import ConstantAttention
from search_spaces.backbones.resnet import BasicBlock, Block, Bottleneck, ResNet

#: The last norm of our own blocks.
_LAST_NORM = {BasicBlock: "bn2", Bottleneck: "bn3"}


def fold(model: nn.Module) -> nn.Module:
    """A copy of a model without its constant attention, with the same output but for rounding.

    Args:
        model: built here, or plugged.

    Returns:
        a model whose state dict has the same keys, less those of the attention: that of the same
        architecture without it.

    Raises:
        ValueError: if some of it stands where there is nothing to fold it into.
    """
    folded = copy.deepcopy(model)
    for module in list(folded.modules()):
        if isinstance(module, Block):
            _fold_at(module, "attention_after_3x3", module.first_3x3[1])
            _fold_at(module, "attention_pre_add", _LAST_NORM[type(module)])
        elif isinstance(module, ResNet):
            _fold_at(module, "attention_stem_end", "bn1")
        elif isinstance(module, fx.GraphModule):
            _fold_graph(module)
    left = [path for path, part in folded.named_modules() if isinstance(part, ConstantAttention)]
    if left:
        raise ValueError(f"{left[0]} can't be folded: no norm or convolution stands before it")
    return folded


def without(model: nn.Module) -> nn.Module:
    """The model with constant attention left out, whatever it does: what it costs once folded.

    Args:
        model: is changed.
    """
    if isinstance(model, ConstantAttention):
        return nn.Identity()
    for path, part in list(model.named_modules(remove_duplicate=False)):
        if isinstance(part, ConstantAttention):
            model.set_submodule(path, nn.Identity())
    return model


def _fold_at(owner: nn.Module, position: str, norm: str) -> None:
    attention = getattr(owner, position)
    if isinstance(attention, ConstantAttention) and hasattr(owner, norm):
        _absorb(owner.get_submodule(norm), attention)
        setattr(owner, position, None)


def _fold_graph(piece: fx.GraphModule) -> None:
    for node in list(piece.graph.nodes):
        module = piece.get_submodule(str(node.target)) if node.op == "call_module" else None
        (before, *_) = node.all_input_nodes or (node,)
        if isinstance(module, ConstantAttention) and before.op == "call_module":
            _absorb(piece.get_submodule(str(before.target)), module)
            node.replace_all_uses_with(before)
            piece.graph.erase_node(node)
    called = {str(node.target) for node in piece.graph.nodes if node.op == "call_module"}
    for path, part in list(piece.named_modules(remove_duplicate=False)):
        if isinstance(part, ConstantAttention) and path not in called:
            _delete(piece, path)
    piece.recompile()


def _delete(model: nn.Module, path: str) -> None:
    """Remove a submodule, and what held it alone."""
    parent, _, name = path.rpartition(".")
    holder = model.get_submodule(parent)
    delattr(holder, name)
    if parent and type(holder) is nn.Module and not any(True for _ in holder.children()):
        _delete(model, parent)


def _absorb(layer: nn.Module, attention: ConstantAttention) -> None:
    """Multiply what a layer gives, channel by channel."""
    with torch.no_grad():
        gate = attention.gate().flatten()
        for tensor in (layer.weight, layer.bias):
            if isinstance(tensor, Tensor):
                tensor.mul_(gate.view(-1, *[1] * (tensor.dim() - 1)))
