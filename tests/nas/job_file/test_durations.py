import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.job_file.durations import hours_of, in_words


@pytest.mark.parametrize(
    ("given", "hours"),
    [
        (2, 2.0),
        (0.5, 0.5),
        ("90m", 1.5),
        ("2h", 2.0),
        ("1d", 24.0),
        ("1h30m", 1.5),
        ("1d12h", 36.0),
        ("45s", 45 / 3600),
        ("1.5h", 1.5),
        (" 2h ", 2.0),
    ],
)
def test_numbers_are_hours_and_texts_have_units(given, hours):
    assert hours_of(given) == pytest.approx(hours)


@pytest.mark.parametrize(
    "wrong",
    ["", "2", "h", "90 m", "m90", "30m1h", "2h2h", "2hours", "-2h", "1:30", "inf", "0h", "１h",
     0, -1, True, None, [2], float("inf"), float("nan")],
)  # fmt: skip
def test_what_is_no_duration_is_named_with_what_is_allowed(wrong):
    with pytest.raises(ValueError, match="is not a duration; allowed: hours") as got:
        hours_of(wrong)
    assert str(got.value).startswith(repr(wrong))


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_units_add_up(days, hours, minutes, seconds):
    found = hours_of(f"{days}d{hours}h{minutes}m{seconds}s")
    assert found * 3600 == pytest.approx(86400 * days + 3600 * hours + 60 * minutes + seconds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (1.5, "1.5 s"),
        (42, "42 s"),
        (59.9, "1 min"),
        (200, "3 min 20 s"),
        (3599.8, "1 h"),
        (7500, "2 h 5 min"),
        (90000, "25 h"),
    ],
)
def test_words(seconds, words):
    assert in_words(seconds / 3600) == words
