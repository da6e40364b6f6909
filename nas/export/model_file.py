"""Write ``model.py``: the classes that an architecture uses, and functions that build it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NamedTuple

from nas.export.formatting import formatted
from nas.export.modules import Own, SourceError
from nas.export.plugged_code import factory_name, plugged_code
from nas.export.searched import SearchedModel
from nas.export.source import Collected, collect, definition
from search_spaces.architecture import Architecture, Choice, TaskShape, Value
from search_spaces.backbones.table import backbone_row, complete_backbone
from search_spaces.catalogue import attention_type, complete

#: What the file itself defines, so that no collected name may be one of these.
RESERVED = (
    *("Path", "cache", "MEAN", "STD", "WEIGHTS"),
    *("build_model", "load_model", "preprocess", "channels", "backbone"),
    *("make_backbone", "torch", "nn"),
)

_TEMPLATE = '''"""{header}
"""

from __future__ import annotations

{imports}

{code}


#: Of each channel over the training images, on the scale 0 to 255.
MEAN = {mean}
STD = {std}

WEIGHTS = Path(__file__).with_name("model.pt")


def preprocess(images: Tensor) -> Tensor:
    """Normalise images as in training.

    Args:
        images: (B, {channels}, {height}, {width}), values 0 to 255, uint8 or float.
    """
    mean = torch.tensor(MEAN, device=images.device).view(1, -1, 1, 1)
    std = torch.tensor(STD, device=images.device).view(1, -1, 1, 1)
    return (images - mean) * std.reciprocal()


def build_model() -> {returns}:
    """The network, not trained: (B, {channels}, {height}, {width}) to (B, {classes}) logits."""
    {body}


def load_model(path: str | Path = WEIGHTS) -> {returns}:
    """The trained network in eval mode, on the CPU."""
    model = build_model()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()
'''
_SHARING = ("from functools import cache",)
_OWN_IMPORTS = ("import torch", "from torch import Tensor", "from pathlib import Path")


def model_source(model: SearchedModel, header: str) -> str:
    """The whole file.

    Args:
        model: what to write; its weights are not part of the file.
        header: the module's docstring, without quotes.

    Raises:
        NotExportable: for a backbone whose forward can't be written as code.
        SourceError: if a class is written in a way that can't be exported.
    """
    architecture = _completed(model.architecture)
    traced = backbone_row(architecture.backbone.name).traced
    parts = (_plugged if traced else _ours)(architecture, model.shape)
    text = _TEMPLATE.format(
        header=header.strip(),
        imports="\n".join(dict.fromkeys((*_OWN_IMPORTS, *parts.imports))),
        code=parts.code,
        mean=model.mean,
        std=model.std,
        returns=parts.returns,
        body="\n    ".join(parts.body),
        **_sizes(model.shape),
    )
    return formatted(text)


class _Parts(NamedTuple):
    """What differs from file to file: ``body`` are lines of ``build_model``."""

    imports: tuple[str, ...]
    code: str
    returns: str
    body: tuple[str, ...]


def _completed(given: Architecture) -> Architecture:
    """Every axis written out."""
    attention = {place: complete(c.name, c.as_dict()) for place, c in given.attention}
    backbone = complete_backbone(given.backbone.name, given.backbone.as_dict())
    return Architecture.of(backbone, attention, given.start)


def _ours(architecture: Architecture, shape: TaskShape) -> _Parts:
    """One of our own backbones, which takes factories of attention by placement."""
    factory = _own(backbone_row(architecture.backbone.name).target)
    choices = [choice for _, choice in architecture.attention]
    collected = collect([*_kinds(choices), factory], RESERVED)
    makers = {
        str(place): _maker(choice, collected, architecture.start)
        for place, choice in architecture.attention
    }
    return _Parts(
        (*_SHARING[: any(choice.shared for choice in choices)], *collected.imports),
        collected.code,
        _returns(factory, collected),
        (f"return {_call(factory, collected, shape, architecture.backbone, makers)}",),
    )


def _plugged(architecture: Architecture, shape: TaskShape) -> _Parts:
    """Another backbone, into whose forward the attention is written."""
    kinds = _kinds([choice for _, choice in architecture.attention])
    taken = (*RESERVED, factory_name(architecture.backbone))
    collected = collect(kinds, taken)

    def construct(choice: Choice, sizes: Mapping[str, int]) -> str:
        channels, *rest = sizes.values()
        more = {"out_channels": rest[0], "stride": rest[1]} if rest else {}
        axes = _keywords({**more, **choice.module_axes(), "start": architecture.start})
        name = collected.names[_own(attention_type(choice.name).target)]
        return f"{name}({channels}, {axes})"

    written = plugged_code(architecture, shape, construct)
    code = "\n\n\n".join(filter(None, (collected.code, written.classes)))
    imports = ("from torch import nn", *written.imports, *collected.imports)
    return _Parts(imports, code, "nn.Module", written.body)


def _kinds(choices: list[Choice]) -> list[Own]:
    return [_own(attention_type(choice.name).target) for choice in choices]


def _own(target: str) -> Own:
    module, _, name = target.partition(":")
    return Own(module, name)


def _sizes(shape: TaskShape) -> dict[str, int]:
    return {
        "channels": shape.channels,
        "height": shape.height,
        "width": shape.width,
        "classes": shape.classes,
    }


def _maker(choice: Choice, collected: Collected, start: str) -> str:
    """``lambda channels: SqueezeExcite(channels, ratio=16, start="identity")``.

    In ``cache(...)``, which makes one module for equal channels, where the blocks share it.
    """
    kind = attention_type(choice.name)
    axes = _keywords({**choice.module_axes(), "start": start})
    shape = ", **shape" if kind.family == "replace" else ""
    name = collected.names[_own(kind.target)]
    make = f"lambda channels{shape}: {name}(channels{shape}, {axes})"
    return f"cache({make})" if choice.shared else make


def _call(
    factory: Own,
    collected: Collected,
    shape: TaskShape,
    backbone: Choice,
    makers: Mapping[str, str],
) -> str:
    """The factory's call with every argument by keyword."""
    first, second = _leading_arguments(factory)
    arguments = [_keywords({first: shape.channels, second: shape.classes, **backbone.as_dict()})]
    if makers:
        entries = "".join(f"{place!r}: {maker}," for place, maker in makers.items())
        arguments.append(f"attention={{{entries}}},")
    return f"{collected.names[factory]}({', '.join(arguments)})"


def _keywords(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def _leading_arguments(factory: Own) -> tuple[str, str]:
    """The factory's names for the image's channels and the class count."""
    statement = definition(factory)
    if not isinstance(statement, ast.FunctionDef) or len(statement.args.args) < 2:
        raise SourceError(f"{factory.module}:{factory.name} is no function of channels and classes")
    first, second, *_ = (argument.arg for argument in statement.args.args)
    return first, second


def _returns(factory: Own, collected: Collected) -> str:
    """The class that the factory's annotation names."""
    statement = definition(factory)
    returns = statement.returns if isinstance(statement, ast.FunctionDef) else None
    if not isinstance(returns, ast.Name):
        raise SourceError(f"{factory.module}:{factory.name} doesn't name the class it returns")
    return collected.names.get(Own(factory.module, returns.id), returns.id)
