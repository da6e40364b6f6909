"""The placement map as one HTML page: what each attention type does at each place."""

from __future__ import annotations

from html import escape

from nas.analysis.effects import Effect, Effects
from nas.analysis.people import COST_WORDS, bare, signed, signed_share
from nas.figures import Colours
from search_spaces.attention_type import POSITIONS

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Placement map</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; margin: 1.5rem; color: #1c2430; background: #fff }}
table {{ border-collapse: separate; border-spacing: 3px }}
caption {{ text-align: left; max-width: 60rem; margin-bottom: .8rem }}
th {{ text-align: left; font-weight: 600; padding: .3rem .6rem }}
td {{ background: #f2f4f7; padding: .3rem .6rem; white-space: nowrap }}
td small {{ display: block; color: #4a5565 }}
td.none {{ background: none }}
td.gain {{ box-shadow: inset 5px 0 {gain} }}
td.loss {{ box-shadow: inset 5px 0 {loss} }}
</style>
<table><caption>{caption}</caption>
<thead><tr><th scope="col">place</th>{head}</tr></thead>
<tbody>{rows}</tbody></table></html>
"""


def placement_page(found: Effects, objective: str) -> str:
    """A row a place, a column a type; needs no network and no script.

    Args:
        found: the effects of a job.
        objective: the cost whose share each cell tells.
    """
    at = {(effect.stage, effect.position, effect.type): effect for effect in found.effects}
    types = sorted({effect.type for effect in found.effects})
    stages = [effect.stage for effect in found.effects]
    places = sorted(
        {(effect.stage, effect.position) for effect in found.effects},
        key=lambda place: (stages.index(place[0]), POSITIONS.index(place[1])),
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(stage)}.{escape(position)}</th>'
        + "".join(_cell(at.get((stage, position, kind)), objective) for kind in types)
        + "</tr>\n"
        for stage, position in places
    )
    colours = Colours()
    return _PAGE.format(
        gain=colours.front,
        loss=colours.baselines,
        caption=escape(_caption(found, objective)),
        head="".join(f'<th scope="col">{escape(kind)}</th>' for kind in types),
        rows=rows,
    )


def _caption(found: Effects, objective: str) -> str:
    if not found.effects:
        return (
            f"Job {found.job} has {found.architectures} trained architectures, too few or too alike"
            " to tell what a type does at a place."
        )
    return (
        f"Job {found.job}: what each attention type does at each place against nothing there, in "
        f"points of accuracy after {found.rungs[-1]} epochs (95 % interval), and its share of the "
        f"backbone's {COST_WORDS[objective]}. A bar marks what is more than noise; from "
        f"{found.observations} accuracies of {found.architectures} architectures."
    )


def _cell(effect: Effect | None, objective: str) -> str:
    if effect is None:
        return '<td class="none"></td>'
    seen, cost = effect.accuracy, effect.cost[objective]
    mark = ("gain" if seen.mean > 0 else "loss") if effect.separable else ""
    told = f"{signed(seen.mean)} ± {bare((seen.high - seen.low) / 2)}"
    small = "" if cost is None else f"<small>{escape(signed_share(cost.mean))}</small>"
    return f'<td class="{mark}">{told}{small}</td>'
