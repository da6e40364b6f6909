import re
from dataclasses import replace

import pytest

from nas.export.facts import Facts, Repeats
from nas.export.readme import header, readme
from nas.export.trained import finished_trial
from search_spaces.architecture import Architecture


@pytest.fixture
def facts(recorded):
    recorded.add(accuracy=0.875, test_accuracy=0.75)
    return Facts.of(recorded.job, *finished_trial(recorded.store, recorded.job, 0), None)


def test_answers_what_a_user_asks(facts, searched):
    text = readme(facts, searched)
    for wanted in (
        "# small, trial 0",
        "stage1.pre_add: se(ratio=4)",
        "(B, 1, 8, 8)",
        f"mean ({searched.mean[0]:.2f})",
        f"deviation ({searched.std[0]:.2f})",
        "| validation | 87.50 % | these weights, seed 0 |",
        "| test | 75.00 % |",
        f"hash {facts.data_hash}",
        f"| parameters | {facts.parameters:,} |",
        '"optimizer": "sgd"',
        "torch 2.",
    ):
        assert wanted in text
    assert "{" not in re.sub(r"`\{.*?\}`", "", text)


def test_the_classes_of_an_image_folder_are_named_in_their_order(facts, searched):
    assert "in the order of the data set's labels." in readme(facts, searched)
    text = readme(replace(facts, classes=("cat", "dog")), searched)
    assert "in the order of the folders: `cat`, `dog`. Images were read as RGB" in text


def test_one_seed_alone_is_said_to_be_one(facts, searched):
    assert "one seed only" in readme(facts, searched)
    repeats = Repeats(seeds=2, accuracy=0.8, low=0.7, high=0.9, test_accuracy=0.0)
    text = readme(replace(facts, repeats=repeats), searched)
    assert "one seed only" not in text
    assert "mean of 2 further seeds; 95 % interval 70.00 % to 90.00 % |" in text
    assert "| test | 0.00 % | the same architecture, mean of 2 further seeds |" in text


def test_one_further_seed_has_no_interval(facts, searched):
    repeats = Repeats(seeds=1, accuracy=0.8, low=None, high=None, test_accuracy=None)
    text = readme(replace(facts, repeats=repeats), searched)
    assert "one further seed |" in text and "interval" not in text


def test_what_was_not_measured_is_not_there(facts, searched):
    assert "latency" not in readme(facts, searched)
    assert "| latency | 1.5 ms |" in readme(replace(facts, latency_ms=1.5), searched)


def test_the_header_fits_a_docstring(facts, searched):
    text = header(facts, searched)
    assert text.splitlines()[0] == "cifar_resnet with se, found by architecture search."
    assert "Job small, trial 0: validation accuracy 87.50 %" in text
    assert max(map(len, text.splitlines())) <= 88
    assert '"""' not in text


def test_the_header_tells_a_baseline_from_a_find(facts, searched):
    plain = replace(searched, architecture=Architecture.of(searched.architecture.backbone))
    first = header(replace(facts, label="none"), plain).splitlines()[0]
    assert first == "cifar_resnet without attention, a baseline (none) of an architecture search."


def test_an_interval_stays_within_what_an_accuracy_can_be(facts, searched):
    repeats = Repeats(seeds=2, accuracy=0.5, low=-1.0, high=1.5, test_accuracy=None)
    assert "0.00 % to 100.00 %" in readme(replace(facts, repeats=repeats), searched)


def test_says_where_validation_ran_in_another_precision(facts, searched):
    rough = replace(facts, recipe={**facts.recipe, "precision": "bfloat16"})
    assert "Validation ran in bfloat16" in readme(rough, searched)
    exact = replace(facts, recipe={**facts.recipe, "precision": "float32"})
    assert "bfloat16" not in readme(exact, searched)
