import zipfile

import pytest

from nas.errors import ServiceUnreachable, UsageProblem
from nas.unpacking import unpack


def archive(path, **files):
    with zipfile.ZipFile(path, "w") as out:
        for name, text in files.items():
            out.writestr(name.replace("__", "/"), text)
    return path


def test_files_land_in_the_folder(tmp_path):
    made = archive(tmp_path / "a.zip", top__model="code", top__sub__x="1")
    assert unpack(made, "top", tmp_path / "out") == ["model", "sub/x"]
    assert (tmp_path / "out" / "sub" / "x").read_text() == "1"


@pytest.mark.parametrize("name", ["../evil", "top/../../evil", "/evil", "other/x", "top\\..\\evil"])
def test_nothing_lands_elsewhere(tmp_path, name):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("top/fine", "")
        out.writestr(name, "evil")
    with pytest.raises(ServiceUnreachable, match="nothing is kept"):
        unpack(path, "top", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_a_folder_with_something_in_it_is_let_be(tmp_path):
    made = archive(tmp_path / "a.zip", top__model="new")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(UsageProblem):
            unpack(made, "top", folder, force=force)
    assert (folder / "thesis.txt").read_text() == "mine"
    (folder / "architecture.json").write_text("{}")
    with pytest.raises(UsageProblem, match="--force"):
        unpack(made, "top", folder)
    assert unpack(made, "top", folder, force=True) == ["model"]
    assert not (folder / "thesis.txt").exists()


def test_no_archive_is_said_so(tmp_path):
    (tmp_path / "a.zip").write_text("<html>")
    with pytest.raises(ServiceUnreachable, match="no archive"):
        unpack(tmp_path / "a.zip", "top", tmp_path / "out")
