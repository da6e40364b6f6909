from dataclasses import replace

from nas.analysis.effects import Effect, Effects, Range
from nas.placement_page import placement_page

COST = {
    "forward_flops": Range(0.02, 0.01, 0.03),
    "parameters": None,
    "latency_ms": None,
}
GAIN = Effect("stage1", "pre_add", "se", 4, Range(0.012, 0.005, 0.019), COST, 0.01)
LOSS = replace(GAIN, stage="stage2", accuracy=Range(-0.02, -0.024, -0.016))
NOISE = replace(GAIN, type="eca", adjusted=0.6)
FOUND = Effects("a<b", 12, 30, (2, 4), (GAIN, NOISE, LOSS), ())


def test_a_cell_tells_effect_interval_and_cost_and_marks_what_is_more_than_noise():
    page = placement_page(FOUND, "forward_flops")
    assert '<td class="gain">+1.2 ± 0.7<small>+2.0 %</small></td>' in page
    assert '<td class="loss">−2.0 ± 0.4<small>+2.0 %</small></td>' in page
    assert '<td class="">+1.2 ± 0.7<small>+2.0 %</small></td>' in page
    assert page.index(">eca<") < page.index(">se<")


def test_a_place_without_a_type_has_an_empty_cell_and_words_are_escaped():
    page = placement_page(FOUND, "parameters")
    row = page[page.index("stage2.pre_add") :]
    assert row.index('<td class="none"></td>') < row.index('<td class="loss">−2.0 ± 0.4</td>')
    assert "Job a&lt;b: what each attention type does" in page
    assert "backbone's parameters" in page.replace("&#x27;", "'")


def test_too_few_architectures_are_said():
    page = placement_page(replace(FOUND, effects=()), "parameters")
    assert "too few or too alike" in page
