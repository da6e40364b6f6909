"""Numbers of one column have one number of decimals."""

import pytest

from dashboard.charts.payload import Column, decimals, payload


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (Column("Accuracy", "%"), [86.458, 93.75, None, 80], 2),
        (Column("Effect", "points"), [0.1], 2),
        (Column("Trial"), [1, 20], 0),
        (Column("Forward FLOPs"), [4_040_000.0, 1_000_000.0], 0),
        (Column("Hypervolume"), [0.812345, 0.9], 4),
        (Column("Worker time", "s"), [1234.5678, 0.5], 1),
        (Column("Adjusted p"), [3e-9, 1e-9], 6),
        (Column("Loss"), [float("nan"), 2.3456], 3),
        (Column("Type", number=False), ["se", 0.5], 0),
        (Column("Mean", "%"), [None, None], 0),
    ],
)
def test_decimals_of_a_column_are_those_of_its_kind_and_size(column, values, expected):
    assert decimals(column, values) == expected


def test_a_table_tells_them_with_its_columns():
    table = payload({}, [Column("Trial"), Column("Test", "%")], [[1, 93.75], [2, None]])["table"]
    assert [column["decimals"] for column in table["columns"]] == [0, 2]
    assert table["rows"] == [[1, 93.75], [2, None]]
