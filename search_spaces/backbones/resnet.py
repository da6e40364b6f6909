"""ResNets with named places for attention; depends on torch alone, so that it can be exported.

State-dict keys equal torchvision's: its weights load strictly where no attention stands. The
backbone is initialised before attention is inserted, so the same seed gives the same backbone
weights whatever attention follows, and attention keeps its own initialisation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

#: Makes the attention for a feature map of so many channels; what stands for a convolution is
#: told its ``out_channels`` and ``stride`` as well.
AttentionFactory = Callable[..., nn.Module]

Stem = Literal["imagenet", "cifar"]


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A padded 3x3 convolution without bias."""
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


def conv1x1(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A 1x1 convolution without bias."""
    return nn.Conv2d(inputs, outputs, 1, stride, bias=False)


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    """A projection where the block changes its input's shape, else None."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(conv1x1(inputs, outputs, stride), nn.BatchNorm2d(outputs))


def attend(attention: nn.Module | None, x: Tensor) -> Tensor:
    """Apply attention where there is any; (B, C, H, W) in and out."""
    return x if attention is None else attention(x)


class Block(nn.Module):
    """What both residual blocks share: the shortcut and the places for attention.

    Attributes:
        first_3x3: names of the (first) 3x3 convolution and its norm.
        attention_replace_3x3: stands for that convolution, its norm and ReLU.
        attention_after_3x3: after them.
        attention_pre_add: after the last norm, before the addition.
        attention_shortcut: on the shortcut, after its projection, before the addition.
        attention_post_add: after the addition and ReLU.
    """

    expansion = 1
    first_3x3: tuple[str, str]
    downsample: nn.Module | None
    attention_replace_3x3: nn.Module | None
    attention_after_3x3: nn.Module | None
    attention_pre_add: nn.Module | None
    attention_shortcut: nn.Module | None
    attention_post_add: nn.Module | None

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width, self.outputs = width, width * self.expansion
        self.relu = nn.ReLU(inplace=True)
        self.attention_replace_3x3 = None
        self.attention_after_3x3 = None
        self.attention_pre_add = None
        self.attention_shortcut = None
        self.attention_post_add = None

    def insert(self, position: str, make: AttentionFactory) -> None:
        """Put new attention at a position; the convolution that it replaces is removed."""
        if position == "replace_3x3":
            conv = self.get_submodule(self.first_3x3[0])
            assert isinstance(conv, nn.Conv2d)
            shape = {"out_channels": conv.out_channels, "stride": conv.stride[0]}
            self.attention_replace_3x3 = make(conv.in_channels, **shape)
            for name in self.first_3x3:
                delattr(self, name)
            return
        channels = self.width if position == "after_3x3" else self.outputs
        setattr(self, f"attention_{position}", make(channels))

    def convolve(self, x: Tensor) -> Tensor:
        """The first 3x3 convolution, norm and ReLU, or what stands for them; attention after it."""
        if self.attention_replace_3x3 is None:
            conv, norm = (self.get_submodule(name) for name in self.first_3x3)
            x = self.relu(norm(conv(x)))
        else:
            x = self.attention_replace_3x3(x)
        return attend(self.attention_after_3x3, x)

    def residual(self, x: Tensor) -> Tensor:
        """The residual branch up to its last norm."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H', W')."""
        kept = x if self.downsample is None else self.downsample(x)
        kept = attend(self.attention_shortcut, kept)
        branch = attend(self.attention_pre_add, self.residual(x))
        return attend(self.attention_post_add, self.relu(branch + kept))


#: Makes a block from its input channels, its width and its stride.
BlockFactory = Callable[[int, int, int], Block]


class BasicBlock(Block):
    """Two 3x3 convolutions (He et al., CVPR 2016, figure 5 left)."""

    first_3x3 = ("conv1", "bn1")

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__(width)
        self.conv1 = conv3x3(inputs, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(inputs, self.outputs, stride)

    def residual(self, x: Tensor) -> Tensor:
        """conv, norm, ReLU, attention, conv, norm."""
        out: Tensor = self.bn2(self.conv2(self.convolve(x)))
        return out


class Bottleneck(Block):
    """1x1, 3x3, 1x1 convolutions (He et al., figure 5 right), the stride in the 3x3."""

    expansion = 4
    first_3x3 = ("conv2", "bn2")

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__(width)
        self.conv1 = conv1x1(inputs, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = conv1x1(width, self.outputs)
        self.bn3 = nn.BatchNorm2d(self.outputs)
        self.downsample = shortcut(inputs, self.outputs, stride)

    def residual(self, x: Tensor) -> Tensor:
        """1x1, 3x3 with attention after it, 1x1; norm after each."""
        x = self.convolve(self.relu(self.bn1(self.conv1(x))))
        out: Tensor = self.bn3(self.conv3(x))
        return out


class ResNet(nn.Module):
    """A residual network whose stages are ``layer1``, ``layer2``, … as in torchvision.

    The last norm of a block is not initialised to zero: a zero branch would hide the gradient
    from the attention on it.

    Args:
        block: ``BasicBlock`` or ``Bottleneck``.
        blocks: how many in each stage; each stage after the first halves the map.
        width: channels of the first stage (before expansion), doubled from stage to stage.
        channels: of the input images.
        classes: how many logits.
        stem: ``imagenet`` is a 7x7 convolution of stride 2 and a pooling of stride 2; ``cifar``
            a 3x3 convolution.
        stem_stride: of the ``cifar`` stem.
        attention: factories by placement: ``{"stage1.pre_add": SqueezeExcite}``; each is called
            once for every block of the stage (``stage_end``, ``stem.stem_end`` and
            ``backbone.backbone_end``: once).
    """

    def __init__(
        self,
        block: BlockFactory,
        blocks: Sequence[int],
        width: int,
        channels: int,
        classes: int,
        stem: Stem = "imagenet",
        stem_stride: int = 1,
        attention: Mapping[str, AttentionFactory] | None = None,
    ) -> None:
        super().__init__()
        self.maxpool: nn.Module | None = None
        if stem == "imagenet":
            self.conv1 = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        else:
            self.conv1 = conv3x3(channels, width, stem_stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.stages = len(blocks)
        inputs = width
        for stage, count in enumerate(blocks):
            layer = make_stage(block, count, inputs, width * 2**stage, 2 if stage else 1)
            self.add_module(f"layer{stage + 1}", layer)
            inputs = outputs_of(layer)
        self.fc = nn.Linear(inputs, classes)
        initialise(self)
        self.attention_stem_end: nn.Module | None = None
        self.attention_stage_end = nn.ModuleDict()
        self.attention_backbone_end: nn.Module | None = None
        for placement, make in (attention or {}).items():
            self.insert(placement, make)

    def stage(self, number: int) -> nn.Sequential:
        """The blocks of a stage, counted from 1."""
        layer = self.get_submodule(f"layer{number}")
        assert isinstance(layer, nn.Sequential)
        return layer

    def insert(self, placement: str, make: AttentionFactory) -> None:
        """Put new attention at ``stage1.pre_add``: into every block, or once at an end."""
        stage, _, position = placement.partition(".")
        if position == "stem_end":
            self.attention_stem_end = make(self.bn1.num_features)
            return
        if position == "backbone_end":
            self.attention_backbone_end = make(self.fc.in_features)
            return
        blocks = [b for b in self.stage(int(stage.removeprefix("stage"))) if isinstance(b, Block)]
        if position == "stage_end":
            self.attention_stage_end[stage] = make(blocks[-1].outputs)
            return
        for block in blocks:
            block.insert(position, make)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, channels, H, W) to logits (B, classes)."""
        x = self.relu(self.bn1(self.conv1(x)))
        if self.maxpool is not None:
            x = self.maxpool(x)
        x = attend(self.attention_stem_end, x)
        for number in range(1, self.stages + 1):
            x = self.stage(number)(x)
            if f"stage{number}" in self.attention_stage_end:
                x = self.attention_stage_end[f"stage{number}"](x)
        x = attend(self.attention_backbone_end, x)
        logits: Tensor = self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1))
        return logits


def make_stage(
    block: BlockFactory, count: int, inputs: int, width: int, stride: int
) -> nn.Sequential:
    """``count`` blocks, of which the first changes channels and resolution."""
    first = block(inputs, width, stride)
    return nn.Sequential(first, *(block(first.outputs, width, 1) for _ in range(1, count)))


def outputs_of(stage: nn.Sequential) -> int:
    """The channels that a stage gives."""
    last = stage[-1]
    assert isinstance(last, Block)
    return last.outputs


def initialise(model: nn.Module) -> None:
    """Kaiming-normal convolutions (fan-out) and unit norms, as torchvision's ResNets have."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def cifar_resnet(
    channels: int,
    classes: int,
    *,
    depth: int = 20,
    width: int = 16,
    stem_stride: int = 1,
    attention: Mapping[str, AttentionFactory] | None = None,
) -> ResNet:
    """The three-stage ResNet for small images (He et al., section 4.2), depth 6n+2.

    Where the shape changes, the shortcut is a 1x1 convolution (option B); the paper pads with
    zeros there (option A).
    """
    blocks = ((depth - 2) // 6,) * 3
    return ResNet(BasicBlock, blocks, width, channels, classes, "cifar", stem_stride, attention)


def resnet18(
    channels: int,
    classes: int,
    *,
    width: int = 64,
    stem: Stem = "imagenet",
    attention: Mapping[str, AttentionFactory] | None = None,
) -> ResNet:
    """ResNet-18 as in torchvision (He et al., table 1)."""
    return ResNet(BasicBlock, (2, 2, 2, 2), width, channels, classes, stem, 1, attention)


def resnet34(
    channels: int,
    classes: int,
    *,
    width: int = 64,
    stem: Stem = "imagenet",
    attention: Mapping[str, AttentionFactory] | None = None,
) -> ResNet:
    """ResNet-34 as in torchvision (He et al., table 1)."""
    return ResNet(BasicBlock, (3, 4, 6, 3), width, channels, classes, stem, 1, attention)


def resnet50(
    channels: int,
    classes: int,
    *,
    width: int = 64,
    stem: Stem = "imagenet",
    attention: Mapping[str, AttentionFactory] | None = None,
) -> ResNet:
    """ResNet-50 as in torchvision (He et al., table 1)."""
    return ResNet(Bottleneck, (3, 4, 6, 3), width, channels, classes, stem, 1, attention)
