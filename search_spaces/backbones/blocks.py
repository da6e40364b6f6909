"""Finds the blocks and stages of a backbone in its forward pass.

A *block* is a module that adds what it computes to what it got, or one of the same class; where
nothing is added, the outermost modules of which there are several of a class. A *stage* is a run of
blocks at one resolution; without blocks, a run of operations with a convolution among them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from torch import nn

from search_spaces.backbones.flow import Called, Flow


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes:
        path: of its module; empty for an addition in the model's own forward.
        kind: the name of its class.
        values: indices of what is made in it.
        output: index of what it gives.
        additions: indices of its sums.
    """

    path: str
    kind: str
    values: tuple[int, ...]
    output: int
    additions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: ``stage1`` and so on.
        blocks: none in a backbone that has none.
        end: index of its last value.
    """

    name: str
    blocks: tuple[Block, ...]
    end: int


def find_blocks(flow: Flow) -> tuple[Block, ...]:
    """Every block, in the order of their outputs."""
    additions = [i for i in range(len(flow.seen)) if flow.is_addition(i)]
    owners = {flow.owner(i) for i in additions}
    inner = {flow.called[path].kind for path in owners if path}
    chosen = [called for called in flow.called.values() if called.kind in inner]
    chosen = [c for c in chosen if not any(_inside(other.path, c.path) for other in chosen)]
    if not additions:
        chosen = _repeated(flow)
    blocks = [block for called in chosen if (block := _block(flow, called, additions)) is not None]
    if not blocks:
        blocks = [_bare(flow, i) for i in additions]
    return tuple(sorted(blocks, key=lambda block: block.output))


def find_stages(flow: Flow) -> tuple[Stage, ...]:
    """The stages, in forward order."""
    blocks = find_blocks(flow)
    if not blocks:
        return _bare_stages(flow)
    runs: list[list[Block]] = []
    for block in blocks:
        if runs and _size(flow, runs[-1][-1].output) == _size(flow, block.output):
            runs[-1].append(block)
        else:
            runs.append([block])
    return tuple(
        Stage(f"stage{number}", tuple(run), run[-1].output) for number, run in enumerate(runs, 1)
    )


def _inside(path: str, other: str) -> bool:
    return path.startswith(f"{other}.")


def _size(flow: Flow, i: int) -> tuple[int, ...] | None:
    shape = flow.seen[i].shape
    return None if shape is None else shape[1:]


def _block(flow: Flow, called: Called, additions: list[int]) -> Block | None:
    """A block of a module's values; None if it gives no feature map with positions."""
    output = output_of(flow, called)
    size = None if output is None else _size(flow, output)
    if output is None or size is None or size == (1, 1):
        return None
    sums = tuple(i for i in additions if i in set(called.values))
    return Block(called.path, called.kind.__name__, tuple(called.values), output, sums)


def _bare(flow: Flow, addition: int) -> Block:
    output = flow.followed(addition, norms=False)[-1]
    return Block("", "addition", (addition, output), output, (addition,))


def output_of(flow: Flow, called: Called) -> int | None:
    """The last value of a module that is read outside of it."""
    inside = set(called.values)
    for i in reversed(called.values):
        users = flow.nodes[i].users
        if len(users) > len(flow.read_by(i)) or not inside.issuperset(flow.read_by(i)):
            return i
    return None


def _repeated(flow: Flow) -> list[Called]:
    """The outermost modules with parts of which there are several of a class."""
    composite = [called for called in flow.called.values() if _composite(flow, called)]
    count = Counter(called.kind for called in composite)
    several = [called for called in composite if count[called.kind] > 1]
    outer = [c for c in several if not any(_inside(c.path, other.path) for other in several)]
    nested = {c.kind for c in several if c not in outer}
    return [c for c in outer if c.kind not in nested]


def _composite(flow: Flow, called: Called) -> bool:
    if issubclass(called.kind, nn.Sequential):
        return False
    if any(_inside(path, called.path) for path in flow.called):
        return True
    module = flow.module(called.values[-1])
    return module is not None and any(True for _ in module.children())


def _bare_stages(flow: Flow) -> tuple[Stage, ...]:
    """Runs of one resolution that hold a convolution."""
    ends: list[int] = []
    size, convolved, last = None, False, 0
    for i in range(len(flow.seen)):
        here = _size(flow, i)
        if here is None or here != size:
            if convolved:
                ends.append(last)
            size, convolved = here, False
        convolved = convolved or flow.convolution(i) is not None
        last = i if here is not None else last
    return tuple(Stage(f"stage{number}", (), end) for number, end in enumerate(ends, 1))
