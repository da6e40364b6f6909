import pytest
from pydantic import ValidationError

from nas.job_file.messages import message_of, shown
from nas.job_file.spec import JobSpec

LEAST = {"name": "a", "space": "cifar_small", "search": {"trials": 3}}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"seeed": 1}, "unknown key (did you mean 'seed'?)"),
        ({"trials": 1}, "unknown key here (did you mean 'search.trials'?)"),
        ({"qqq": 1}, "unknown key; allowed: name, seed, data, space, recipe, cost, search,"),
        ({"cost": {"limits": {"parametres": 1}}}, "unknown key (did you mean 'parameters'?)"),
        ({"search": {}}, "is missing"),
        (
            {"search": {"trials": 1, "sampler": "nsga3"}},
            "unknown sampler 'nsga3' (did you mean 'nsga2'?); "
            "allowed: known_cost, tpe, nsga2, random, gp",
        ),
        ({"recipe": {"channels_last": True}}, "unknown channels last 'True'"),
        ({"seed": 1.5}, "1.5 is not a whole number"),
        ({"seed": "1"}, "'1' is not a whole number"),
        ({"seed": True}, "true is not a whole number"),
        ({"recipe": {"warmup": "x"}}, "'x' is not a number"),
        ({"recipe": {"epochs": 0}}, "0 is out of range; allowed: from 1"),
        ({"data": {"fraction": 2}}, "2 is out of range; allowed: at most 1"),
        ({"data": [1]}, "[1] is not a section of keys and values"),
        ({"data": {"name": {}}}, "a section is not text"),
        ({"search": {"trials": 1, "rungs": 3}}, "3 is not a list"),
        ({"tracking": {"enabled": "maybe"}}, "'maybe' is not true or false"),
        ({"workers": {"count": "two"}}, "'two' is not a number of workers; allowed: auto"),
    ],
)
def test_messages_name_the_value_and_what_is_allowed(parts, message):
    with pytest.raises(ValidationError) as caught:
        JobSpec.model_validate({**LEAST, **parts})
    (error,) = caught.value.errors()
    assert message_of(error).startswith(message)


def test_long_values_are_cut():
    assert len(shown("x" * 500)) < 70
