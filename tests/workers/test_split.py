import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workers.datasets import DataSpec
from workers.errors import DataError
from workers.split import split, stratified

labels = st.lists(st.integers(0, 4), min_size=1, max_size=120).map(torch.tensor)


@given(labels, st.floats(0, 1), st.integers(0, 5))
def test_a_pick_is_exact_and_keeps_every_class_share(labels, share, seed):
    count = round(share * len(labels))
    picked, left = stratified(labels, count, seed)
    assert len(picked) == count
    assert sorted([*picked.tolist(), *left.tolist()]) == list(range(len(labels)))
    for label in labels.unique():
        expected = int((labels == label).sum()) * count / len(labels)
        assert abs(int((labels[picked] == label).sum()) - expected) <= 1.0 + 1e-9


def test_the_seed_alone_decides():
    labels = torch.arange(100) % 7
    assert torch.equal(stratified(labels, 30, 1)[0], stratified(labels, 30, 1)[0])
    assert not torch.equal(stratified(labels, 30, 1)[0], stratified(labels, 30, 2)[0])


@given(st.integers(5, 200), st.floats(0.05, 0.8), st.integers(0, 3))
def test_train_and_validation_are_disjoint_and_within_the_subset(used, validation, seed):
    labels = torch.arange(200) % 4
    train, held_out = split(
        labels, DataSpec(train_images=used, validation=validation, split_seed=seed)
    )
    assert len(train) + len(held_out) == used
    assert len(train) and len(held_out)
    assert not set(train.tolist()) & set(held_out.tolist())


def test_a_fraction_is_taken_before_the_validation_share():
    train, held_out = split(torch.arange(200) % 4, DataSpec(fraction=0.5, validation=0.2))
    assert (len(train), len(held_out)) == (80, 20)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (DataSpec(train_images=11), "data.train_images is 11, but digits has 10"),
        (DataSpec(train_images=1), "leave no image to train on"),
    ],
)
def test_impossible_splits_are_refused(spec, text):
    with pytest.raises(DataError, match=text):
        split(torch.zeros(10, dtype=torch.int64), spec)
