import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.places import SCHEMES, check_place, is_url, joined, missing_package


@pytest.mark.parametrize(
    ("given", "place", "url"),
    [
        ("s3://bucket/nas", "s3://bucket/nas", True),
        ("S3://bucket/nas/", "s3://bucket/nas", True),
        ("s3://bucket", "s3://bucket", True),
        ("sftp://me@host/data", "sftp://me@host/data", True),
        ("file:///data/nas/", "/data/nas", False),
        ("/data/nas/", "/data/nas", False),
        ("/", "/", False),
        ("~/nas", "~/nas", False),
        ("data", "data", False),
    ],
)
def test_places_that_are_understood(given, place, url):
    assert check_place(given) == place
    assert is_url(place) is url


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("s4://bucket/nas", r"unknown scheme 's4' \(did you mean 's3'\?\); allowed: file, s3, gs"),
        ("stfp://host/x", r"did you mean 'sftp'\?"),
        ("http://host/x", "unknown scheme 'http'"),
        ("memory://x", "unknown scheme 'memory'"),
        ("s3://", "names no bucket or host; write s3://NAME/FOLDER"),
        ("s3:///nas", "names no bucket"),
        ("s3:/bucket/nas", "is no place; allowed: a folder, or a URL such as"),
        ("file://nas", "names no folder; write file:///FOLDER"),
        ("", "is no place"),
        ("  ", "is no place"),
        ("s3://bucket/../other", "is no plain URL"),
        ("s3://bucket//x", "is no plain URL"),
        ("s3://bucket/x?versionId=1", "is no plain URL"),
        ("s3://bucket/[a]*", "is no plain URL"),
        ("simplecache::s3://bucket", "unknown scheme|is no"),
        ("sftp://me:secret@host/x", "holds a password"),
    ],
)
def test_what_is_no_place_is_told_with_what_is(given, says):
    with pytest.raises(ValueError, match=says) as told:
        check_place(given)
    assert "secret" not in str(told.value)


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_refused(text):
    try:
        place = check_place(text)
    except ValueError:
        return
    assert check_place(place) == place


@given(st.sampled_from(sorted(SCHEMES)), st.text(max_size=30))
def test_any_url_is_a_place_or_refused(scheme, rest):
    try:
        place = check_place(f"{scheme}://{rest}")
    except ValueError:
        return
    assert check_place(place) == place
    assert ".." not in place.split("/") or scheme == "file"


def test_a_folder_needs_nothing_and_a_url_what_its_scheme_says(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert missing_package("/data") == ""
    assert missing_package("s3://b").endswith("pip install 'attention-placement-nas[s3]'")
    assert "gcsfs" in missing_package("gs://b")


def test_names_are_joined_below_a_place():
    assert joined("s3://b/x/", "00001", "0003.pt") == "s3://b/x/00001/0003.pt"
    assert joined("/data", "a") == "/data/a"
