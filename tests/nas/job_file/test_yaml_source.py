import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.job_file import yaml_source
from nas.job_file.yaml_source import Mark, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        (".5", 0.5),
        ("-1.", -1.0),
        ("10_000", 10_000),
        ("-7", -7),
        ("0", 0),
        ("0.10", 0.1),
        ("'010'", "010"),
        ("'1e-3'", "1e-3"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("1.2.3", "1.2.3"),
        ("0x10", "0x10"),
        (".inf", ".inf"),
        ("9" * 40, 1e40),
        ("[1, on, 'a']", [1, "on", "a"]),
    ],
)
def test_plain_words_are_read_by_yaml_1_2(text, value):
    found = read(f"key: {text}")
    assert found.flaws == []
    assert found.value == {"key": value}
    assert type(found.value["key"]) is type(value)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: 010", "write 10, or '010' for text", (1, 4)),
        ("a: 1\nb: 2\na: 3", "stands twice; the first is in line 1", (3, 1)),
        ("a:\n\tb: 1", "a tab can't indent YAML", (2, 1)),
        ("a: [1", "is not YAML", (1, 6)),
        ("a: !!python/name:os.system x", "the tag !!python/name:os.system is not allowed", (1, 4)),
        ("a: !mine 1", "the tag !mine is not allowed", (1, 4)),
        ("? [1, 2]\n: 3", "a key must be a word", (1, 3)),
        ("a: &x [*x]", "an alias that holds itself", (1, 4)),
        ("a: *nowhere", "undefined alias", (1, 4)),
        ("<<: 3\na: 1", "'<<' takes a section", (1, 5)),
        ("a: 1\n---\nb: 2", "a second document", (2, 1)),
        ("a: \x07", "holds the character", (1, 4)),
        ('a: "\\UFFFFFFFF"', "is not YAML", (1, 1)),
        ("[" * 5000, "nested too deeply", (1, 1)),
        ("x" * (yaml_source.MAX_CHARACTERS + 1), "longer than", (1, 1)),
    ],
)
def test_flaws_have_a_place(text, message, place):
    (flaw,) = read(text).flaws
    assert message in flaw.message
    assert flaw.mark == Mark(*place)


def test_keys_and_values_know_their_places():
    found = read("a:\n  - x: 1\n    y: two\n")
    assert found.value == {"a": [{"x": 1, "y": "two"}]}
    assert found.keys["a", 0, "y"] == Mark(3, 5)
    assert found.values["a", 0, "y"] == Mark(3, 8)
    assert ("a", 0) in found.sections


def test_anchors_and_merge_keys():
    text = "base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nsame: *b\nmany: {<<: [*b, {z: 4}]}\n"
    found = read(text)
    assert found.flaws == []
    assert found.value["use"] == {"x": 1, "y": 3}
    assert found.value["same"] == {"x": 1, "y": 2}
    assert found.value["many"] == {"x": 1, "y": 2, "z": 4}


def test_aliases_of_aliases_end():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    (flaw, *_) = read("\n".join(lines)).flaws
    assert "20,000 values" in flaw.message


def test_empty_text_is_none():
    assert read("").value is None
    assert read("# nothing\n").value is None


@given(st.text(alphabet=st.sampled_from(list("ab:-[]{}&*<>!?'\"|% #\n\t,01.e~")), max_size=60))
def test_any_text_gives_a_value_or_flaws(text):
    found = read(text)
    assert found.flaws or found.value is None or () in found.values
