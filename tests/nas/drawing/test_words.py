import pytest

from nas.drawing.words import FAMILIES, added, axes, exact, share, short
from search_spaces.architecture import Choice
from search_spaces.catalogue import CATALOGUE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.00 k"),
        (9_996, "10.0 k"),
        (99_960, "100 k"),
        (999_600, "1.00 M"),
        (-1_234_567, "−1.23 M"),
        (5_440_000_000, "5.44 G"),
        (2 * 10**12, "2.00 T"),
    ],
)
def test_short_has_three_digits_and_a_unit(value, text):
    assert short(value) == text


def test_what_is_added_has_its_sign():
    assert [added(v) for v in (5, 0, -5)] == ["+5", "0", "−5"]
    assert [exact(v) for v in (1234, 0, -1234)] == ["+1,234", "0", "−1,234"]


def test_a_share_is_never_rounded_to_nothing():
    assert [share(p, 1000) for p in (0, 1, 16, -16)] == ["0.0 %", "0.1 %", "1.6 %", "−1.6 %"]
    assert share(1, 10_000) == "<0.1 %" and share(-1, 10_000) == "−<0.1 %"


def test_axes_are_words_and_every_family_has_a_sentence():
    assert axes(Choice.of("x", {"scale": True, "ratio": 4})) == ["ratio 4", "scale true"]
    assert {kind.family for kind in CATALOGUE.values()} <= set(FAMILIES)
