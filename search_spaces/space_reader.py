"""Reads a job's ``space`` section and finds everything wrong with it at once. No torch import.

The section, a scalar being fixed and a list being searched::

    backbone: {name: cifar_resnet, depth: [8, 14], width: [8, 16, 24]}
    start: identity                     # or paper
    attention:                          # each entry makes one choice in each of its stages
      - stages: all                     # or 2, or [1, 2]; all by default
        positions: [pre_add, after_3x3] # by default where each type's paper puts it
        share: [false, true]            # one module for all blocks of a stage; false by default
        types:
          none:
          se: {ratio: [4, 16]}
          non_local: {positions: post_add, mode: [embedded_gaussian, dot_product]}
      - stages: stem                    # or backbone: behind the stem, behind the last stage
        types: {none: , stn: }
      - stages: features.4              # or any module's path, in a backbone that is traced
        types: {none: , se: }

A type's own ``positions`` and ``share`` replace its entry's; axes that are not named take the
paper's value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, get_args

from search_spaces.architecture import SHARE, Start, Value
from search_spaces.attention_type import IN_BLOCKS, OUTPUT, is_stage
from search_spaces.axes import Axis, refused
from search_spaces.backbones.table import BACKBONES, Backbone, backbone_row
from search_spaces.catalogue import (
    SHARED,
    SINGLE,
    AttentionType,
    attention_type,
    check_position,
    known_position,
    positions_in,
)
from search_spaces.errors import SpaceError, SpaceErrors, unknown
from search_spaces.offers import NONE, POSITION, Entry, Offer, OfferedAxis
from search_spaces.reading import Path, Reading, shown, step

#: Ways to make one backbone, or one attention module; all are looked at one by one.
MOST_CHOICES = 10_000

_SPACE_KEYS = ("backbone", "start", "attention")
_ENTRY_KEYS = ("stages", "positions", SHARE, "types")


def read_space(data: Mapping[str, Any]) -> tuple[Offer, tuple[Entry, ...], Start]:
    """Read the section.

    Returns:
        the backbone's offer, the attention entries and the start.

    Raises:
        SpaceErrors: with everything that is wrong, each with its path in ``data``.
    """
    reader = _Reader()
    space = reader.space(data)
    if space is None or reader.errors:
        raise SpaceErrors(reader.errors)
    return space


@dataclass(frozen=True)
class _Here:
    """Where an entry's types may stand.

    Attributes:
        stage: one of the entry's; None where none could be read.
        given: the entry's positions; None where it names none.
        share: the entry's values of ``share``.
    """

    stage: str | None
    given: tuple[str, ...] | None = None
    share: tuple[Value, ...] = ()

    def check(self, position: str) -> None:
        """Refuse a position that the entry's stages don't have.

        Raises:
            SpaceError: naming the ``stages`` that do.
        """
        if self.stage is None or position in positions_in(self.stage):
            return
        if position == OUTPUT:
            raise SpaceError(
                f"{OUTPUT} is behind a module; it needs an entry with stages: its path"
            )
        if position in SINGLE:
            text = f"{position} is outside of the stages; it needs an entry of its own with stages:"
            raise SpaceError(f"{text} {SINGLE[position]}")
        there = ", ".join(positions_in(self.stage))
        raise SpaceError(f"{position} is inside of a stage, not at {self.stage}; allowed: {there}")

    def defaults(self, kind: AttentionType) -> tuple[str, ...]:
        """Where a type stands when nothing is said: at the only position, or as in its paper."""
        if self.stage is not None and not is_stage(self.stage):
            return positions_in(self.stage)
        return (kind.default_position,)


class _Reader(Reading):
    """One method for each part of the section."""

    row: Backbone | None = None

    def space(self, data: Any) -> tuple[Offer, tuple[Entry, ...], Start] | None:
        section = self.mapping("space", data, ())
        if section is None:
            return None
        self.keys("space", section, _SPACE_KEYS, ())
        start = self.start(section.get("start", "identity"))
        backbone = self.backbone(section)
        self.row = backbone_row(backbone.name) if backbone else None
        stages = self.row.stages if self.row else _all_stages()
        entries = self.attention(section, stages)
        return (backbone, entries, start) if backbone and start else None

    def start(self, value: Any) -> Start | None:
        for start in get_args(Start):
            if value == start:
                return start  # type: ignore[no-any-return]
        fixed = " (it is fixed for the whole space)" if isinstance(value, list) else ""
        self.say(f"start is {shown(value)}{fixed}; allowed: identity, paper", ("start",))
        return None

    def backbone(self, section: Mapping[Any, Any]) -> Offer | None:
        path: Path = ("backbone",)
        if "backbone" not in section:
            self.say(f"backbone is missing; write backbone: {{name: {next(iter(BACKBONES))}}}", ())
            return None
        data = self.mapping("backbone", section["backbone"], path)
        if data is None:
            return None
        name = data.get("name")
        if not isinstance(name, str):
            problem = "is missing" if name is None else f"is {shown(name)}, not one name"
            self.say(f"backbone.name {problem}; allowed: {', '.join(BACKBONES)}", path)
            return None
        row = self.attempt(path, lambda: backbone_row(name))
        if row is None:
            return None
        given = {key: value for key, value in data.items() if key != "name"}
        return Offer(name, self.axes(name, row.axes_for(map(str, given)), given, path))

    def attention(self, section: Mapping[Any, Any], stages: tuple[str, ...]) -> tuple[Entry, ...]:
        path: Path = ("attention",)
        data = section.get("attention")
        if not isinstance(data, list | tuple) or not data:
            problem = "is empty" if data in ([], ()) else "must be a list of entries"
            where = path if "attention" in section else ()
            self.say(f"attention {problem}: each has stages, positions and types", where)
            return ()
        entries = []
        taken: dict[tuple[str, str], int] = {}
        for index, item in enumerate(data):
            entry = self.entry(item, stages, (*path, index))
            if entry is not None:
                self.overlap(entry, index, taken)
                entries.append(entry)
        return tuple(entries)

    def overlap(self, entry: Entry, index: int, taken: dict[tuple[str, str], int]) -> None:
        """Note placements that an earlier entry offers too."""
        for stage in entry.stages:
            for position in entry.positions:
                first = taken.setdefault((stage, position), index)
                if first != index:
                    text = f"{stage}.{position} is offered by attention[{first}] already"
                    self.say(text, ("attention", index))

    def entry(self, item: Any, stages: tuple[str, ...], path: Path) -> Entry | None:
        data = self.mapping(f"attention[{path[-1]}]", item, path)
        if data is None:
            return None
        self.keys(f"attention[{path[-1]}]", data, _ENTRY_KEYS, path)
        chosen = self.stages(data.get("stages", "all"), stages, (*path, "stages"))
        here = _Here(chosen[0] if chosen else None)
        given = self.positions(data.get("positions"), here, (*path, "positions"))
        share: tuple[Value, ...] = ()
        if SHARE in data:
            share = self.values(f"attention[{path[-1]}]", SHARED, data[SHARE], (*path, SHARE))
        if data.get("types") in (None, {}):
            where = (*path, "types") if "types" in data else path
            self.say("types is empty: name at least one attention type", where)
            return None
        types = self.mapping("types", data["types"], (*path, "types"))
        if types is None:
            return None
        here = replace(here, given=given, share=share)
        return Entry(chosen, self.offers(types, here, (*path, "types")))

    def stages(self, value: Any, stages: tuple[str, ...], path: Path) -> tuple[str, ...]:
        """Stages by number, or what lies before or behind them by name, which stands alone."""
        if value == "all":
            return self.all_stages(stages, path)
        found = self.items("stages", value, path)
        chosen = []
        for item, where in found:
            if item in SINGLE.values() and len(found) > 1:
                self.say(f"{item} has a position of its own: give it its own entry", where)
            elif item in SINGLE.values():
                return (item,)
            elif type(item) is int and (1 <= item <= len(stages) or (item >= 1 and not stages)):
                chosen.append(f"stage{item}")
            elif isinstance(item, str) and self.row is not None and self.row.traced:
                if len(found) == 1:
                    return (item,)
                self.say(f"{item} names a module: give it its own entry", where)
            else:
                allowed = f"all, {', '.join(SINGLE.values())}, 1 to {len(stages)}"
                self.say(f"stage {shown(item)} is not there; allowed: {allowed}", where)
        return tuple(stage for stage in stages or sorted(chosen) if stage in chosen)

    def all_stages(self, stages: tuple[str, ...], path: Path) -> tuple[str, ...]:
        """All of them, where they are known without building the backbone."""
        if not stages:
            text = "all needs a backbone whose stages are known before it is built; name stages:"
            self.say(f"{text} 1, [1, 2], … ('nas inspect' lists them)", path)
        return stages

    def positions(
        self, value: Any, here: _Here, path: Path, name: str | None = None
    ) -> tuple[str, ...] | None:
        """Positions by name, for one type or for a whole entry; None where nothing is said."""
        if value is None:
            return None
        found = []
        for item, where in self.items("positions", value, path):
            if self.allowed(name, item, here, where):
                found.append(item)
        return tuple(found)

    def allowed(self, name: str | None, position: Any, here: _Here, path: Path) -> bool:
        """Whether a position exists in the entry's stages and takes this type, if one is named."""
        try:
            if name is None:
                known_position(position)
            else:
                check_position(name, position)
            here.check(position)
        except SpaceError as error:
            self.errors.append(error.under(*path))
            return False
        return True

    def offers(self, types: Mapping[Any, Any], here: _Here, path: Path) -> tuple[Offer, ...]:
        offers: list[Offer] = []
        for key, value in types.items():
            name = NONE if key is None else key
            if any(offer.name == name for offer in offers):
                self.say(f"types lists {name} twice", (*path, step(name)))
                continue
            offer = self.offer(name, value, here, (*path, step(name)))
            if offer is not None:
                offers.append(offer)
        return tuple(offers)

    def offer(self, name: Any, value: Any, here: _Here, path: Path) -> Offer | None:
        if name == NONE:
            if value not in (None, {}):
                self.say("none has no axes and no positions", path)
            return Offer(NONE)
        kind = self.attempt(path, lambda: attention_type(name))
        data = self.mapping(str(name), {} if value is None else value, path)
        if kind is None or data is None:
            return None
        positions = self.positions(data.get("positions"), here, (*path, "positions"), name)
        if positions is None:
            given = here.defaults(kind) if here.given is None else here.given
            positions = tuple(p for p in given if self.allowed(name, p, here, path))
        axes = {key: item for key, item in data.items() if key != "positions"}
        inside = tuple(position for position in positions if position in IN_BLOCKS)
        if inside and here.share:
            axes.setdefault(SHARE, here.share)
        elif SHARE in axes and positions and not inside:
            text = f"{name}.{SHARE} has no meaning here: it needs position {_words(IN_BLOCKS)}"
            self.say(text, (*path, SHARE))
        *own, share = self.axes(name, (*kind.axes, SHARED), axes, path)
        return Offer(name, (*own, *_offered_share(share, positions, inside)), positions)

    def axes(
        self, owner: str, table: tuple[Axis, ...], given: Mapping[Any, Any], path: Path
    ) -> tuple[OfferedAxis, ...]:
        names = [axis.name for axis in table]
        for key in given:
            if key not in names:
                self.say(unknown(f"axis of {owner}", key, names), (*path, step(key)))
        offered: dict[str, OfferedAxis] = {}
        for axis in table:
            values: tuple[Value, ...] = (axis.default,)
            if axis.name in given:
                values = self.values(owner, axis, given[axis.name], (*path, axis.name))
            if _reachable(axis, offered):
                offered[axis.name] = OfferedAxis(axis.name, values, axis.when)
            elif axis.name in given and axis.when is not None:
                other, needed = axis.when
                text = f"{owner}.{axis.name} has no meaning here: it needs {other} {_words(needed)}"
                self.say(text, (*path, axis.name))
        count = prod(len(axis.values) for axis in offered.values())
        if count > MOST_CHOICES:
            self.say(
                f"{owner} has {count:,} combinations of values; allowed: at most {MOST_CHOICES:,}",
                path,
            )
        return tuple(offered.values())

    def values(self, owner: str, axis: Axis, value: Any, path: Path) -> tuple[Value, ...]:
        accepted = []
        for item, where in self.items(f"{owner}.{axis.name}", value, path):
            if isinstance(item, str | int | float | bool) and axis.accepts(item):
                accepted.append(item)
            else:
                self.say(refused(owner, axis, item), where)
        return tuple(accepted)


def _offered_share(
    share: OfferedAxis, positions: tuple[str, ...], inside: tuple[str, ...]
) -> tuple[OfferedAxis, ...]:
    """The axis where it may be true, false first; it exists at the positions in blocks alone."""
    if True not in share.values:
        return ()
    when = None if inside == positions else (POSITION, inside)
    values = tuple(sorted(share.values, key=bool))
    return (replace(share, values=values, when=when, quiet=True),)


def _reachable(axis: Axis, offered: Mapping[str, OfferedAxis]) -> bool:
    """Whether some offered value of the axis that this one hangs on lets it exist."""
    if axis.when is None:
        return True
    other = offered.get(axis.when[0])
    return other is not None and any(value in axis.when[1] for value in other.values)


def _all_stages() -> tuple[str, ...]:
    """The longest list of stages, to go on reading when the backbone is not known."""
    return max((row.stages for row in BACKBONES.values()), key=len)


def _words(values: Iterable[object]) -> str:
    return " or ".join(str(value) for value in values)
