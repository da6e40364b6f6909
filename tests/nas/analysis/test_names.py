from nas.analysis.front import Point
from nas.analysis.names import Names


def built(width=8, stride=1, **places):
    attention = {f"{at}.pre_add": {"type": kind, "ratio": r} for at, (kind, r) in places.items()}
    backbone = {"name": "cifar_resnet", "width": width, "stem_stride": stride}
    return {"backbone": backbone, "attention": attention}


def backbones(*architectures):
    return [architecture["backbone"] for architecture in architectures]


def point(architecture, label=""):
    kind = "baseline" if label else "search"
    return Point(7, kind, label, 0.9, 1, 1, None, architecture)


def test_what_never_varies_goes_without_saying():
    narrow, wide = built(4), built(8, stage1=("se", 2))
    names = Names.of([narrow, wide], backbones(narrow, wide))
    assert names.full(point(wide)) == "se in stage1, width 8"
    assert names.short(point(wide)) == "se in stage1"
    assert names.full(point(narrow)) == names.short(point(narrow)) == "no attention, width 4"


def test_without_axes_that_vary_there_is_only_the_attention():
    only = built()
    assert Names.of([only], backbones(only)).full(point(only)) == "no attention"


def test_axes_of_attention_are_named_where_names_would_be_equal():
    low, high, other = (built(stage1=("se", 2)), built(stage1=("se", 4)), built(stage2=("eca", 3)))
    names = Names.of([low, high, other], backbones(low, high, other))
    assert names.full(point(low)) == "se (ratio 2) in stage1"
    assert names.full(point(high)) == "se (ratio 4) in stage1"
    assert names.full(point(other)) == "eca in stage2"


def test_a_rule_goes_by_its_name():
    rule = built(4, stage1=("se", 2))
    names = Names.of([rule], backbones(rule, built(8)))
    assert names.full(point(rule, "se everywhere")) == "se everywhere, width 4"
