"""Where attention may stand in an opened backbone, by placement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import nn
from torchvision.ops.misc import SqueezeExcitation

from search_spaces.architecture import Placement
from search_spaces.backbones.blocks import Block, Stage, find_stages, output_of
from search_spaces.backbones.flow import Flow, Key
from search_spaces.backbones.row import Site


@dataclass(frozen=True)
class Spot:
    """One place for one attention module.

    Attributes:
        value: what goes through the attention.
        reader: who alone reads the result; None for everyone.
        replaced: a convolution, its norm and activation, for which the attention stands; ``value``
            is what the convolution reads.
        yields: a built-in squeeze-and-excitation behind the spot.
        norm: the batch norm or convolution into which a factor for each channel can be folded.
    """

    value: Key
    reader: Key | None = None
    replaced: tuple[Key, ...] = ()
    yields: Key | None = None
    norm: Key | None = None


@dataclass(frozen=True)
class Layout:
    """What was found in one backbone, whatever the image's size.

    Attributes:
        stages: in forward order.
        spots: of every placement, in forward order.
    """

    stages: tuple[Stage, ...]
    spots: Mapping[Placement, tuple[Spot, ...]]


class _Finder:
    """Reads the spots off a forward pass."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        return find_stages(self.flow)

    def spots(self) -> Iterator[tuple[Placement, Spot]]:
        if not self.stages:
            return
        stem = self.stem_end()
        yield Placement("stem", "stem_end"), Spot(self.key(stem), norm=self.norm(stem))
        for stage in self.stages:
            for block in stage.blocks:
                for position, spot in self.block(block):
                    yield Placement(stage.name, position), spot
            yield Placement(stage.name, "stage_end"), Spot(self.key(stage.end))
        yield Placement("backbone", "backbone_end"), Spot(self.key(self.backbone_end()))
        for called in self.flow.called.values():
            output = output_of(self.flow, called)
            if len(called.calls) == 1 and output is not None and self.flow.seen[output].shape:
                yield Placement(called.path, "output"), Spot(self.key(output))

    def key(self, i: int) -> Key:
        return self.flow.seen[i].key

    def stem_end(self) -> int:
        """What the first block reads; without blocks, the first convolution's activation."""
        flow, blocks = self.flow, self.stages[0].blocks
        if blocks and blocks[0].path:
            inside = set(blocks[0].values)
            outside = [r for i in blocks[0].values for r in flow.reads(i) if r not in inside]
            maps = [r for r in outside if flow.seen[r].shape]
            if maps and flow.nodes[maps[0]].op != "placeholder":
                return maps[0]
        first = next(i for i in range(len(flow.seen)) if flow.convolution(i) is not None)
        return flow.followed(first, norms=True)[-1]

    def backbone_end(self) -> int:
        """The last feature map before pooling."""
        end = self.stages[-1].end
        for i in range(end + 1, len(self.flow.seen)):
            if self.flow.pools(i):
                break
            end = i
        return end

    def block(self, block: Block) -> Iterator[tuple[str, Spot]]:
        yield from self.convolution(block)
        for addition in block.additions:
            branch, shortcut = self.operands(addition)
            reader = addition
            while self.flow.drops(branch):
                reader, branch = branch, self.flow.reads(branch)[0]
            alone = len(self.flow.nodes[branch].users) == 1
            norm = self.norm(branch) if alone else None
            yield "pre_add", Spot(self.key(branch), self.key(reader), norm=norm)
            yield "shortcut", Spot(self.key(shortcut), self.key(addition))
            end = self.flow.followed(addition, norms=False)[-1]
            yield "post_add", Spot(self.key(end))

    def operands(self, addition: int) -> tuple[int, int]:
        """The branch and the shortcut: the branch has more convolutions of its own."""
        left, right = self.flow.reads(addition)
        of_left, of_right = self.flow.ancestors(left), self.flow.ancestors(right)
        more = self.flow.convolutions(of_left - of_right)
        less = self.flow.convolutions(of_right - of_left)
        return (left, right) if more >= less else (right, left)

    def convolution(self, block: Block) -> Iterator[tuple[str, Spot]]:
        """After the first spatial convolution of a block that adds, or of its kind; in its place.

        A replacement stands for a dense or grouped 3x3 convolution with norm and activation, not
        for a depthwise one.
        """
        kinds = {b.kind for stage in self.stages for b in stage.blocks if b.additions}
        first = next((i for i in block.values if self.spatial(i)), None)
        if first is None or block.kind not in kinds:
            return
        chain = self.flow.followed(first, norms=True)
        conv = self.flow.convolution(first)
        assert conv is not None
        three = conv.kernel_size == (3, 3) and conv.padding == (1, 1) and conv.dilation == (1, 1)
        whole = len(chain) == 3 and self.flow.is_activation(chain[-1])
        if three and whole and conv.groups < conv.in_channels:
            keys = tuple(self.key(i) for i in chain)
            yield "replace_3x3", Spot(self.key(self.flow.reads(first)[0]), None, keys)
        end = chain[-1]
        yield "after_3x3", Spot(self.key(end), yields=self.built_in(end), norm=self.norm(end))

    def spatial(self, i: int) -> bool:
        conv = self.flow.convolution(i)
        return conv is not None and max(conv.kernel_size) > 1

    def norm(self, i: int) -> Key | None:
        """What a positive factor on a value can be folded into, past ReLUs and max poolings."""
        while not self.flow.scales(i):
            before = self.flow.reads(i)
            if not self.flow.is_homogeneous(i) or len(self.flow.nodes[before[0]].users) != 1:
                return None
            i = before[0]
        return self.key(i)

    def built_in(self, i: int) -> Key | None:
        readers = self.flow.read_by(i)
        if len(readers) == 1 and isinstance(self.flow.module(readers[0]), SqueezeExcitation):
            return self.key(readers[0])
        return None


def find_layout(flow: Flow) -> Layout:
    """Find the stages and every place for attention."""
    finder = _Finder(flow)
    spots: dict[Placement, tuple[Spot, ...]] = {}
    for placement, spot in finder.spots():
        spots[placement] = (*spots.get(placement, ()), spot)
    return Layout(finder.stages, spots)


def find_sites(layout: Layout, flow: Flow, *, yielding: bool) -> dict[Placement, tuple[Site, ...]]:
    """The feature maps at every placement.

    Args:
        layout: of the same backbone.
        flow: of an image of the wanted size.
        yielding: whether a built-in squeeze-and-excitation gives way to attention.
    """
    return {
        placement: tuple(_site(spot, flow, yielding) for spot in spots)
        for placement, spots in layout.spots.items()
    }


def _site(spot: Spot, flow: Flow, yielding: bool) -> Site:
    shape = flow.seen[flow.index[spot.value]].shape
    assert shape is not None
    gone = [*spot.replaced, *([spot.yields] if yielding and spot.yields else [])]
    freed = tuple(sum(counts) for counts in zip(*(_cost(flow, key) for key in gone), strict=True))
    freed_pair = (freed[0], freed[1]) if freed else (0, 0)
    if not spot.replaced:
        # Where a built-in gate gives way it must not come back when what it gave way to is folded.
        return Site(*shape, freed=freed_pair, folds=spot.norm is not None and not gone)
    conv = flow.convolution(flow.index[spot.replaced[0]])
    assert isinstance(conv, nn.Conv2d)
    return Site(*shape, conv.out_channels, conv.stride[0], freed=freed_pair)


def _cost(flow: Flow, key: Key) -> tuple[int, int]:
    """Parameters and FLOPs of what made a value."""
    i = flow.index[key]
    module = flow.module(i)
    parameters = 0 if module is None else sum(p.numel() for p in module.parameters())
    return parameters, flow.seen[i].flops
