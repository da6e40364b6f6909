"""Which context type may stand where, cell by cell, as the literature and its code have it."""

import pytest

from search_spaces.catalogue import POSITIONS
from search_spaces.rows.context import CONTEXT

BETWEEN_BLOCKS = {"stem_end", "post_add", "stage_end", "backbone_end"}
TABLE = {
    "non_local": BETWEEN_BLOCKS,
    "a2": BETWEEN_BLOCKS,
    "cca": BETWEEN_BLOCKS,
    "danet": BETWEEN_BLOCKS,
    "gc": BETWEEN_BLOCKS | {"after_3x3", "pre_add"},
    "encoder": {"stage_end", "backbone_end"},
}


def test_every_row_is_in_the_table():
    assert set(TABLE) == set(CONTEXT)


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("name", TABLE)
def test_a_type_stands_where_the_table_says(name, position):
    assert (position in CONTEXT[name].positions) == (position in TABLE[name])


@pytest.mark.parametrize("name", CONTEXT)
def test_all_are_context_and_none_starts_on_the_shortcut(name):
    assert CONTEXT[name].family == "context"
    assert CONTEXT[name].default_position in ("pre_add", "post_add", "stage_end")
    assert CONTEXT[name].guards
