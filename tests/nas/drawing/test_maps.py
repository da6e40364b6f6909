import json
from dataclasses import replace

import pytest

from nas.drawing.maps import as_dict, class_names, write_maps
from nas.errors import DataProblem, NotFound, NothingToExport, UsageProblem
from tests.nas.drawing.examples import plain
from tests.nas.drawing.looked import NAMES, context, gate, maps
from tests.nas.export.recorded import SPEC, Recorded, train
from workers.data import load


@pytest.fixture(scope="module")
def digits():
    return load(SPEC.data_value())


@pytest.fixture(scope="module")
def trained(tmp_path_factory, digits):
    return train(tmp_path_factory.mktemp("trained") / "0001.pt", digits)


@pytest.fixture
def recorded(tmp_path, digits, trained):
    made = Recorded(tmp_path, digits, trained)
    yield made
    made.store.close()


def test_writes_pictures_a_page_and_every_number(recorded, tmp_path):
    recorded.add()
    result = write_maps(recorded.store, "small", 0, 3, tmp_path / "out")
    assert result.files == ("index.html", "maps.json", "stage1.svg")
    assert {path.name for path in result.folder.iterdir()} == set(result.files)
    numbers = json.loads((result.folder / "maps.json").read_text())
    (module,) = numbers["modules"]
    assert (module["placement"], module["type"], module["ratio"]) == ("stage1.pre_add", "se", 4)
    assert len(numbers["images"]) == 3 and list(module["channels"])[:2] == ["class 0", "class 1"]
    assert all(0 < v < 2 for v in module["channels"]["class 0"])
    assert json.loads(json.dumps(result.to_dict()))["modules"] == ["layer1.0.attention_pre_add"]


def test_equal_calls_give_equal_bytes_and_force_replaces(recorded, tmp_path):
    recorded.add()
    first = write_maps(recorded.store, "small", 0, 2, tmp_path / "a")
    with pytest.raises(UsageProblem, match="holds attention maps; --force"):
        write_maps(recorded.store, "small", 0, 2, tmp_path / "a")
    second = write_maps(recorded.store, "small", 0, 2, tmp_path / "b")
    for name in first.files:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()
    write_maps(recorded.store, "small", 0, 1, tmp_path / "a", force=True)
    assert len(json.loads((tmp_path / "a" / "maps.json").read_text())["images"]) == 1


def test_refuses_what_has_no_maps(recorded, tmp_path):
    to = tmp_path / "out"
    recorded.add("pruned")
    with pytest.raises(NothingToExport, match="no finished trial"):
        write_maps(recorded.store, "small", 0, 2, to)
    recorded.add()
    recorded.add(architecture=plain().to_json())
    with pytest.raises(NothingToExport, match="trial 0 of job small is pruned"):
        write_maps(recorded.store, "small", 0, 2, to)
    with pytest.raises(UsageProblem, match="trial 2 of job small has no attention"):
        write_maps(recorded.store, "small", 2, 2, to)
    with pytest.raises(NotFound, match="trial"):
        write_maps(recorded.store, "small", 9, 2, to)
    with pytest.raises(NotFound, match="small"):
        write_maps(recorded.store, "smal", 0, 2, to)
    assert not to.exists()


def test_weights_of_another_version_are_refused(recorded, tmp_path, monkeypatch):
    recorded.add()
    monkeypatch.setattr("nas.export.trained.evaluated_weights", lambda *_: {})
    with pytest.raises(NothingToExport, match="trained by another version"):
        write_maps(recorded.store, "small", 0, 2, tmp_path / "out")


def test_other_images_than_the_job_s_are_refused(recorded, tmp_path, monkeypatch, digits):
    recorded.add()
    changed = replace(digits, data_hash="0" * 16)
    monkeypatch.setattr("nas.drawing.maps.load", lambda spec: changed)
    with pytest.raises(DataProblem, match="have changed since it was submitted"):
        write_maps(recorded.store, "small", 0, 2, tmp_path / "out")


def test_classes_are_folders_or_numbers(tmp_path, digits):
    assert class_names(digits)[:2] == ["class 0", "class 1"]
    for name in ("rose", "daisy"):
        for part in ("train", "test"):
            (tmp_path / part / name).mkdir(parents=True)
            (tmp_path / part / name / "1.png").touch()
    spec = replace(digits.spec, name="image_folder", root=str(tmp_path))
    assert class_names(replace(digits, spec=spec)) == ["daisy", "rose"]


def test_numbers_are_those_of_the_pictures():
    told = as_dict(maps(gate(channels={0: (0.5, None)}), context()), NAMES)
    assert told["modules"][0]["channels"] == {"daisy": (0.5, None)}
    assert told["modules"][1]["reach"][0][1][1] == 2.0 and told["modules"][1]["channels"] is None
    assert told["images"][1]["predicted"] == "daisy"
