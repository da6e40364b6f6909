import re

import pytest

from dashboard.charts.importance import importance_chart, importance_table
from dashboard.charts.placements import _nice, placement_map, placements_chart
from dashboard.snapshot import Snapshot
from nas.analysis.effects import Effect, Effects, Range
from nas.analysis.front import Front


def effect(stage, position, kind, points, error, adjusted, cost=0.01):
    low, high = points - error, points + error
    found = Range(points / 100, low / 100, high / 100)
    shares = Range(cost, cost, cost)
    return Effect(
        *(stage, position, kind, 9, found),
        {"forward_flops": shares, "parameters": None, "latency_ms": None},
        adjusted,
    )


@pytest.fixture
def found():
    listed = (
        effect("stage2", "pre_add", "se", 3.0, 1.0, 0.001),
        effect("stage1", "post_add", "se", -1.2, 0.5, 0.01),
        effect("stage1", "pre_add", "eca", 0.4, 2.0, 1.0),
        effect("stem", "stem_end", "se", 0.0, 2.0, 1.0, cost=-0.02),
    )
    return Effects("job", 40, 120, (3, 12), listed, ())


@pytest.fixture
def arranged(found):
    front = Front("job", "forward_flops", {"accuracy": 0.1, "cost": 1.0}, None, ())
    return placement_map(found, front)


def test_rows_go_from_the_stem_to_the_head_and_columns_by_name(arranged):
    assert arranged.types == ("eca", "se")
    assert [(row.stage, row.position, row.span) for row in arranged.rows] == [
        ("stem", "stem_end", 1),
        ("stage1", "pre_add", 2),
        ("stage1", "post_add", 0),
        ("stage2", "pre_add", 1),
    ]


def test_a_cell_has_the_effect_its_error_and_its_cost(arranged):
    cell = arranged.rows[3].cells[1]
    assert (cell.points, cell.error, cell.cost) == ("+3.0", "1.0", "+1.0 %")
    assert arranged.rows[0].cells[1].cost == "−2.0 %"
    assert arranged.rows[3].cells[0] is None


def test_only_what_can_be_told_from_zero_is_coloured(arranged):
    bands = {row.stage + row.position: [c and c.band for c in row.cells] for row in arranged.rows}
    assert bands["stage2pre_add"] == [None, "plus-3"]
    assert bands["stage1post_add"] == [None, "minus-2"]
    assert bands["stage1pre_add"] == ["", None]
    assert arranged.separable == 2


def test_the_legend_covers_the_scale_without_gaps(arranged):
    assert arranged.legend == [
        ("minus-3", "−2 and less"),
        ("minus-2", "−1 to −2"),
        ("minus-1", "0 to −1"),
        ("plus-1", "0 to +1"),
        ("plus-2", "+1 to +2"),
        ("plus-3", "+2 and more"),
    ]


def test_glyphs_share_one_scale_and_stay_inside(arranged):
    assert arranged.span == 2.0 or arranged.span == 5.0
    ends = [cell.ends for row in arranged.rows for cell in row.cells if cell]
    assert all(0 <= low <= mean <= high <= 100 for low, mean, high in ends)
    assert arranged.rows[0].cells[1].ends[1] == 50


@pytest.mark.parametrize(("value", "nice"), [(0.3, 0.5), (1, 1), (1.2, 2), (4.1, 5), (70, 100)])
def test_ends_of_scales_are_round(value, nice):
    assert _nice(value) == pytest.approx(nice)


def test_a_real_jobs_map_counts_who_is_on_the_front(store, add_job):
    kinds = ("se", "eca", "cbam")
    trials = [
        {
            "flops": 10**6 * (1 + i),
            "accuracy": 0.8 + i / 100,
            "width": 4 * (1 + i // 3),
            "attention": f"stage{1 + i % 3}:{kinds[i % 2]} stage{1 + (i + 1) % 3}:cbam",
        }
        for i in range(12)
    ]
    seen = Snapshot(store, add_job(store, trials))
    arranged = placement_map(seen.effects, seen.front)
    on_front = sum(cell.on_front for row in arranged.rows for cell in row.cells if cell)
    assert on_front == 24, "all twelve are on the front, with attention at two places each"
    table = placements_chart(seen)["table"]
    assert len(table["rows"]) == len(seen.effects.effects)
    assert {len(row) for row in table["rows"]} == {len(table["columns"])}


def test_axes_are_ordered_by_what_they_explain_of_accuracy(store, add_job):
    trials = [
        {"flops": 10**6 * w + i, "accuracy": 0.5 + w / 50, "width": w, "depth": 8 + 6 * (i // 3)}
        for i, w in enumerate((4, 8, 16) * 4)
    ]
    seen = Snapshot(store, add_job(store, trials))
    table = importance_table(seen.effects)
    assert table.objectives == ("accuracy", "forward_flops", "parameters")
    assert table.rows[0][0] == "width"
    assert table.rows[-1][0] == "the rest"
    assert len(importance_chart(seen)["table"]["rows"]) == 3 * len(table.rows)


def test_the_page_has_the_map_or_says_what_is_missing(browse, store, add_job):
    add_job(store, [], name="new", state="queued")
    assert "No effects yet" in browse.get("/jobs/new/placements").text
    trials = [
        {
            "flops": 10**6 + i,
            "accuracy": 0.8 + i / 100,
            "width": 4 * (1 + i // 3),
            "attention": f"stage{1 + i % 3}:se",
        }
        for i in range(12)
    ]
    add_job(store, trials)
    page = browse.get("/jobs/synthetic/placements").text
    assert len(re.findall(r'<td class="(?:quiet|plus-.|minus-.)">', page)) == 3
    assert "separable" in page


def test_while_effects_are_worked_out_the_page_says_so(browse, store, add_job, monkeypatch):
    from dashboard.kept import NotYetError
    from dashboard.reader import Reader

    add_job(store)

    def soon(*_):
        raise NotYetError

    monkeypatch.setattr(Reader, "soon", soon)
    page = browse.get("/jobs/synthetic/placements").text
    assert 'data-again="2"' in page
    assert "being worked out" in page
