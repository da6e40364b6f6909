import pytest

from nas.errors import UsageProblem
from nas.export.folder import appearing, check_target

OURS = ("model.py", "README.md")


@pytest.mark.parametrize("force", [True, False])
def test_a_new_or_empty_folder_is_welcome(tmp_path, force):
    check_target(tmp_path / "new", OURS, force)
    check_target(tmp_path, OURS, force)


def test_force_replaces_an_export_and_nothing_else(tmp_path):
    (tmp_path / "model.py").touch()
    with pytest.raises(UsageProblem, match="holds an export; --force replaces it"):
        check_target(tmp_path, OURS, force=False)
    check_target(tmp_path, OURS, force=True)
    (tmp_path / "thesis.tex").touch()
    for force in (True, False):
        with pytest.raises(UsageProblem, match=r"'thesis\.tex', which is no part"):
            check_target(tmp_path, OURS, force)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="is a file"):
        check_target(tmp_path / "file", OURS, force=True)


@pytest.mark.parametrize("before", ["none", "empty", "full"])
def test_appears_at_the_end_and_as_a_whole(tmp_path, before):
    target = tmp_path / "a" / "b"
    if before != "none":
        target.mkdir(parents=True)
    if before == "full":
        (target / "old").touch()
    with appearing(target) as folder:
        (folder / "new").touch()
        assert not (target / "new").exists()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in target.parent.iterdir()] == ["b"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_after_an_error_and_the_old_stays(tmp_path, error):
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(error), appearing(target) as folder:
        (folder / "new").touch()
        raise error
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert [path.name for path in target.iterdir()] == ["old"]


def test_the_old_comes_back_if_the_new_cannot_take_its_place(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(UsageProblem, match="can't be written"), appearing(target) as folder:
        folder.rmdir()
    assert [path.name for path in target.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    place = appearing(tmp_path / "file" / "target")
    with pytest.raises(UsageProblem, match="can't be written"), place:
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
