"""Code for a backbone that is not ours: its factory makes it, and classes put attention in."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import fx, nn

from nas.export.forward_code import forward_code
from nas.export.whole_calls import shortened
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.factories import own_call
from search_spaces.backbones.table import placement_sites, torchvision_name
from search_spaces.backbones.torchvision_models import torchvision_call
from search_spaces.backbones.traced import bare, factory_model, study
from search_spaces.build import build

#: Writes the constructor's call of an attention module from its choice and its map's shape.
Construct = Callable[[Choice, Mapping[str, int]], str]


@dataclass(frozen=True)
class PluggedCode:
    """What stands in the file.

    Attributes:
        imports: statements.
        classes: source of the classes with attention; empty without any.
        body: lines of ``build_model``.
    """

    imports: tuple[str, ...]
    classes: str
    body: tuple[str, ...]


def factory_name(backbone: Choice) -> str:
    """What the file calls the factory of a backbone: a user's may have any name."""
    return torchvision_name(backbone.name) or "make_backbone"


def plugged_code(architecture: Architecture, shape: TaskShape, construct: Construct) -> PluggedCode:
    """Write the code of an architecture with a traced backbone.

    Args:
        architecture: of completed choices.
        shape: of one image, and the class count.
        construct: writes the making of one attention module.

    Raises:
        NotExportable: if the backbone's forward can't be written as code.
    """
    writer = _Writer(architecture, shape, construct)
    classes = [writer.piece(path) for path in writer.with_attention()]
    backbone, called = architecture.backbone, factory_name(architecture.backbone)
    arguments = ", ".join(f"{key}={value!r}" for key, value in _keywords(backbone, shape).items())
    body = [f"backbone = {called}({arguments})", *writer.changes()]
    for piece in classes:
        if piece.path:
            found = f"backbone.get_submodule({piece.path!r})"
            body.append(writer.put(piece.path, f"{piece.name}({writer.at(piece.path) or found})"))
    whole = [piece.name for piece in classes if not piece.path]
    body.append(f"return {whole[0]}(backbone)" if whole else "return backbone")
    return PluggedCode(
        (_import(backbone), *(line for piece in classes for line in piece.imports)),
        "\n\n\n".join(piece.source for piece in classes),
        tuple(filter(None, body)),
    )


def _import(backbone: Choice) -> str:
    known = torchvision_name(backbone.name)
    if known is not None:
        return f"from torchvision.models import {known}"
    module, _, name = backbone.name.partition(":")
    return f"from {module} import {name} as {factory_name(backbone)}"


def _keywords(backbone: Choice, shape: TaskShape) -> Mapping[str, object]:
    """What the factory is called with."""
    if torchvision_name(backbone.name) is None:
        return own_call(backbone.name, backbone.as_dict(), shape)[1]
    return torchvision_call(backbone.as_dict(), shape.classes)


@dataclass(frozen=True)
class _Piece:
    """The class of one traced module with attention."""

    path: str
    name: str
    source: str
    imports: tuple[str, ...]


class _Writer:
    """Compares the plugged model with the backbone and with what its factory makes."""

    def __init__(self, architecture: Architecture, shape: TaskShape, construct: Construct) -> None:
        self.construct = construct
        backbone = architecture.backbone
        with torch.device("meta"):
            self.plugged = build(architecture, shape)
            self.bare = bare(backbone, shape)
            self.made = factory_model(backbone, shape)
        self.untouched = study(backbone, shape).flow.opened.pieces
        self.sites = placement_sites(backbone, shape)
        self.places = {_key(place): (place, choice) for place, choice in architecture.attention}

    def with_attention(self) -> list[str]:
        """Paths of the traced modules that were given attention."""
        return [path for path in self.untouched if self.holder(path) is not None]

    def holder(self, path: str) -> str | None:
        """The name under which a traced module holds its attention; None without any."""
        theirs = {name for name, _ in self.bare.get_submodule(path).named_children()}
        for name, child in self.plugged.get_submodule(path).named_children():
            if name not in theirs and {key for key, _ in child.named_children()} <= {*self.places}:
                return name
        return None

    def at(self, path: str) -> str:
        """``backbone.features[1].conv``; empty where there is no such expression."""
        text, module = "backbone", self.bare
        for name in path.split("."):
            number = _number(module, name)
            if number is None and not name.isidentifier():
                return ""
            text += f".{name}" if number is None else f"[{number}]"
            module = module.get_submodule(name)
        return text

    def put(self, path: str, module: str) -> str:
        """The statement that puts a module at a path of the backbone."""
        place = self.at(path)
        return f"{place} = {module}" if place else f"backbone.set_submodule({path!r}, {module})"

    def changes(self) -> Iterator[str]:
        """Statements that fit the layers to the task, and remove what attention stands for."""
        made = dict(self.made.named_modules())
        for path, module in self.bare.named_modules():
            if any(True for _ in module.children()) or repr(module) == repr(made.get(path)):
                continue
            yield self.put(path, f"nn.{module!r}")
        kept = set(self.plugged.state_dict())
        gone: list[str] = []
        for path, module in self.bare.named_modules():
            keys = {f"{path}.{key}" for key in module.state_dict()} if path else set()
            if keys and not keys & kept and not any(path.startswith(f"{p}.") for p in gone):
                gone.append(path)
                yield self.put(path, "nn.Identity()")

    def piece(self, path: str) -> _Piece:
        """The class that stands for a traced module."""
        graph = self.plugged.get_submodule(path)
        assert isinstance(graph, fx.GraphModule)
        theirs, holder = self.bare.get_submodule(path), self.holder(path)
        assert holder is not None
        held = graph.get_submodule(holder)

        def numbered(part: str, name: str) -> int | None:
            first, _, inner = part.partition(".")
            if first == holder:
                return int(name) if _consecutive(held.get_submodule(inner)) else None
            return _number(theirs.get_submodule(part), name) if part else None

        code = forward_code(shortened(graph.graph, self.untouched[path].graph), numbered)
        kind = type(theirs).__name__
        name = f"{_camel(path) or kind}WithAttention"
        where = ", ".join(str(self.places[key][0]) for key, _ in held.named_children())
        about = f"``{kind}`` with attention at {where}."
        about = textwrap.fill(about, 80, subsequent_indent="    ")
        head = f"{code.arguments}: Tensor) -> Tensor" if path == "" else f"{code.arguments})"
        source = [
            f"class {name}(nn.Module):",
            f'    """{about}',
            "",
            "    Modules without attention inside are called whole.",
            "",
            "    Args:",
            "        backbone: its layers become this network's.",
            '    """',
            "",
            "    def __init__(self, backbone: nn.Module) -> None:",
            "        super().__init__()",
            *(f"        {line}" for line in self.takes_over(theirs, graph)),
            f"        self.{holder} = nn.ModuleDict({{",
            *(f"            {key!r}: {self.modules(key, part)},"
              for key, part in held.named_children()),
            "        })",
            "",
            f"    def forward(self, {head}:",
            *(f"        {line}" for line in code.lines),
        ]  # fmt: skip
        return _Piece(path, name, "\n".join(source), code.imports)

    def takes_over(self, theirs: nn.Module, graph: fx.GraphModule) -> Iterator[str]:
        """Statements that give the class what the traced module has."""
        names = [name for name, _ in theirs.named_children()]
        names += [name for name, _ in theirs.named_parameters(recurse=False)]
        for name in names:
            if name.isidentifier():
                yield f"self.{name} = backbone.{name}"
            else:
                yield f"self.add_module({name!r}, backbone.get_submodule({name!r}))"
        own = dict(theirs.named_buffers(recurse=False))
        for name in own:
            kept = name not in theirs._non_persistent_buffers_set
            yield f"self.register_buffer({name!r}, backbone.{name}, persistent={kept})"
        for name, tensor in graph.named_buffers(recurse=False):
            if name not in own:  # a constant that tracing found in the forward
                empty = f"torch.zeros({tuple(tensor.shape)}, dtype={tensor.dtype})"
                yield f"self.register_buffer({name!r}, {empty})"

    def modules(self, key: str, part: nn.Module) -> str:
        """The attention of one placement in a traced module."""
        place, choice = self.places[key]
        calls = {}
        for number, _ in part.named_children():
            site = self.sites[place][int(number)]
            calls[number] = self.construct(choice, {"channels": site.channels, **site.convolution})
        if not _consecutive(part):
            return f"nn.ModuleDict({{{', '.join(f'{n!r}: {call}' for n, call in calls.items())}}})"
        alike = set(calls.values())
        if len(calls) > 1 and len(alike) == 1:
            return f"nn.ModuleList({alike.pop()} for _ in range({len(calls)}))"
        return f"nn.ModuleList([{', '.join(calls.values())}])"


def _key(place: Placement) -> str:
    """What the holder of attention calls a placement."""
    return f"{place.stage}_{place.position}".replace(".", "_")


def _number(module: nn.Module, name: str) -> int | None:
    """By which number a module has a part whose name is no identifier."""
    if name.isidentifier() or not isinstance(module, nn.Sequential | nn.ModuleList):
        return None
    return [part for part, _ in module.named_children()].index(name)


def _consecutive(part: nn.Module) -> bool:
    """Whether the attention of a placement is numbered from 0 on."""
    names = [name for name, _ in part.named_children()]
    return names == [str(number) for number in range(len(names))]


def _camel(path: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", path))
