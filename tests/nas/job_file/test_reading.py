import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.errors import JobFileError
from nas.job_file.reading import dotted, load, locator, parse
from nas.job_file.spec import JobSpec

GOOD = """\
name: demo
data: {name: digits}
space: cifar_small
recipe: {learning_rate: 1e-3}
search:
  trials: 40
"""


def problems(text, *overrides):
    with pytest.raises(JobFileError) as caught:
        parse(text, "job.yaml", overrides)
    return [str(problem) for problem in caught.value.problems]


def test_good_text():
    spec = parse(GOOD)
    assert spec.search.trials == 40
    assert spec.recipe.learning_rate == 1e-3


def test_unknown_key_is_told_as_the_manual_says():
    text = GOOD.replace("trials", "trails")
    assert problems(text) == [
        "job.yaml:5:1: search.trials: is missing",
        "job.yaml:6:3: search.trails: unknown key (did you mean 'trials'?)",
    ]


def test_all_problems_come_at_once_in_the_order_of_the_file():
    text = """\
name: 3
data:
  name: digitz
  fraction: on
space:
  backbone: {name: resnet19}
  attention:
    - types:
        cabm: {ratio: 4}
        bam: {composition: serial_cs}
        se: {ratoi: 4}
        non_local: {positions: pre_add}
search:
  sampler: tpee
  trials: 010
  trials: 4
"""
    found = problems(text)
    places = [line.split(": ")[0].removeprefix("job.yaml:") for line in found]
    assert places == sorted(places, key=lambda p: [int(n) for n in p.split(":")])
    expected = {
        "1:7": "name: 3 is not text",
        "3:9": "data.name: unknown data set 'digitz' (did you mean 'digits'?)",
        "4:13": "data.fraction: 'on' is not a number",
        "6:20": "space.backbone.name: unknown backbone 'resnet19' (did you mean 'resnet18'?)",
        "9:9": "space.attention[0].types.cabm: unknown attention type 'cabm'",
        "10:28": "space.attention[0].types.bam.composition: bam.composition is 'serial_cs'",
        "11:14": "space.attention[0].types.se.ratoi: unknown axis of se 'ratoi'",
        "12:32": "space.attention[0].types.non_local.positions: non_local can't stand at pre_add",
        "14:12": "search.sampler: unknown sampler 'tpee' (did you mean 'tpe'?)",
        "15:11": "search.trials: 010 is read as 8-based",
        "16:3": "search.trials: stands twice; the first is in line 15",
    }
    assert places == list(expected)
    for line, (place, message) in zip(found, expected.items(), strict=True):
        assert line.startswith(f"job.yaml:{place}: {message}")


@pytest.mark.parametrize("word", ["on", "no", "yes", "off"])
def test_words_that_yaml_1_1_takes_for_booleans_stay_text(word):
    assert parse(GOOD.replace("demo", word)).name == word
    text = GOOD + f"tracking: {{enabled: {word}}}\n"
    assert parse(text).tracking.enabled is (word in ("on", "yes"))


def test_channels_last_on_is_the_word_on():
    text = GOOD.replace("learning_rate: 1e-3", "channels_last: on")
    assert parse(text).recipe.channels_last == "on"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "job.yaml: is empty; 'nas init' writes a start"),
        ("# only a comment\n", "job.yaml: is empty; 'nas init' writes a start"),
        ("- a\n- b\n", "job.yaml: is not a mapping of keys to values; 'nas init' writes a start"),
        ("just text", "job.yaml: is not a mapping of keys to values; 'nas init' writes a start"),
        ("a:\n\t- b", "job.yaml:2:1: a tab can't indent YAML; use spaces"),
        ("a: [", "job.yaml:1:5: is not YAML: expected the node content, but found '<stream end>'"),
    ],
)
def test_texts_that_are_no_job(text, message):
    assert problems(text) == [message]


def test_files_that_cannot_be_read(tmp_path):
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\x89PNG\xff\x00")
    for path, message in {
        binary: "is not a text file (UTF-8)",
        tmp_path / "missing.yaml": "there is no such file; 'nas init' writes one",
        tmp_path: "is a folder; a job file is a YAML file",
        tmp_path / ("x" * 300): "can't be read: File name too long",
    }.items():
        with pytest.raises(JobFileError) as caught:
            load(path)
        assert f"{path}: {message}" in str(caught.value)


def test_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path).name == "demo"


def test_anchors_and_merge_keys_are_fine():
    text = GOOD + "finalists: &f {seeds: 2}\n"
    assert parse(text).finalists.seeds == 2
    text = GOOD.replace("  trials: 40", "  <<: {trials: 40}\n  reduction: 4")
    assert parse(text).search.trials == 40


def test_relative_root_counts_from_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = GOOD.replace("{name: digits}", "{name: mnist, root: images}")
    assert parse(text).data.root == str(tmp_path / "images")
    assert parse(GOOD).data.root == ""


def test_overrides_replace_and_add():
    spec = parse(
        GOOD,
        overrides=[
            "search.trials=7",
            "seed=3",
            "cost.limits.parameters=1e5",
            "name=other",
            "recipe={epochs: 2}",
            "search.trials=8",
        ],
    )
    assert (spec.search.trials, spec.seed, spec.name) == (8, 3, "other")
    assert spec.cost.limits.parameters == 1e5
    assert (spec.recipe.epochs, spec.recipe.learning_rate) == (2, 0.1)


def test_override_reaches_into_lists_and_may_hold_equals_signs():
    text = GOOD.replace(
        "space: cifar_small",
        "space: {backbone: {name: resnet18}, attention: [{types: {se: {ratio: 4}}}]}",
    )
    spec = parse(text, overrides=["space.attention.0.types.se.ratio=[4, 8]"])
    assert spec.search_space().size() > 1
    assert problems(GOOD, "name=a=b")[0].startswith("--set name=a=b: name: 'a=b' is not a job")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("search.trails=3", "--set search.trails=3: search.trails: unknown key (did you mean 'tri"),
        ("serach.trials=3", "--set serach.trials=3: serach: unknown key (did you mean 'search'?)"),
        ("recipe.sgd.nesterov=1", "--set recipe.sgd.nesterov=1: recipe.sgd: unknown key"),
        ("search.trials=x", "--set search.trials=x: search.trials: 'x' is not a whole number"),
        ("search.trials", "--set search.trials: must be KEY=VALUE, such as search.trials=40"),
        ("=3", "--set =3: must be KEY=VALUE"),
        ("a..b=3", "--set a..b=3: must be KEY=VALUE"),
        ("name.first=a", "--set name.first=a: name.first: name holds no key 'first'"),
        ("search.trials=[", "--set search.trials=[: search.trials: is not YAML"),
        ("search.trials=010", "--set search.trials=010: search.trials: 010 is read as 8-based"),
    ],
)
def test_problems_of_overrides_point_at_the_override(override, message):
    (problem,) = problems(GOOD, override)
    assert problem.startswith(message)


def test_override_may_mend_the_file():
    assert parse(GOOD.replace("40", "many"), overrides=["search.trials=3"]).search.trials == 3


def test_locator_places_what_only_a_deep_check_finds(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text(GOOD)
    problem = locator(path)(("space", "attention", 0, "types", "se"), "too large")
    assert str(problem) == f"{path}:3:8: space.attention[0].types.se: too large"
    problem = locator(path, ["space=channel"])(("space", "attention", 0), "too large")
    assert problem.where == "--set space=channel"


def test_dotted():
    assert dotted(("space", "attention", 0, "types")) == "space.attention[0].types"
    assert dotted(()) == ""


def never_breaks(text, overrides=()):
    try:
        assert isinstance(parse(text, "f", overrides), JobSpec)
    except JobFileError as error:
        assert error.problems
        assert str(error)


@given(st.text(max_size=200))
def test_random_text_raises_nothing_else(text):
    never_breaks(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_random_overrides_raise_nothing_else(key, value):
    never_breaks(GOOD, [f"{key}={value}", key, f"search.{key}={value}"])


KEYS = [*JobSpec.model_fields, "backbone", "attention", "types", "se", "stages", "trials", "rungs"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
TREES = st.recursive(
    LEAVES | st.sampled_from(["digits", "cifar_small", "cifar_resnet", "all", "tpe"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), TREES, max_size=8))
def test_random_mappings_raise_nothing_else(data):
    import yaml

    never_breaks(yaml.safe_dump(data))
    never_breaks(GOOD + yaml.safe_dump({"space": data}))
    parts = {**{"name": "a", "search": {"trials": 3}}, "space": data}
    never_breaks(yaml.safe_dump(parts))
