"""``nas effects``: what each attention type does where, and which axes matter."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from nas.cli.opened import opened_job
from nas.cli.output import Output, Part, Table, output_option

if TYPE_CHECKING:
    from nas.analysis.effects import Effect, Effects, Range
    from nas.analysis.importance import Importance


@click.command()
@click.argument("job")
@output_option
def effects(job: str, output: Output) -> None:
    """Print what each attention type does at each placement of JOB, and which axes matter."""
    from nas.analysis.effects import effects as effects_of_job

    with opened_job(job) as (store, found):
        made = effects_of_job(store, found)
    output.emit(made.to_dict(), lambda: _parts(made))


def _parts(made: Effects) -> list[Part]:
    from nas.analysis.effects import FEWEST

    if not made.effects:
        return [
            f"{made.job} has {made.architectures} trained architectures, too few or too alike to "
            f"tell effects: it takes {FEWEST}, some of them trained to the end, some with attention"
        ]
    parts: list[Part] = [_effects(made), "", *_how_to_read(made)]
    if made.importance:
        parts += ["", _importance(made.importance), "", _how_to_read_importance()]
    return parts


def _effects(made: Effects) -> Table:
    from nas.analysis.people import COST_WORDS, difference_range
    from nas.store.records import COSTS

    costs = [name for name in COSTS if any(effect.cost[name] for effect in made.effects)]
    columns = ("stage", "position", "type", "trained", "accuracy, points (95 %)")
    rows = [
        [
            effect.stage,
            effect.position,
            effect.type,
            effect.architectures,
            difference_range(effect.accuracy.mean, effect.accuracy.low, effect.accuracy.high),
            *(_share(effect.cost[name]) for name in costs),
            "separable" if effect.separable else "",
        ]
        for effect in made.effects
    ]
    return Table([*columns, *(COST_WORDS[name] for name in costs), ""], rows)


def _share(cost: Range | None) -> str:
    from nas.analysis.people import signed_share

    return "" if cost is None else signed_share(cost.mean)


def _how_to_read(made: Effects) -> list[str]:
    return [
        f"against nothing at that placement, all else equal, after {made.rungs[-1]} epochs; from",
        f"{made.observations} accuracies of {made.architectures} architectures at all rungs. Costs "
        "are shares of the same backbone's.",
        "separable: p < 0.05, corrected for the number of rows (Holm); effects are drawn to none.",
    ]


def _importance(found: tuple[Importance, ...]) -> Table:
    from nas.analysis.people import COST_WORDS

    words = {"accuracy": "accuracy", **COST_WORDS}
    by_axis: dict[str, dict[str, str]] = {}
    for objective, group in groupby(found, key=lambda one: one.objective):
        for one in group:
            told = f"{100 * one.share:.0f} %"
            if objective == "accuracy":
                told += f" ({100 * one.low:.0f}–{100 * one.high:.0f})"
            by_axis.setdefault(one.axis, {})[objective] = told
    objectives = list(dict.fromkeys(one.objective for one in found))
    rows = [[axis, *(told.get(o, "") for o in objectives)] for axis, told in by_axis.items()]
    return Table(["share of the variance over the space", *(words[o] for o in objectives)], rows)


def _how_to_read_importance() -> str:
    return (
        "the rest: interactions and, of accuracy, the luck of one run. Costs are taken as "
        "logarithms."
    )


def strongest_lines(made: Effects) -> list[str]:
    """The three best told effects for the report, a line each."""
    if not made.effects:
        return []
    told = [_line(effect) for effect in made.strongest()]
    apart = sum(effect.separable for effect in made.effects)
    many = len(made.effects)
    if not apart:
        head = (
            f"None of {many} effects of a type at a placement can be told from none; the largest:"
        )
    else:
        head = f"{apart} of {many} effects of a type at a placement can be told from none:"
    return [head, *(f"- {line}" for line in told), f"all: nas effects {made.job}"]


def _line(effect: Effect) -> str:
    from nas.analysis.people import difference_range

    seen = effect.accuracy
    place = f"{effect.type} at {effect.stage}.{effect.position}"
    spent = _share(effect.cost["forward_flops"])
    told = f"{place}: {difference_range(seen.mean, seen.low, seen.high)} points"
    told += f", {spent} FLOPs" if spent else ""
    return told if effect.separable else f"{told}, not separable"
