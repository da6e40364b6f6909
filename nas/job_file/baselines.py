"""``search.baselines``: which hand rules a job runs, and the user's own beside them. No torch.

Its forms: ``true`` (every rule), ``false``, a list of rules' names, or both of::

    rules: [none, se late]              # or true (default), false
    own:
      end only: {attention: {stage3.pre_add: {type: se, ratio: 4}}}
      wide: {backbone: {width: 16}, attention: {stage3.pre_add: eca}}
      shipped: exported/architecture.json
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from nas.drawing.reading import read_architecture
from nas.errors import UsageProblem
from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.attention_type import is_stage, positions_in
from search_spaces.backbones.table import Backbone, backbone_row, complete_backbone
from search_spaces.catalogue import check_position, complete
from search_spaces.errors import SpaceError, SpaceErrors, unknown
from search_spaces.reading import Path, Reading, shown, step
from search_spaces.space import SearchSpace

#: Rule -> what it trains, in order of priority.
RULES = {
    "none": "no attention, on every backbone of the space",
    "se late": "SE in the later half of the stages (MobileNetV3's rule)",
    "se everywhere": "SE in every stage",
    "last k": "one type in the last stage, the last two, …, all but the first",
    "each everywhere": "each type of the space in every stage",
}

_KEYS = ("rules", "own")
_OWN_KEYS = ("backbone", "attention", "start")


def read_baselines(value: Any) -> dict[str, Any]:
    """The section in its full form, which reads back as itself; a named file is read now.

    Raises:
        SpaceErrors: with everything that is wrong, each with its path in the section.
    """
    reader = _Reader()
    found = reader.section(value)
    if reader.errors:
        raise SpaceErrors(reader.errors)
    return found


def own_architecture(label: str, own: Mapping[str, Any], space: SearchSpace) -> Architecture | None:
    """A user's own baseline; None where it names no backbone, which is then the rules' one.

    An axis of the backbone that it doesn't name has the first value that the space offers.

    Raises:
        SpaceError: for what the backbone doesn't have, with its path below ``own``.
    """
    named = dict(own.get("backbone") or {})
    name = str(named.pop("name", space.backbone.name))
    try:
        row = backbone_row(name)
        same = name == space.backbone.name
        offered = {axis.name: axis.values[0] for axis in space.backbone.axes} if same else {}
        backbone = complete_backbone(name, {**offered, **named})
    except SpaceError as error:
        raise error.under(label, "backbone") from None
    for place in own["attention"]:
        if (wrong := _absent(Placement.parse(place), row)) is not None:
            raise SpaceError(f"{name} has no {place}: {wrong}", (label, "attention", place))
    return on_backbone(own, backbone, space) if "backbone" in own else None


def on_backbone(own: Mapping[str, Any], backbone: Choice, space: SearchSpace) -> Architecture:
    """A user's own baseline with this backbone."""
    attention = {}
    for place, given in own["attention"].items():
        axes = dict(given)
        attention[Placement.parse(place)] = complete(axes.pop("type"), axes)
    return Architecture.of(backbone, attention, own.get("start", space.start))


def _absent(placement: Placement, row: Backbone) -> str | None:
    """Why a backbone can't have this placement, as far as is known without building it."""
    stage = placement.stage
    if is_stage(stage) and row.stages and stage not in row.stages:
        return f"its stages are {', '.join(row.stages)}"
    if not is_stage(stage) and not row.traced and positions_in(stage) == ("output",):
        return unknown("stage", stage, (*row.stages, "stem", "backbone"))
    if placement.position not in positions_in(stage):
        return f"{stage} has {', '.join(positions_in(stage))}"
    return None


class _Reader(Reading):
    """One method for each part of the section."""

    def section(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            return {"rules": self.rules(value, ()), "own": {}}
        self.keys("baselines", value, _KEYS, ())
        own: dict[str, Any] = {}
        listed = self.mapping("own", value.get("own") or {}, ("own",)) or {}
        for label, item in listed.items():
            own[str(label)] = self.own(str(label), item, ("own", step(label)))
        return {"rules": self.rules(value.get("rules", True), ("rules",)), "own": own}

    def rules(self, value: Any, path: Path) -> bool | list[str]:
        if isinstance(value, bool):
            return value
        if not isinstance(value, list | tuple):
            self.say(f"{shown(value)} is not true, false or a list of {_words(RULES)}", path)
            return False
        found = self.items("baselines", value, path) if value else []
        for item, where in found:
            if not isinstance(item, str) or item not in RULES:
                self.say(unknown("rule", item, RULES), where)
        return [str(item) for item, _ in found]

    def own(self, label: str, value: Any, path: Path) -> dict[str, Any]:
        if not label.strip() or label in RULES or label.endswith(" everywhere"):
            self.say(f"{label!r} can't be a label: it is empty or a rule's own", path)
        if isinstance(value, str):
            return self.file(value, path)
        data = self.mapping(f"own.{label}", value, path)
        if data is None:
            return {}
        self.keys(f"own.{label}", data, _OWN_KEYS, path)
        if "attention" not in data:
            self.say("attention is missing: placements with their types, or {} for none", path)
        found = {"attention": self.attention(data.get("attention") or {}, (*path, "attention"))}
        if data.get("backbone") is not None:
            backbone = self.mapping("backbone", data["backbone"], (*path, "backbone")) or {}
            found["backbone"] = dict(backbone)
        start = data.get("start")
        if start not in (None, "identity", "paper"):
            self.say(f"start is {shown(start)}; allowed: identity, paper", (*path, "start"))
        return found | ({"start": start} if start is not None else {})

    def file(self, name: str, path: Path) -> dict[str, Any]:
        """The architecture in a file that ``nas draw`` or ``nas export`` wrote."""
        try:
            data = read_architecture(FilePath(name).expanduser()).to_dict()
        except UsageProblem as error:
            self.say(str(error), path)
            return {"attention": {}}
        del data["format"]
        data["attention"] = self.attention(data["attention"], path)
        return data

    def attention(self, value: Any, path: Path) -> dict[str, Any]:
        places = self.mapping("attention", value, path) or {}
        found: dict[str, Any] = {}
        for place, given in places.items():
            here: Path = (*path, step(place)) if path[-1] == "attention" else path
            choice = self.choice(str(place), given, here)
            if choice is not None:
                found[str(place)] = {"type": choice.name, **choice.as_dict()}
        return found

    def choice(self, place: str, given: Any, path: Path) -> Choice | None:
        data = {"type": given} if isinstance(given, str) else self.mapping(place, given, path)
        if data is None:
            return None
        axes = dict(data)
        name = axes.pop("type", None)
        if not isinstance(name, str):
            self.say("type is missing: write {type: se, ratio: 4}, or the type alone", path)
            return None
        try:
            check_position(name, Placement.parse(place).position)
            return complete(name, axes)
        except SpaceError as error:
            self.errors.append(error.under(*path))
        except ValueError as error:
            self.say(str(error), path)
        return None


def _words(names: Mapping[str, str]) -> str:
    return ", ".join(names)
