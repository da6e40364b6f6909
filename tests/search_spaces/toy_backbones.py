"""Small networks with what makes tracing hard."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Plain(nn.Module):
    """No blocks, and only images of 16x16."""

    def __init__(self, channels: int = 3, classes: int = 5) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 6, 3, padding=1)
        self.fc = nn.Linear(6 * 4 * 4, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(torch.relu(self.first(x)), 2)
        x = functional.max_pool2d(torch.relu(self.second(x)), 2)
        return self.fc(x.flatten(1))


class Block(nn.Module):
    """A residual block; the shortcut's operand comes first."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = nn.ReLU(inplace=True)
        self.last = nn.Conv2d(outputs, outputs, 1)
        same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        kept = self.skip(x)
        kept = kept + self.last(self.act(self.norm(self.conv(x))))
        return functional.relu(kept)


class Residual(nn.Module):
    """Two stages of blocks, a buffer and a weight that no forward uses, a name that ours takes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.body = nn.Sequential(Block(4, 4), Block(4, 8, 2), Block(8, 8))
        self.attention = nn.Conv2d(8, 8, 1)
        self.unused = nn.Linear(2, 2)
        self.register_buffer("steps", torch.zeros(3))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention(self.body(self.stem(x)))
        return self.fc(x.mean((2, 3)))


class Branching(nn.Module):
    """Its own forward depends on data and on ``training``; only its parts can be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
        self.body = nn.Sequential(Block(4, 4), Block(4, 8, 2), Block(8, 8))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(self.stem(x))
        if self.training or float(x.detach().mean()) > 1e9:
            x = x + 1
        return self.fc(self.pooled(x))

    def pooled(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


class Doubting(nn.Module):
    """A part that can't be traced, between parts that can."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(Block(4, 4), Block(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) if bool(x.isfinite().all()) else x


class Boxed(nn.Module):
    """Traced around a closed box, in which there are blocks too."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.box = Doubting()
        self.after = Block(4, 8, 2)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.after(self.box(self.stem(x))).mean((2, 3)))


class Bare(nn.Module):
    """Adds in its own forward."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = torch.relu(torch.add(x, self.second(x)))
        return self.fc(x.mean((2, 3)))


def factory(width: int = 4, num_classes: int = 7) -> nn.Module:
    """As a user would write one."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        Block(width, width),
        Block(width, 2 * width, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, num_classes),
    )


def untold() -> nn.Module:
    """Neither classes nor channels can be told."""
    return factory(4, 7)


def broken() -> nn.Module:
    """Raises in its own code."""
    return {}["depth"]


def leaves() -> nn.Module:
    """Would end the program."""
    raise SystemExit(3)


class Two(Bare):
    """Gives features beside its logits."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(x), x


class Dense(Bare):
    """Logits of every position."""

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.first(x).movedim(1, -1))


class Careless(Bare):
    """Its forward has a mistake."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.first(x))
