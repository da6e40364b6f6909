"""A forward pass as a graph with shapes: which module made what, and what reads it."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field

import torch
from torch import fx, nn
from torch.nn import functional

from search_spaces.backbones.tracing import Opened, Seen

#: Which value: the piece's path and the node's name.
Key = tuple[str, str]

_ADDITIONS = (operator.add, operator.iadd, torch.add, "add", "add_")
_ACTIVATIONS = {"relu", "relu_", "relu6", "silu", "gelu", "hardswish", "leaky_relu", "elu", "mish"}
_POOLING = {"mean", "flatten", "adaptive_avg_pool2d", "avg_pool2d", "max_pool2d"}


@dataclass
class Called:
    """A module that a forward pass went through.

    Attributes:
        path: in the model.
        kind: its class.
        calls: how often it was called.
        values: indices of what was made in it, in order.
    """

    path: str
    kind: type[nn.Module]
    calls: set[tuple[str, str]] = field(default_factory=set)
    values: list[int] = field(default_factory=list)


class Flow:
    """The values of one forward pass and their graphs."""

    def __init__(self, opened: Opened, seen: list[Seen]) -> None:
        self.opened, self.seen = opened, seen
        self.index = {value.key: i for i, value in enumerate(seen)}
        nodes = {(p, n.name): n for p, gm in opened.pieces.items() for n in gm.graph.nodes}
        self.nodes = [nodes[value.key] for value in seen]
        self.called = self._called()

    def _called(self) -> dict[str, Called]:
        called: dict[str, Called] = {}
        for i, (value, node) in enumerate(zip(self.seen, self.nodes, strict=True)):
            if node.op in ("placeholder", "output"):
                continue
            stack = [("", value.piece, self.opened.kinds[value.piece])] if value.piece else []
            for call, (path, kind) in node.meta.get("nn_module_stack", {}).items():
                full = f"{value.piece}.{path}" if value.piece and path else value.piece or path
                stack.append((call, full, kind))
            for call, path, kind in stack:
                if path:
                    entry = called.setdefault(path, Called(path, kind))
                    entry.calls.add((value.piece, call))
                    entry.values.append(i)
        return called

    def owner(self, i: int) -> str:
        """Path of the innermost module in whose forward a value was made."""
        piece = self.seen[i].piece
        stack = list(self.nodes[i].meta.get("nn_module_stack", {}).values())
        inner = str(stack[-1][0]) if stack else ""
        return f"{piece}.{inner}" if piece and inner else piece or inner

    def reads(self, i: int) -> list[int]:
        """Indices of what a value was made of."""
        piece = self.seen[i].piece
        keys = [(piece, node.name) for node in self.nodes[i].all_input_nodes]
        return [self.index[key] for key in keys if key in self.index]

    def read_by(self, i: int) -> list[int]:
        """Indices of what was made of a value."""
        piece = self.seen[i].piece
        keys = [(piece, node.name) for node in self.nodes[i].users]
        return [self.index[key] for key in keys if key in self.index]

    def ancestors(self, i: int) -> set[int]:
        """A value and everything that it was made of."""
        found, todo = set[int](), [i]
        while todo:
            value = todo.pop()
            if value not in found:
                found.add(value)
                todo += self.reads(value)
        return found

    def module(self, i: int) -> nn.Module | None:
        """The module whose output a value is; None where a function made it."""
        node = self.nodes[i]
        if node.op != "call_module":
            return None
        return self.opened.pieces[self.seen[i].piece].get_submodule(str(node.target))

    def parameters(self, i: int) -> list[nn.Parameter]:
        """What a value was made with."""
        module, node = self.module(i), self.nodes[i]
        if module is not None:
            return list(module.parameters())
        if node.op != "get_attr":
            return []
        path, _, name = str(node.target).rpartition(".")
        held = getattr(self.opened.pieces[self.seen[i].piece].get_submodule(path), name)
        return [held] if isinstance(held, nn.Parameter) else []

    def is_addition(self, i: int) -> bool:
        """Whether a value is the sum of two feature maps of its shape."""
        node, shape = self.nodes[i], self.seen[i].shape
        operands = self.reads(i)
        known = node.op in ("call_function", "call_method") and node.target in _ADDITIONS
        same = all(self.seen[operand].shape == shape for operand in operands)
        return known and shape is not None and len(operands) == 2 and same

    def convolution(self, i: int) -> nn.Conv2d | None:
        """The convolution whose output a value is."""
        module = self.module(i)
        return module if isinstance(module, nn.Conv2d) else None

    def convolutions(self, values: set[int]) -> int:
        """How many convolutions made these values."""
        modules = [module for i in values if (module := self.module(i)) is not None]
        return sum(isinstance(part, nn.Conv2d) for module in modules for part in module.modules())

    def is_activation(self, i: int) -> bool:
        """Whether a value is an activation's output."""
        module, node = self.module(i), self.nodes[i]
        if module is not None:
            return type(module).__module__ == "torch.nn.modules.activation"
        return node.op.startswith("call_") and _function(node) in _ACTIVATIONS

    def is_norm(self, i: int) -> bool:
        """Whether a value is a norm's output."""
        module = self.module(i)
        return module is not None and "norm" in type(module).__name__.lower()

    def is_homogeneous(self, i: int) -> bool:
        """Whether a value is a ReLU's or a max pooling's output: ``f(v·x) = v·f(x)`` for v > 0."""
        module, node = self.module(i), self.nodes[i]
        if module is not None:
            return isinstance(module, nn.ReLU | nn.MaxPool2d)
        known = ("relu", "relu_", "max_pool2d")
        return node.op.startswith("call_") and _function(node) in known

    def scales(self, i: int) -> bool:
        """Whether a value comes from a layer of its own whose weights scale each channel."""
        module, node = self.module(i), self.nodes[i]
        if type(module) not in (nn.BatchNorm2d, nn.Conv2d) or module is None:
            return False
        piece = self.opened.pieces[self.seen[i].piece]
        calls = [n for n in piece.graph.nodes if n.op == "call_module" and n.target == node.target]
        return len(calls) == 1 and isinstance(module.weight, nn.Parameter)

    def pools(self, i: int) -> bool:
        """Whether a value is a feature map no more: pooled, averaged or flattened."""
        module = self.module(i)
        if module is not None:
            return "Pool" in type(module).__name__ or self.seen[i].shape is None
        return _function(self.nodes[i]) in _POOLING or self.seen[i].shape is None

    def drops(self, i: int) -> bool:
        """Whether a value is the output of a module that drops whole branches in training."""
        module = self.module(i)
        return type(module).__name__ in ("StochasticDepth", "DropPath", "Dropout", "Dropout2d")

    def followed(self, i: int, *, norms: bool) -> list[int]:
        """A value, then the norms and activations that it alone goes through."""
        chain = [i]
        while True:
            readers = self.read_by(chain[-1])
            if len(readers) != 1 or len(self.nodes[chain[-1]].users) != 1:
                return chain
            if not self.is_activation(readers[0]) and not (norms and self.is_norm(readers[0])):
                return chain
            chain.append(readers[0])


def _function(node: fx.Node) -> str:
    target = node.target
    if target is functional.adaptive_avg_pool2d:
        return "adaptive_avg_pool2d"
    return target if isinstance(target, str) else getattr(target, "__name__", "")
