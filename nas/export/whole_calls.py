"""Shortens a graph: a module that nothing was changed in is called whole, not part by part."""

from __future__ import annotations

import copy
import inspect
from typing import Any

from torch import fx


def shortened(graph: fx.Graph, untouched: fx.Graph) -> fx.Graph:
    """A copy in which every module without attention inside is one call.

    Args:
        graph: of a traced module, attention inserted.
        untouched: the same before the insertion.
    """
    short = copy.deepcopy(graph)
    for path, names in sorted(_calls(untouched), key=lambda call: -len(call[1])):
        _join(short, path, names)
    return short


def _calls(graph: fx.Graph) -> list[tuple[str, list[str]]]:
    """Each call of a module of one input with parts: its path and the names of its operations."""
    found: dict[str, tuple[str, list[str]]] = {}
    for node in graph.nodes:
        for call, (path, kind) in node.meta.get("nn_module_stack", {}).items():
            if path and node.target != path and _takes_one(kind):
                found.setdefault(call, (path, []))[1].append(node.name)
    return list(found.values())


def _takes_one(kind: Any) -> bool:
    """Whether a class' forward can be called with one argument alone."""
    parameters = list(inspect.signature(kind.forward).parameters.values())[1:]
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return len(required) == 1


def _join(graph: fx.Graph, path: str, names: list[str]) -> None:
    """Put one call in the place of operations, if they are all there and nothing came between."""
    order = list(graph.nodes)
    where = {node.name: i for i, node in enumerate(order)}
    places = [where[name] for name in names if name in where]
    if len(places) < len(names) or places != list(range(places[0], places[0] + len(names))):
        return
    nodes = [order[i] for i in places]
    inside = set(nodes)
    inputs = {source for node in nodes for source in node.all_input_nodes} - inside
    outputs = [node for node in nodes if set(node.users) - inside]
    if len(inputs) != 1 or len(outputs) != 1:
        return
    with graph.inserting_after(nodes[-1]):
        whole = graph.call_module(path, (inputs.pop(),))
    outputs[0].replace_all_uses_with(whole)
    for node in reversed(nodes):
        graph.erase_node(node)
