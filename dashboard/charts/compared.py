"""Jobs side by side: their fronts in one picture, and what each had reached for what it spent."""

from __future__ import annotations

from dashboard.charts.curves import SYMBOLS, upright
from dashboard.charts.payload import LINES, Column, Json, payload, percent, thinned
from nas.analysis.course import Measure
from nas.analysis.names import names_for
from nas.analysis.side_by_side import SideBySide
from nas.figures import COST_TITLES, cost_ticks, hover

#: Points of one hypervolume's line; a longer one is thinned.
_MOST = 400

_SPENT = {"epochs": "Epochs trained by the search", "seconds": "Minutes that workers were held"}
_FRONT_COLUMNS = (
    Column("Job", number=False),
    Column("Trial"),
    Column("Architecture", number=False),
    Column("Accuracy", "%"),
    Column("Mean over further seeds", "%"),
    Column("Low", "%"),
    Column("High", "%"),
)


def fronts_chart(found: SideBySide) -> Json:
    """Accuracy against cost: the front of each job within the budget that all have."""
    objective = found.sides[0].front.objective
    columns = (*_FRONT_COLUMNS, Column(COST_TITLES[objective]))
    if not found.overlaid:
        why = "These fronts have no common axes: see in what the jobs differ."
        return payload({"data": [], "layout": {}}, columns, [], empty=why)
    traces: list[Json] = []
    rows: list[list[object]] = []
    for place, side in enumerate(found.sides):
        points = side.front.points
        names = names_for(points, (step.trial.architecture for step in side.course.steps))
        told = [names.full(point) for point in points]
        colour = LINES[place]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": side.name,
                "x": [point.cost(objective) for point in points],
                "y": [100 * point.accuracy for point in points],
                "text": [
                    f"{side.name}, trial {p.trial}<br>{_plain(words)}"
                    for p, words in zip(points, told, strict=True)
                ],
                "line": {"color": colour, "width": 2, "shape": "hv"},
                "marker": {"symbol": SYMBOLS[place], "size": 10},
                "hovertemplate": hover(objective),
            }
        )
        rows += [
            [
                side.name,
                p.trial,
                words,
                *map(percent, (p.accuracy, p.accuracy_mean, p.accuracy_low, p.accuracy_high)),
                p.cost(objective),
            ]
            for p, words in zip(points, told, strict=True)
        ]
    layout = {
        "xaxis": {
            "title": {"text": COST_TITLES[objective]},
            **cost_ticks([cost for trace in traces for cost in trace["x"]]),
        },
        "yaxis": {"title": {"text": "Validation accuracy (%)"}},
    }
    figure = {"data": [trace for trace in traces if trace["x"]], "layout": layout}
    note = "Each front as it stood at the equal budget; up and to the left is better."
    return payload(figure, columns, rows, note=note, empty="No trial was finished by then.")


def hypervolumes_chart(found: SideBySide) -> Json:
    """The hypervolume of each job over what its search had spent."""
    columns = (
        Column("Job", number=False),
        Column(_SPENT[found.measure]),
        Column("Hypervolume"),
    )
    if found.reference is None:
        why = "Without common axes there is no common hypervolume: see in what the jobs differ."
        return payload({"data": [], "layout": {}}, columns, [], empty=why)
    traces: list[Json] = []
    rows: list[list[object]] = []
    for place, side in enumerate(found.sides):
        _, *steps = side.course.hypervolumes(found.measure, found.reference)
        if not steps:
            continue
        steps.append((side.course.spent(found.measure), steps[-1][1]))
        drawn = thinned(steps, _MOST)
        amounts = [scaled(spent, found.measure) for spent, _ in drawn]
        volumes = [round(value, 5) for _, value in drawn]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": side.name,
                "x": amounts,
                "y": volumes,
                "line": {
                    "color": LINES[place],
                    "width": 2,
                    "shape": "hv",
                    "dash": ("solid", "dash", "dot", "dashdot")[place % 4],
                },
                "hovertemplate": "%{fullData.name}<br>%{y:.3f} at %{x:,.4~g}<extra></extra>",
            }
        )
        rows += [[side.name, *pair] for pair in zip(amounts, volumes, strict=True)]
    budget = scaled(found.budget, found.measure)
    layout = {
        "xaxis": {"title": {"text": _SPENT[found.measure]}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "Hypervolume (share of the box)"}},
        "shapes": [upright(budget)],
    }
    note = (
        "Share of the box between reference and ideal that each front dominates. Dotted: the "
        f"equal budget, {budget:,.4g}; what lies right of it counts for nothing here."
    )
    return payload(
        {"data": traces, "layout": layout}, columns, rows, note=note, empty="Nothing to draw yet."
    )


def scaled(spent: float, measure: Measure) -> float:
    """Epochs as they are, seconds in minutes."""
    return spent if measure == "epochs" else round(spent / 60, 4)


def _plain(words: str) -> str:
    """Plotly reads a little HTML in hover texts."""
    return words.replace("&", "&amp;").replace("<", "&lt;")
