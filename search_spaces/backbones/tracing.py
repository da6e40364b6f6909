"""Opens a model for surgery: torch.fx graphs of it, and what flows through them.

A model is traced as a whole. A submodule whose forward can't be traced (it branches on data, or
reads ``self.training``, which a graph would freeze) stays a closed box, and its children are traced
each by itself; so any model gives one or more graphs, each standing where its module stood.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.ops.misc import SqueezeExcitation


@dataclass(frozen=True)
class Seen:
    """One value of a forward pass.

    Attributes:
        piece: path of the traced module; empty for the whole model.
        node: name in its graph.
        shape: (C, H, W) of a feature map of one image; None of anything else.
        flops: of the operation that made it.
    """

    piece: str
    node: str
    shape: tuple[int, int, int] | None
    flops: int

    @property
    def key(self) -> tuple[str, str]:
        """Which value it is, whatever the input's size."""
        return self.piece, self.node


@dataclass
class Opened:
    """A model that consists of graphs, wholly or here and there.

    Attributes:
        model: computes what the original does, with the same state-dict keys.
        pieces: the graphs by path; the path is empty where the whole model is one.
        kinds: the classes that the traced modules had.
    """

    model: nn.Module
    pieces: dict[str, fx.GraphModule] = field(default_factory=dict)
    kinds: dict[str, type[nn.Module]] = field(default_factory=dict)

    def put(self, path: str, piece: fx.GraphModule) -> None:
        """Let a graph stand for the module at this path."""
        self.pieces[path] = piece
        if path:
            self.model.set_submodule(path, piece)
        else:
            self.model = piece

    def observe(self, image: Tensor) -> list[Seen]:
        """Every value of a forward pass in eval mode, in order.

        The pass runs on a copy of the model on the image's device; on the meta device nothing is
        computed.

        Raises:
            RuntimeError: and others, as the model's forward does for such an image.
        """
        ghost = copy.deepcopy(self.model).to(image.device).eval()
        notes: list[Seen] = []
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            for path in self.pieces:
                piece = ghost.get_submodule(path)
                assert isinstance(piece, fx.GraphModule)
                object.__setattr__(piece, "forward", _Watcher(piece, path, notes, counter).run)
            ghost(image)
        return notes


class _Watcher(fx.Interpreter):
    """Runs a graph and notes its values."""

    def __init__(
        self, piece: fx.GraphModule, path: str, notes: list[Seen], counter: FlopCounterMode
    ) -> None:
        super().__init__(piece)
        self._path, self._notes, self._counter = path, notes, counter

    def run_node(self, n: fx.Node) -> Any:
        before, first = self._counter.get_total_flops(), len(self._notes)
        value = super().run_node(n)
        shape = None
        if n.op != "output" and isinstance(value, Tensor) and value.dim() == 4:
            shape = (value.shape[1], value.shape[2], value.shape[3])
        inside = sum(note.flops for note in self._notes[first:])
        flops = self._counter.get_total_flops() - before - inside
        self._notes.append(Seen(self._path, n.name, shape, flops))
        return value


class _Tracer(fx.Tracer):
    """Enters what has children and can be traced; remembers where it failed."""

    def __init__(self, closed: set[str]) -> None:
        super().__init__()
        self.closed = closed
        self.entered: list[str] = []

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return module_qualified_name in self.closed or not _opens(m)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        self.entered.append(self.path_of_module(m))
        value = super().call_module(m, forward, args, kwargs)
        self.entered.pop()
        return value


def open_model(model: nn.Module) -> Opened:
    """Trace a model; it becomes part of what is returned and must not be used any more."""
    opened = Opened(model)
    _open(opened, model, "")
    return opened


def _open(opened: Opened, module: nn.Module, path: str) -> None:
    graph = _traced(module) if _opens(module) else None
    inside = [""]
    if graph is not None:
        opened.kinds[path] = type(module)
        opened.put(path, _graph_module(module, graph))
        inside = [str(n.target) for n in graph.nodes if n.op == "call_module"]
    for name in dict.fromkeys(inside):
        box = module.get_submodule(name)
        for child_name, child in [] if _whole(box) else list(box.named_children()):
            if any(True for _ in child.children()):
                _open(opened, child, ".".join(filter(None, (path, name, child_name))))


def _traced(module: nn.Module) -> fx.Graph | None:
    """A graph of the module's forward, as open as can be; None if it can't be traced."""
    closed: set[str] = set()
    while True:
        tracer = _Tracer(closed)
        try:
            return tracer.trace(module)
        except Exception:  # whatever a forward does with what is no tensor
            if not tracer.entered or tracer.entered[-1] in closed:
                return None
            closed.add(tracer.entered[-1])


def _graph_module(module: nn.Module, graph: fx.Graph) -> fx.GraphModule:
    """The graph with all the state of the module, also what its forward doesn't use."""
    piece = fx.GraphModule(module, graph, type(module).__name__)
    has = {name for name, _ in piece.named_modules()}
    for path, part in module.named_modules():
        own = [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]
        if path not in has and own:
            piece.add_submodule(path, part)
            continue
        for name, tensor in own:
            there = piece.get_submodule(path)
            if hasattr(there, name):
                continue
            if isinstance(tensor, nn.Parameter):
                there.register_parameter(name, tensor)
            else:
                kept = name not in part._non_persistent_buffers_set
                there.register_buffer(name, tensor, persistent=kept)
    return piece.train(module.training)


def _whole(module: nn.Module) -> bool:
    """Whether a module is one operation: without parts, torch's own, or squeeze-and-excitation."""
    if not any(True for _ in module.children()) or isinstance(module, SqueezeExcitation):
        return True
    return type(module).__module__.startswith("torch.nn") and not _container(type(module))


def _container(kind: type[nn.Module]) -> bool:
    return issubclass(kind, nn.Sequential | nn.ModuleList | nn.ModuleDict)


def _opens(module: nn.Module) -> bool:
    return not _whole(module) and not reads_training(type(module))


def reads_training(kind: type[nn.Module]) -> bool:
    """Whether a class' forward, or a method that it calls, reads ``self.training``."""
    seen: set[str] = set()
    todo = ["forward"]
    while todo:
        name = todo.pop()
        method = getattr(kind, name, None)
        if name in seen or not isinstance(method, types.FunctionType):
            continue
        seen.add(name)
        names = set(_names(method.__code__))
        if "training" in names:
            return True
        todo += [n for n in names if getattr(nn.Module, n, None) is not getattr(kind, n, None)]
    return False


def _names(code: types.CodeType) -> Iterator[str]:
    """The attributes and globals that a function and the functions in it name."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
