import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from nas.errors import ExportMismatch, NotFound, NothingToExport, UsageProblem
from nas.export import bundle
from nas.export.bundle import FILES, export
from search_spaces.architecture import Architecture
from workers.device import Numerics
from workers.evaluate import score


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_holds_the_promised_files_and_nothing_else(exported):
    assert names(exported.folder) == sorted(FILES)
    assert names(exported.folder.parent) == ["model"]
    assert exported.result.files == FILES
    written = json.loads(json.dumps(exported.result.to_dict()))
    assert written["folder"] == str(exported.folder)
    assert (written["job"], written["trial"], written["test_accuracy"]) == ("small", 0, 0.5)


def test_both_files_of_weights_are_those_of_the_evaluated_model(exported, searched):
    plain = torch.load(exported.folder / "model.pt", weights_only=True)
    safe = load_file(exported.folder / "model.safetensors")
    assert type(plain) is dict
    for found in (plain, safe):
        assert found.keys() == searched.weights.keys()
        assert all(torch.equal(found[name], searched.weights[name]) for name in found)


def test_architecture_json_builds_the_searched_network(exported, searched):
    text = (exported.folder / "architecture.json").read_text()
    assert Architecture.from_json(text) == searched.architecture


def test_a_stranger_gets_the_searched_accuracy_from_the_folder_alone(
    exported, searched, tmp_path, digits
):
    torch.save((digits.validation.images, digits.validation.labels), tmp_path / "images.pt")
    code = (
        f"import sys, torch; sys.path.insert(0, {str(exported.folder)!r})\n"
        "sys.dont_write_bytecode = True\n"
        "from model import load_model, preprocess\n"
        "images, labels = torch.load('images.pt', weights_only=True)\n"
        "with torch.no_grad(): logits = load_model()(preprocess(images))\n"
        "print(float((logits.argmax(1) == labels).double().mean()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = score(
        searched.module(), digits.validation, digits, Numerics(torch.device("cpu"))
    ).accuracy
    assert float(done.stdout) == pytest.approx(expected, abs=1e-9)


def test_the_same_trial_gives_the_same_bytes_and_force_replaces_them(exported, tmp_path):
    folder = tmp_path / "again"
    folder.mkdir()
    (folder / "README.md").write_text("of an earlier export")
    store = exported.recorded.store
    with pytest.raises(UsageProblem, match="--force"):
        export(store, "small", 0, folder)
    assert (folder / "README.md").read_text() == "of an earlier export"
    export(store, "small", 0, folder, force=True)
    for name in FILES:
        assert (folder / name).read_bytes() == (exported.folder / name).read_bytes()


def test_a_mismatch_hands_out_nothing(recorded, tmp_path, monkeypatch):
    """Exported code that computes something else, here by a changed factor of its gate."""
    real = bundle.model_source

    def wrong(model, head):
        return real(model, head).replace("return 2.0 if start", "return 2.5 if start")

    monkeypatch.setattr(bundle, "model_source", wrong)
    recorded.add()
    before = names(tmp_path)
    with pytest.raises(ExportMismatch, match="differs from the searched one by"):
        export(recorded.store, "small", 0, tmp_path / "out")
    assert names(tmp_path) == before


@pytest.mark.parametrize("state", ["running", "waiting", "pruned", "failed"])
def test_refuses_a_trial_that_has_not_finished_and_names_those_that_have(recorded, tmp_path, state):
    recorded.add(state, reason="" if state == "running" else "because")
    with pytest.raises(NothingToExport, match="no finished trial"):
        export(recorded.store, "small", 0, tmp_path / "out")
    recorded.add()
    with pytest.raises(NothingToExport, match=f"trial 0 of job small is {state}.*finished: 1"):
        export(recorded.store, "small", 0, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_refuses_unknown_jobs_and_trials(recorded, tmp_path):
    recorded.add()
    with pytest.raises(NotFound, match="small"):
        export(recorded.store, "smal", 0, tmp_path / "out")
    with pytest.raises(NotFound, match="trial"):
        export(recorded.store, "small", 9, tmp_path / "out")
