import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.architecture import Architecture, Choice, Placement, backbones_in

names = st.text("abcdefghij_0123456789", min_size=1, max_size=8)
values = st.one_of(st.integers(), st.booleans(), names, st.floats(allow_nan=False))
choices = st.builds(
    Choice.of, names, st.dictionaries(names.filter(lambda n: n not in ("name", "type")), values)
)
placements = st.builds(Placement, names, names)
architectures = st.builds(
    Architecture.of,
    choices,
    st.dictionaries(placements, choices, max_size=4),
    st.sampled_from(["identity", "paper"]),
)

EXAMPLE = Architecture.of(
    Choice.of("cifar_resnet", {"width": 16, "depth": 20}),
    {
        Placement("stage2", "pre_add"): Choice.of("se", {"ratio": 4}),
        Placement("stage1", "stage_end"): Choice.of("eca", {"kernel_size": "adaptive"}),
    },
)


@given(architectures)
def test_json_reads_back_to_the_same_value_and_hash(architecture):
    again = Architecture.from_json(architecture.to_json())
    assert again == architecture
    assert again.hash == architecture.hash
    assert again.to_json() == architecture.to_json()


def test_the_order_of_axes_and_placements_changes_nothing():
    other = Architecture.of(
        Choice.of("cifar_resnet", {"depth": 20, "width": 16}),
        dict(reversed(EXAMPLE.attention)),
    )
    assert other == EXAMPLE
    assert other.hash == EXAMPLE.hash


def test_the_hash_is_the_same_for_ever_and_in_every_process():
    assert EXAMPLE.hash == "d3c171fc24c2767a"
    code = "import sys; from search_spaces.architecture import Architecture as A;"
    code += "print(A.from_json(sys.argv[1]).hash)"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", code, EXAMPLE.to_json()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == EXAMPLE.hash


@pytest.mark.parametrize(
    "other",
    [
        Architecture(EXAMPLE.backbone, EXAMPLE.attention, "paper"),
        Architecture(EXAMPLE.backbone, EXAMPLE.attention[:1]),
        Architecture(Choice.of("cifar_resnet", {"width": 17, "depth": 20}), EXAMPLE.attention),
    ],
)
def test_every_part_is_in_the_hash(other):
    assert other.hash != EXAMPLE.hash


def test_another_format_is_refused():
    data = {**json.loads(EXAMPLE.to_json()), "format": 99}
    with pytest.raises(ValueError, match="format 99 is unknown"):
        Architecture.from_dict(data)


@pytest.mark.parametrize("text", ["stage1", ".pre_add", "stage1.", ""])
def test_a_placement_has_a_stage_and_a_position(text):
    with pytest.raises(ValueError, match="not of the form"):
        Placement.parse(text)


def test_words_say_what_it_is():
    assert str(Architecture(Choice("resnet18"))) == "resnet18 · no attention"
    assert "stage2.pre_add: se(ratio=4)" in str(EXAMPLE)


def test_sharing_is_part_of_a_choice_and_not_of_its_module():
    own, shared = Choice.of("se", {"ratio": 4}), Choice.of("se", {"ratio": 4, "share": True})
    assert (own.shared, shared.shared) == (False, True)
    assert own.module_axes() == shared.module_axes() == {"ratio": 4}
    place = Placement("stage1", "pre_add")
    first, second = (Architecture.of(Choice("resnet18"), {place: c}) for c in (own, shared))
    assert first.hash != second.hash
    assert Architecture.from_json(second.to_json()) == second


def test_a_placement_may_name_a_module_by_its_path():
    place = Placement.parse("features.4.block.1.output")
    assert place == Placement("features.4.block.1", "output")
    assert Placement.parse(str(place)) == place


@given(st.lists(architectures, max_size=5))
def test_backbones_are_read_without_the_rest(built):
    found = backbones_in(architecture.to_json() for architecture in built)
    assert all(architecture.to_dict()["backbone"] in found for architecture in built)
    assert len(found) <= len(built)
