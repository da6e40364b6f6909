import sys

import pytest

from nas.errors import JobFileError, NotAllowed, UsageProblem
from nas.job_file.sections import DataSection
from nas.remote import check_overrides, check_priority, document_of, names_of, spec_of
from nas.settings import Settings

SETTINGS = Settings(data={"flowers": DataSection(name="image_folder", root="/data/flowers")})
ALLOWED = SETTINGS.model_copy(update={"allow_plugins": True})

JOB = """\
name: sent
data: {name: flowers}
space:
  backbone: {name: cifar_resnet, depth: 8, width: 8}
  attention: [{stages: all, types: {none: , se: {ratio: 4}}}]
recipe: {epochs: 2}
search: {trials: 4, rungs: [1, 2]}
"""


def problems(text, *overrides, settings=SETTINGS):
    document = document_of(text, overrides, settings)
    if document.problems:
        return [(one.path, one.message) for one in document.problems]
    try:
        spec_of(document, settings)
    except JobFileError as error:
        return [(one.path, one.message) for one in error.problems]
    return []


def test_data_is_named_and_the_settings_say_where_it_lies():
    data = spec_of(document_of(JOB, (), SETTINGS), SETTINGS).data
    assert (data.name, data.root) == ("image_folder", "/data/flowers")


def test_names_are_those_of_the_settings_and_what_needs_no_files():
    assert names_of(SETTINGS) == ["flowers", "digits"]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("data.root", "/etc", "the service knows data sets by name: flowers, digits"),
        ("data.download", "true", "the service knows data sets by name: flowers, digits"),
        ("data.name", "fashion_mnist", "data set of this service 'fashion_mnist'"),
        ("data.name", "flower", "did you mean 'flowers'"),
        ("checkpoints.place", "/etc", "the service has its own place"),
        ("checkpoints.place", "s3://others/bucket", "the service has its own place"),
        ("workers.address", "evil:6379", "the service trains on its own cluster"),
    ],
)
def test_what_only_the_administrator_may_say_is_refused_by_its_key(path, value, told):
    found = problems(JOB, f"{path}={value}")
    assert any(told in message for _, message in found), found
    assert all(one.startswith(path.partition(".")[0]) for one, _ in found)


def test_code_of_the_senders_naming_is_refused_and_not_imported(tmp_path, monkeypatch):
    (tmp_path / "senders_code.py").write_text("def network(): ...")
    monkeypatch.syspath_prepend(tmp_path)
    backbone = "{name: 'senders_code:network'}"
    space = f"{{backbone: {backbone}, attention: [{{stages: 1, types: {{none: , eca: }}}}]}}"
    (found,) = problems(JOB, f"space={space}")
    assert found[0] == "space.backbone.name"
    assert "this service's settings don't allow plug-ins" in found[1]
    assert "senders_code" not in sys.modules
    assert problems(JOB, f"space={space}", settings=ALLOWED) == []


def test_a_baseline_is_never_read_from_a_file():
    found = problems(JOB, "search.baselines.own={mine: /etc/passwd}")
    assert found == [
        (
            "search.baselines.own.mine",
            "is the name of a file, which means nothing here; write the architecture out",
        )
    ]


def test_the_settings_may_allow_addresses_and_put_checkpoints_where_they_want():
    allowed = SETTINGS.model_copy(update={"allow_addresses": True, "checkpoints": "s3://ours/nas"})
    spec = spec_of(document_of(JOB, ["workers.address=head:6379"], allowed), allowed)
    assert spec.workers.address == "head:6379"
    assert spec.checkpoints.place == "s3://ours/nas"


def test_other_problems_are_told_with_their_places_beside():
    document = document_of(JOB, ["data.root=/etc", "recipe.epochs=none"], SETTINGS)
    with pytest.raises(JobFileError) as caught:
        spec_of(document, SETTINGS)
    assert {one.path for one in caught.value.problems} == {"data.root", "recipe.epochs"}


@pytest.mark.parametrize(
    "text", ["search.trials=9", "search . trials = 9", "search.budget.epochs=1"]
)
def test_overrides_of_allowed_keys_pass(text):
    check_overrides([text], ("search.trials", "search.budget"))


@pytest.mark.parametrize("text", ["name=x", "search.trialsx=9", "search=1", ""])
def test_overrides_of_other_keys_are_refused(text):
    with pytest.raises(UsageProblem, match=r"what can: search\.trials"):
        check_overrides([text], ("search.trials",))


def test_priorities_above_the_settings_are_an_administrators():
    check_priority(10, SETTINGS, admin=False)
    check_priority(100, SETTINGS, admin=True)
    with pytest.raises(NotAllowed, match=r"priority 11 is an admin.*may be up to 10"):
        check_priority(11, SETTINGS, admin=False)


def test_a_name_that_is_not_known_is_told_once():
    (found,) = problems(JOB, "data.name=flower")
    assert found[1].endswith("allowed: flowers, digits")


def test_a_webhook_that_would_never_be_sent_is_refused_at_once():
    address = "webhook=https://evil.example/x"
    (found,) = problems(JOB, address)
    assert found == (
        "webhook",
        "'evil.example' can't be told; this service's settings allow: none",
    )
    allowed = SETTINGS.model_copy(update={"webhook_hosts": ("evil.example",)})
    assert problems(JOB, address, settings=allowed) == []
    assert "is no address" in problems(JOB, "webhook=7")[0][1]
