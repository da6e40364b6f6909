import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.architecture import TaskShape
from search_spaces.catalogue import CATALOGUE, complete, refusal
from search_spaces.errors import SpaceErrors
from search_spaces.guards import (
    MAX_CHANNELS,
    MAX_EARLY_CHANNELS,
    MAX_PAIRS,
    channel_kernel_fits,
    channel_map_fits,
    channel_map_is_cheap,
    criss_cross_map_fits,
    groups_divide,
    heads_divide,
    kernel_fits_channels,
    pairwise_map_fits,
    pool_fits,
    position_map_fits,
    ratio_fits,
)
from search_spaces.space import SearchSpace

sizes = st.integers(1, 128)


@given(sizes, sizes)
def test_a_ratio_leaves_a_channel(ratio, channels):
    assert (ratio_fits({"ratio": ratio}, channels, 4, 4) is None) == (channels // ratio >= 1)


@given(sizes.map(lambda n: 2 * n - 1), sizes)
def test_a_kernel_reaches_no_further_than_the_channels(size, channels):
    reason = kernel_fits_channels({"kernel_size": size}, channels, 4, 4)
    assert (reason is None) == (size // 2 <= channels - 1)


def test_an_adaptive_kernel_always_fits():
    assert kernel_fits_channels({"kernel_size": "adaptive"}, 1, 4, 4) is None


def test_the_gate_has_a_kernel_over_channels_and_one_over_positions():
    gate = {"composition": "par_sum", "channel": "eca", "channel_kernel": 9, "kernel_size": 7}
    assert channel_kernel_fits(gate | {"channel_kernel": 5}, 3, 4, 4) is None
    reason = refusal(complete("gate", gate), 3, 4, 4)
    assert reason is not None
    assert "channel_kernel 9 reaches past the 3 channels" in reason


def test_the_gate_has_two_ratios():
    gate = {"channel": "se", "spatial": "psa", "ratio": 2}
    assert refusal(complete("gate", gate | {"spatial_ratio": 4}), 4, 4, 4) is None
    assert "spatial_ratio 8" in str(refusal(complete("gate", gate | {"spatial_ratio": 8}), 4, 4, 4))


def test_groups_of_sge_divide_the_channels():
    assert refusal(complete("sge", {}), 128, 4, 4) is None
    assert "groups 64 doesn't divide the 96 channels" in str(refusal(complete("sge", {}), 96, 4, 4))


@given(sizes, sizes, st.sampled_from([1, 2]))
def test_pairs_are_queries_times_keys(height, width, subsample):
    keys = max(1, height // subsample) * max(1, width // subsample)
    axes = {"mode": "gaussian", "subsample": subsample}
    reason = pairwise_map_fits(axes, 64, height, width)
    assert (reason is None) == (height * width * keys <= MAX_PAIRS)
    assert pairwise_map_fits({**axes, "mode": "dot_product"}, 64, height, width) is None


def test_the_largest_map_is_32_by_32():
    assert pairwise_map_fits({"mode": "gaussian"}, 64, 32, 32) is None
    reason = pairwise_map_fits({"mode": "gaussian"}, 64, 32, 33)
    assert "32x33 positions need a map of 1056 x 1056 pairs" in reason
    assert "subsample 2" in reason


def test_every_ratio_of_a_type_leaves_a_channel():
    assert ratio_fits({"m_ratio": 4, "n_ratio": 8}, 8, 4, 4) is None
    assert ratio_fits({"m_ratio": 4, "n_ratio": 9}, 8, 4, 4) == (
        "n_ratio 9 is larger than the 8 channels here"
    )


@given(sizes, sizes)
def test_all_by_all_positions_and_all_by_their_crosses(height, width):
    positions = height * width
    assert (position_map_fits({}, 64, height, width) is None) == (positions**2 <= MAX_PAIRS)
    cross = criss_cross_map_fits({}, 64, height, width)
    assert (cross is None) == (positions * (height + width) <= MAX_PAIRS)
    assert position_map_fits({"branch": "channel"}, 64, height, width) is None


@given(st.integers(1, 2048))
def test_all_by_all_channels(channels):
    for guard, most in (
        (channel_map_fits, MAX_CHANNELS),
        (channel_map_is_cheap, MAX_EARLY_CHANNELS),
    ):
        assert (guard({"branch": "both"}, channels, 4, 4) is None) == (channels <= most)
        assert guard({"branch": "position"}, channels, 4, 4) is None


@given(st.integers(1, 16), sizes)
def test_heads_divide_the_channels(heads, channels):
    assert (heads_divide({"heads": heads}, channels, 4, 4) is None) == (channels % heads == 0)


@pytest.mark.parametrize(
    ("name", "axes", "at", "size", "says"),
    [
        (
            "encoder",
            {"heads": 8},
            "stage_end",
            (12, 4, 4),
            "heads 8 doesn't divide the 12 channels",
        ),
        ("encoder", {"heads": 8}, "stage_end", (12, 4, 4), "allowed: 1, 2, 3, 4, 6"),
        ("encoder", {}, "stage_end", (64, 32, 33), "more than 1,048,576; use a later stage"),
        ("danet", {}, "stage_end", (64, 40, 40), "1600 x 1600 pairs"),
        (
            "danet",
            {},
            "stage_end",
            (512, 4, 4),
            "allowed here: up to 256 channels, or branch posit",
        ),
        ("danet", {}, "stem_end", (512, 4, 4), "512 channels need a map of 512 x 512"),
        ("danet", {}, "backbone_end", (2048, 4, 4), "allowed here: up to 1024 channels"),
        ("cca", {}, "post_add", (64, 112, 112), "map of 12544 x 224 pairs"),
        (
            "a2",
            {"m_ratio": 32},
            "post_add",
            (16, 4, 4),
            "m_ratio 32 is larger than the 16 channels",
        ),
        ("gc", {}, "pre_add", (8, 4, 4), "ratio 16 is larger than the 8 channels"),
    ],
)
def test_each_type_refuses_what_it_would_not_bear(name, axes, at, size, says):
    assert at in CATALOGUE[name].positions
    assert says in str(refusal(complete(name, axes), *size, at))


@pytest.mark.parametrize(
    ("name", "axes", "at", "size"),
    [
        ("danet", {}, "backbone_end", (512, 4, 4)),
        ("danet", {}, "post_add", (512, 4, 4)),
        ("danet", {"branch": "position"}, "stage_end", (2048, 7, 7)),
        ("danet", {"branch": "channel"}, "stage_end", (256, 56, 56)),
        ("cca", {}, "post_add", (256, 56, 56)),
        ("a2", {}, "post_add", (64, 224, 224)),
        ("encoder", {"heads": 4}, "stage_end", (12, 4, 4)),
    ],
)
def test_what_fits_is_not_refused(name, axes, at, size):
    assert refusal(complete(name, axes), *size, at) is None


def test_a_space_is_refused_before_anything_is_built():
    types = {"encoder": {"heads": [4, 8]}, "danet": None}
    space = SearchSpace.from_dict(
        {
            "backbone": {"name": "cifar_resnet", "width": 12},
            "attention": [{"stages": [1], "positions": "stage_end", "types": types}],
        }
    )
    with pytest.raises(SpaceErrors) as caught:
        space.check(TaskShape(3, 40, 40, 10))
    said = str(caught.value)
    assert "1600 x 1600 pairs" in said
    assert "danet" in said
    assert "encoder" in said


@given(st.sampled_from([1, 2, 4]), st.sampled_from([1, 2, 4]), sizes)
def test_groups_share_the_channels(radix, cardinality, channels):
    reason = groups_divide({"radix": radix, "cardinality": cardinality}, channels, 4, 4)
    assert (reason is None) == (channels % (radix * cardinality) == 0)


def test_what_does_not_divide_is_named():
    said = "groups 32 doesn't divide the 48 channels here"
    assert groups_divide({"groups": 32, "paths": 2}, 48, 4, 4) == said
    assert "cardinality 2 x radix 4" in groups_divide({"radix": 4, "cardinality": 2}, 12, 4, 4)


@given(sizes, sizes, sizes)
def test_a_pooling_gives_no_more_cells_than_there_are_positions(pool, height, width):
    reason = pool_fits({"pool": pool}, 64, height, width)
    assert (reason is None) == (height // pool >= 1 and width // pool >= 1)
