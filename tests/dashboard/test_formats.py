import pytest

from dashboard import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (950, "950"),
        (999.6, "1 k"),
        (1_000, "1 k"),
        (4_040_000, "4.04 M"),
        (2.5e12, "2.5 T"),
    ],
)
def test_large_numbers_have_three_digits_and_a_prefix(value, text):
    assert formats.si(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (95, "1 min 35 s"), (59.6, "1 min 0 s"), (7_260, "2 h 1 min")],
)
def test_durations_are_in_the_two_largest_units(seconds, text):
    assert formats.duration(seconds) == text


def test_shares_are_percent():
    assert formats.percent(0.95123) == "95.12 %"
    assert formats.percent(None) == "–"


def test_moments_name_their_time_zone():
    assert formats.moment("2026-01-31T12:05:00Z") == "31 Jan 2026, 12:05 UTC"


def test_ended_trials_are_those_that_will_not_go_on():
    trials = {"done": 3, "pruned": 2, "failed": 1, "running": 4, "waiting": 5}
    assert formats.ended({"trials": trials}) == 6


def test_what_was_spent_of_each_limit():
    job = {
        "trials": {"done": 30, "pruned": 10, "failed": 0},
        "budget": {"trials": 48, "epochs": 120, "wall_clock": 0.5, "cpu_hours": None}
        | {"gpu_hours": None},
        "spent": {"epochs": 80.0, "wall_clock": 0.6, "cpu_hours": 0.1, "gpu_hours": 0.0},
    }
    told = formats.limits(job)
    assert [limit["words"] for limit in told] == [
        "40 of 48 trials",
        "epochs 80 of 120",
        "wall clock 36 min of 30 min",
    ]
    assert all(0 <= limit["used"] <= limit["most"] for limit in told)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (None, 2, "–"),
        (1200, 0, "1,200"),
        (93.75, 2, "93.75"),
        (80, 2, "80.00"),
        (0.12345, 4, "0.1235"),
        ("se", 0, "se"),
    ],
)
def test_values_under_a_chart(value, decimals, text):
    assert formats.cell(value, decimals) == text
