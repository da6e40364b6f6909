from nas.cli.output import Table
from nas.cli.space_drawing import draw
from search_spaces.architecture import TaskShape
from search_spaces.space import SearchSpace

SPACE = SearchSpace.from_dict(
    {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": [4, 8]},
        "attention": [
            {"stages": [2], "types": {"none": None, "se": {"ratio": [2, 4]}}},
            {"stages": [2, 3], "types": {"none": None, "bam": {"ratio": 2}}},
            {"stages": "backbone", "types": {"none": None, "eca": None}},
        ],
    }
)


def test_grid_has_each_type_where_it_may_stand():
    grid = next(part for part in draw("mine", SPACE, None).parts if isinstance(part, Table))
    assert grid.columns == ("stage", "pre_add", "stage_end", "backbone_end")
    assert grid.rows == [
        ("stage1", "-", "-", "-"),
        ("stage2", "se", "bam", "-"),
        ("stage3", "-", "bam", "-"),
        ("backbone", "-", "-", "eca"),
    ]


def test_tree_indents_what_hangs_on_another_choice():
    text = "\n".join(part for part in draw("mine", SPACE, None).parts if isinstance(part, str))
    assert "\n  stage2.type: none | se\n    stage2.se.ratio: 2 | 4\n" in text


def test_costs_only_with_a_shape():
    assert draw("mine", SPACE, None).data["cost_range"] is None
    costs = draw("mine", SPACE, TaskShape(1, 8, 8, 10)).data["cost_range"]
    assert costs["forward_flops"][0] < costs["forward_flops"][1]
