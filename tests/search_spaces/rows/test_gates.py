"""Which of the first gates may stand where."""

import pytest

from search_spaces.catalogue import POSITIONS
from search_spaces.rows.gates import GATES

#: What the facts of SE and ECA allow beside what every gate may.
ON_THE_SHORTCUT = {"se", "eca"}


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("name", ["se", "eca", "cbam", "bam", "gsop"])
def test_a_gate_stands_everywhere_but_for_a_convolution(name, position):
    allowed = position != "replace_3x3" and (position != "shortcut" or name in ON_THE_SHORTCUT)
    assert (position in GATES[name].positions) == allowed


@pytest.mark.parametrize("name", GATES)
def test_all_are_gates(name):
    assert GATES[name].family == "gate"
    assert GATES[name].default_position in GATES[name].positions
