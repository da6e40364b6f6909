"""Puts attention into an opened backbone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import fx, nn

from search_spaces.architecture import Placement
from search_spaces.attention.constant import ConstantAttention
from search_spaces.attention_type import POSITIONS
from search_spaces.backbones.flow import Key
from search_spaces.backbones.layout import Layout, Spot
from search_spaces.backbones.tracing import Opened

#: Makes the attention for so many channels; what stands for a convolution is told its
#: ``out_channels`` and ``stride`` as well.
AttentionFactory = Callable[..., nn.Module]

#: Holds the attention of a graph: ``attention.stage1_pre_add.0``.
HOLDER = "attention"


def insert(
    opened: Opened,
    layout: Layout,
    attention: Mapping[Placement, AttentionFactory],
    channels: Mapping[Key, int],
    *,
    yielding: bool = False,
) -> nn.Module:
    """Insert attention at every spot of the placements.

    Args:
        opened: changed.
        layout: of this backbone.
        attention: factories by placement.
        channels: of the feature map at each spot's value.
        yielding: built-in squeeze-and-excitation gives way to attention in front of it.

    Returns:
        the model: state-dict keys are those of the backbone, less what was replaced, and
        ``attention.STAGE_POSITION.NUMBER`` for what was inserted.
    """
    inserter = _Inserter(opened, yielding)
    for placement in sorted(attention, key=_order):
        for number, spot in enumerate(layout.spots[placement]):
            inserter.insert(spot, f"{placement.stage}_{placement.position}", number,
                            attention[placement], channels[spot.value])  # fmt: skip
    for piece in opened.pieces.values():
        piece.graph.lint()
        piece.recompile()
    return opened.model


def _order(placement: Placement) -> int:
    """Where several stand behind one value, the inner position comes first."""
    position = placement.position
    return POSITIONS.index(position) if position in POSITIONS else len(POSITIONS)


class _Inserter:
    """Keeps, for every value, what stands behind it by now."""

    def __init__(self, opened: Opened, yielding: bool) -> None:
        self.opened, self.yielding = opened, yielding
        self.holders = {path: _holder(piece) for path, piece in opened.pieces.items()}
        self.nodes = {
            (path, node.name): node
            for path, piece in opened.pieces.items()
            for node in piece.graph.nodes
        }
        self.last = dict(self.nodes)
        self.targets: dict[tuple[str, nn.Module], str] = {}

    def insert(
        self, spot: Spot, name: str, number: int, make: AttentionFactory, channels: int
    ) -> None:
        piece = self.opened.pieces[spot.value[0]]
        target = f"{self.holders[spot.value[0]]}.{name.replace('.', '_')}.{number}"
        module = make(channels, **self.shape(piece, spot))
        target = self.targets.setdefault((spot.value[0], module), target)
        piece.add_submodule(target, module)
        if isinstance(module, ConstantAttention):
            self.behind_norm(piece, spot, target)
            return
        before = self.last[spot.value]
        if spot.reader is not None:
            reader = self.nodes[spot.reader]
            with piece.graph.inserting_before(reader):
                reader.replace_input_with(before, piece.graph.call_module(target, (before,)))
            return
        behind = self.last[spot.replaced[-1]] if spot.replaced else before
        with piece.graph.inserting_after(behind):
            new = piece.graph.call_module(target, (before,))
        behind.replace_all_uses_with(new, delete_user_cb=lambda user: user is not new)
        self.last[spot.replaced[-1] if spot.replaced else spot.value] = new
        for key in reversed(spot.replaced):
            self.remove(piece, key)
        if self.yielding and spot.yields:
            gone = self.nodes[spot.yields]
            gone.replace_all_uses_with(gone.all_input_nodes[0])
            self.remove(piece, spot.yields)

    def behind_norm(self, piece: fx.GraphModule, spot: Spot, target: str) -> None:
        """Insert right behind the layer that it will be folded into, before all else there."""
        assert spot.norm is not None
        norm = self.nodes[spot.norm]
        with piece.graph.inserting_after(norm):
            new = piece.graph.call_module(target, (norm,))
        norm.replace_all_uses_with(new, delete_user_cb=lambda user: user is not new)
        if self.last[spot.norm] is norm:
            self.last[spot.norm] = new

    def shape(self, piece: fx.GraphModule, spot: Spot) -> dict[str, int]:
        """What a module that stands for a convolution is told."""
        if not spot.replaced:
            return {}
        conv = piece.get_submodule(str(self.nodes[spot.replaced[0]].target))
        assert isinstance(conv, nn.Conv2d)
        return {"out_channels": conv.out_channels, "stride": conv.stride[0]}

    def remove(self, piece: fx.GraphModule, key: Key) -> None:
        """Remove an operation, and its module where nothing else calls it."""
        node = self.nodes[key]
        piece.graph.erase_node(node)
        if node.op == "call_module" and all(
            other.op != "call_module" or other.target != node.target for other in piece.graph.nodes
        ):
            piece.delete_submodule(str(node.target))


def _holder(piece: fx.GraphModule) -> str:
    """A name for what holds the attention that the backbone itself doesn't use."""
    name = HOLDER
    while hasattr(piece, name):
        name = f"plugged_{name}"
    return name
