import json

import pytest

from nas.errors import JobFileError
from nas.job_file.baselines import read_baselines
from nas.job_file.reading import parse
from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.errors import SpaceErrors

JOB = """\
name: small
space:
  backbone: {name: cifar_resnet, depth: 8, width: [4, 8]}
  attention:
    - types: {none: , se: {ratio: 4}}
search:
  trials: 6
"""


def baselines(text):
    return parse(JOB + text).search.baselines


def problems(text):
    with pytest.raises(JobFileError) as caught:
        parse(JOB + text)
    return [(p.line, p.path, p.message) for p in caught.value.problems]


def test_all_rules_are_the_default_and_short_forms_mean_the_long_one():
    assert baselines("") == baselines("  baselines: true\n") == {"rules": True, "own": {}}
    assert baselines("  baselines: off\n") == {"rules": False, "own": {}}
    assert baselines("  baselines: [none, se late]\n")["rules"] == ["none", "se late"]


def test_the_full_form_reads_back_as_itself():
    text = """\
  baselines:
    rules: [none, last k]
    own:
      end: {attention: {stage3.pre_add: se}}
      wide: {backbone: {width: 8}, attention: {stage1.post_add: {type: eca, kernel_size: 3}}}
"""
    found = baselines(text)
    assert read_baselines(found) == found
    assert found["own"]["end"]["attention"] == {"stage3.pre_add": {"type": "se", "ratio": 16}}
    spec = parse(JOB + text)
    assert type(spec).model_validate(spec.model_dump(mode="json")) == spec


def test_a_file_that_draw_or_export_wrote_is_read_at_once(tmp_path):
    made = Architecture.of(
        Choice.of("cifar_resnet", {"depth": 14, "width": 8}),
        {Placement("stage2", "pre_add"): Choice.of("se", {"ratio": 4})},
        "paper",
    )
    exported, drawn = tmp_path / "architecture.json", tmp_path / "drawn.json"
    exported.write_text(made.to_json())
    drawn.write_text(json.dumps({"architecture": made.to_dict(), "shape": {}}))
    found = read_baselines({"own": {"a": str(exported), "b": str(drawn)}})["own"]
    assert found["a"] == found["b"]
    assert found["a"]["backbone"] == {"name": "cifar_resnet", "depth": 14, "width": 8}
    assert found["a"]["start"] == "paper"


def test_what_is_wrong_is_told_at_its_place():
    found = problems("""\
  baselines:
    rules: [none, se lat]
    own:
      a: {attention: {stage3.pre_add: sse}}
      b: {attention: {stage3.pre_add: {type: se, ratoi: 4}}}
      c: {attention: {stage3.replace_3x3: se}}
      d: {placements: {}}
      se late: {attention: {}}
      e: nowhere.json
""")
    by_path = {path: (line, message) for line, path, message in found}
    assert by_path["search.baselines.rules[1]"][0] == 9
    assert "did you mean 'se late'?" in by_path["search.baselines.rules[1]"][1]
    assert by_path["search.baselines.own.a.attention.stage3.pre_add"][0] == 11
    assert any("ratoi" in message for _, _, message in found)
    assert any("se can't stand at replace_3x3" in message for _, _, message in found)
    assert any("attention is missing" in message for _, _, message in found)
    assert any("can't be a label" in message for _, _, message in found)
    assert by_path["search.baselines.own.e"] == (16, "nowhere.json does not exist")


def test_what_the_spaces_backbone_does_not_have_is_told_at_its_place():
    found = problems("""\
  baselines:
    own:
      a: {attention: {stage4.pre_add: se}}
      b: {backbone: {widht: 8}, attention: {}}
      c: {backbone: {name: resnet81}, attention: {}}
""")
    by_path = {path: (line, message) for line, path, message in found}
    assert by_path["search.baselines.own.a.attention.stage4.pre_add"] == (
        10,
        "cifar_resnet has no stage4.pre_add: its stages are stage1, stage2, stage3",
    )
    assert any("did you mean 'width'?" in message for _, message in by_path.values())
    assert any("did you mean 'resnet18'?" in m or "resnet" in m for _, m in by_path.values())


@pytest.mark.parametrize("value", [3, "all", {"rules": "none"}, {"own": ["x"]}, {"rule": True}])
def test_other_forms_are_refused(value):
    with pytest.raises(SpaceErrors):
        read_baselines(value)
