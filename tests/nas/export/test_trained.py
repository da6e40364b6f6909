from dataclasses import replace

import pytest
import torch

from nas.errors import NotFound, NothingToExport
from nas.export.trained import check_any_finished, finished_trial, searched_model
from search_spaces.architecture import Architecture


def test_a_finished_trial_comes_with_its_last_report(recorded):
    recorded.add()
    trial, report = finished_trial(recorded.store, recorded.job, 0)
    assert (trial.number, report.epoch) == (0, 1)


def test_says_which_trials_have_finished(recorded):
    recorded.add("pruned", reason="dominated at epoch 1")
    with pytest.raises(NothingToExport, match="job small is queued and has no finished trial"):
        finished_trial(recorded.store, recorded.job, 0)
    for _ in range(12):
        recorded.add()
    assert check_any_finished(recorded.store, recorded.job) == list(range(1, 13))
    says = r"trial 0 .* is pruned \(dominated at epoch 1\).*finished: 1, 2, .*10, …"
    with pytest.raises(NothingToExport, match=says):
        finished_trial(recorded.store, recorded.job, 0)
    with pytest.raises(NotFound):
        finished_trial(recorded.store, recorded.job, 99)


def test_the_weights_are_copies_that_share_nothing(recorded, searched):
    trial = recorded.add()
    _, report = finished_trial(recorded.store, recorded.job, 0)
    found = searched_model(recorded.job, trial, report)
    assert found.weights.keys() == searched.weights.keys()
    pointers = {t.untyped_storage().data_ptr() for t in found.weights.values()}
    assert len(pointers) == len(found.weights)
    assert all(t.is_contiguous() for t in found.weights.values())
    assert all(torch.equal(found.weights[n], searched.weights[n]) for n in found.weights)


def damage_missing(recorded):
    recorded.checkpoint.unlink()


def damage_cut(recorded):
    content = recorded.checkpoint.read_bytes()
    recorded.checkpoint.write_bytes(content[: len(content) // 2])


def damage_other(recorded):
    content = torch.load(recorded.checkpoint, weights_only=True)
    other = Architecture.from_json(content["architecture"])
    torch.save(
        {**content, "architecture": replace(other, attention=()).to_json()}, recorded.checkpoint
    )


def damage_weights(recorded):
    content = torch.load(recorded.checkpoint, weights_only=True)
    content["evaluated_model"]["fc.bias"][0] += 1
    torch.save(content, recorded.checkpoint)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (damage_missing, "is missing"),
        (damage_cut, "is damaged"),
        (damage_other, "sha256 differs"),
        (damage_weights, "sha256 differs"),
    ],
)  # fmt: skip
def test_refuses_a_checkpoint_that_is_not_the_recorded_one(recorded, damage, says):
    trial = recorded.add()
    _, report = finished_trial(recorded.store, recorded.job, 0)
    damage(recorded)
    with pytest.raises(NothingToExport, match=f"trial 0's weights can't be read: .*{says}"):
        searched_model(recorded.job, trial, report)


def test_the_recorded_moments_go_with_the_model(recorded, digits):
    trial = recorded.add()
    _, report = finished_trial(recorded.store, recorded.job, 0)
    found = searched_model(recorded.job, trial, report)
    assert (found.mean, found.std) == (digits.mean, digits.std)
