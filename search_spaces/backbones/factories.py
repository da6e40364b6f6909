"""Makes models with a function of the user's: ``package.module:factory``."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Any

from torch import nn

from search_spaces.architecture import TaskShape, Value
from search_spaces.backbones.adapt import fit_channels, fit_classes
from search_spaces.errors import SpaceError, nearest

#: What a factory may call the image's channels and the class count.
CHANNELS = ("channels", "in_channels", "in_chans")
CLASSES = ("classes", "num_classes", "n_classes")


def make_own(name: str, axes: Mapping[str, Value], shape: TaskShape) -> nn.Module:
    """Call the user's factory on torch's default device.

    Args:
        name: ``package.module:factory``, importable or in the current folder.
        axes: keywords for the factory.
        shape: the factory gets channels and classes if it has parameters of one of these names;
            otherwise the first convolution and the last linear layer are fitted.

    Raises:
        SpaceError: if it can't be imported, called, or gives no module.
    """
    model, factory = call_own(name, axes, shape), _import(name)
    if _parameter(factory, CHANNELS) is None:
        fit_channels(model, shape.channels)
    if _parameter(factory, CLASSES) is None:
        fit_classes(model, shape.classes)
    return model


def call_own(name: str, axes: Mapping[str, Value], shape: TaskShape) -> nn.Module:
    """What the factory makes, not yet fitted.

    Raises:
        SpaceError: if it can't be imported, called, or gives no module.
    """
    factory, given = own_call(name, axes, shape)
    try:
        model = factory(**given)
    except (Exception, SystemExit) as error:  # whatever the user's code does is no fault of ours
        place = _raised_at(error, name)
        text = f"raised {_told(error)}{place}" if place else f"can't be called: {error}"
        raise SpaceError(f"{name} {text}", ("name",)) from None
    if not isinstance(model, nn.Module):
        raise SpaceError(f"{name} gives a {type(model).__name__}, not a module", ("name",))
    return model


def own_call(
    name: str, axes: Mapping[str, Value], shape: TaskShape
) -> tuple[Any, dict[str, Value]]:
    """The user's factory and its keywords.

    Raises:
        SpaceError: if it can't be imported.
    """
    factory = _import(name)
    given: dict[str, Value] = dict(axes)
    for names, value in ((CHANNELS, shape.channels), (CLASSES, shape.classes)):
        parameter = _parameter(factory, names)
        if parameter is not None:
            given.setdefault(parameter, value)
    return factory, given


def _parameter(factory: Any, names: tuple[str, ...]) -> str | None:
    """The first of these names that the factory has a parameter of."""
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return None
    return next((name for name in names if name in parameters), None)


def _import(name: str) -> Any:
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise SpaceError(f"backbone {name!r} can't be imported: {error}", ("name",)) from None
    except (Exception, SystemExit) as error:
        text = f"backbone {name!r} can't be imported: {_told(error)}{_raised_at(error, name)}"
        raise SpaceError(text, ("name",)) from None
    if not hasattr(module, attribute):
        hint = nearest(attribute, [key for key, value in vars(module).items() if callable(value)])
        raise SpaceError(f"{module_name} has no function {attribute!r}{hint}", ("name",))
    return getattr(module, attribute)


def _told(error: BaseException) -> str:
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _raised_at(error: BaseException, name: str) -> str:
    """`` (nets.py, line 12)``, the innermost place in the user's package; empty where none is."""
    package = name.partition(":")[0].partition(".")[0]
    places = [
        f" ({Path(frame.f_code.co_filename).name}, line {line})"
        for frame, line in walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] == package
    ]
    return places[-1] if places else ""
