import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.job_file.sizes import bytes_of, in_words


@pytest.mark.parametrize(
    ("given", "size"),
    [
        (1, 1),
        (2.5e6, 2_500_000),
        ("640", 640),
        ("20 GB", 20_000_000_000),
        ("20gb", 20_000_000_000),
        ("1.5 TiB", 3 * 2**39),
        (" 512MiB ", 2**29),
        ("3 kB", 3000),
    ],
)
def test_numbers_are_bytes_and_texts_have_units(given, size):
    assert bytes_of(given) == size


@pytest.mark.parametrize(
    "wrong",
    ["", "GB", "20 G", "20 GBit", "-1 GB", "0", "0 GB", "1e9", "1,5 GB", "２ GB", 0, 0.5, -1, True,
     None, [2], float("inf"), float("nan")],
)  # fmt: skip
def test_what_is_no_size_is_named_with_what_is_allowed(wrong):
    with pytest.raises(ValueError, match="is not a size; allowed: a number of bytes") as got:
        bytes_of(wrong)
    assert str(got.value).startswith(repr(wrong))


@pytest.mark.parametrize(
    ("size", "words"),
    [(640, "640 B"), (1500, "1.5 kB"), (20e9, "20 GB"), (999_600, "1 MB"), (5e15, "5,000 TB")],
)
def test_sizes_for_people(size, words):
    assert in_words(size) == words


@given(st.integers(1, 10**15))
def test_words_are_read_back_within_their_digits(size):
    assert bytes_of(in_words(size).replace(",", "")) == pytest.approx(size, rel=0.006)
