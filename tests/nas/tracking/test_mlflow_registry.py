"""Exports in the Model Registry: registered once, and loaded where nothing of ours is."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nas.analysis.front import front
from nas.errors import ServiceUnreachable, UsageProblem
from nas.export.bundle import export
from nas.export.fresh import exported
from nas.home import Home
from nas.service import work
from nas.tracking.mlflow_registry import Registry
from nas.tracking.model_values import Candidate
from nas.tracking.place import Place
from search_spaces.architecture import TaskShape
from tests.nas.export.recorded import SPEC, Recorded, train
from tests.processes import bare_environ
from workers.data import load

#: Loads a model as a stranger would, once from each address: prints its version's signature.
STRANGER = """
import sys
from nas.export.fresh import Blocker, OURS
for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
    del sys.modules[name]
sys.meta_path.insert(0, Blocker(frozenset((*OURS, "torchvision", "ray", "optuna"))))
import mlflow, numpy, torch
torch.set_num_threads(1)
uri, images, *addresses = sys.argv[1:]
for number, address in enumerate(addresses):
    mlflow.set_tracking_uri(address)
    model = mlflow.pyfunc.load_model(uri)
    numpy.save(f"{number}.npy", model.predict(numpy.load(images)))
    assert model.predict(model.input_example).shape == (1, 10)
    print(model.metadata.signature.inputs)
    try:
        model.predict(numpy.zeros((1, 3, 8, 8), numpy.uint8))
    except mlflow.exceptions.MlflowException as error:
        print("refused", "shape" in str(error))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A job with one trained trial, and its export."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("registry")
    digits = load(SPEC.data_value())
    recorded = Recorded(home, digits, train(home / "0001.pt", digits))
    trial = recorded.add(test_accuracy=0.5)
    result = export(recorded.store, "small", 0, home / "model")
    (point,) = front(recorded.store, recorded.job).points
    candidate = Candidate(recorded.job, trial, point, ("torch",), "knee", "for a test")
    shape = TaskShape(**recorded.job.details["shape"])
    yield SimpleNamespace(recorded=recorded, folder=result.folder, of=candidate, shape=shape)
    recorded.store.close()


def register(place, model, name):
    return Registry(place, name).register(model.folder, model.of, model.shape)


def test_a_registered_model_predicts_elsewhere_what_the_export_does(
    model, tracking, mlflow_server, tmp_path
):
    tracking.export(model.recorded.store, model.recorded.job)
    here = Place(tracking.uri, tracking.artifacts)
    made = [register(place, model, "digits") for place in (here, Place(mlflow_server.url))]
    assert [one.uri for one in made] == ["models:/digits@pareto-knee"] * 2
    assert made[0].run_id == tracking.runs(model.recorded.job)[0].info.run_id
    assert made[1].url == f"{mlflow_server.url}/#/models/digits/versions/1"
    images = np.random.default_rng(1).integers(0, 256, (5, 1, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    environ = bare_environ()
    arguments = [made[0].uri, "images.npy", tracking.uri, mlflow_server.url]
    answer = subprocess.run(
        [sys.executable, "-c", STRANGER, *arguments],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split("\n")[:2] == ["[Tensor('uint8', (-1, 1, 8, 8))]", "refused True"]
    module = exported(model.folder)
    with torch.no_grad():
        expected = module.load_model()(module.preprocess(torch.from_numpy(images))).numpy()
    for number in range(2):
        assert np.array_equal(np.load(tmp_path / f"{number}.npy"), expected)


def test_the_same_trial_is_one_version_and_one_upload(model, tracking):
    place = Place(tracking.uri, tracking.artifacts)
    first, again = register(place, model, "once"), register(place, model, "once")
    other = register(place, model, "other name")
    assert (first.new, again.new, other.new) == (True, False, True)
    assert (first.version, again.version, other.version) == (1, 1, 1)
    client = tracking.client()
    assert len(client.search_model_versions("name = 'once'")) == 1
    version = client.get_model_version_by_alias("once", "pareto-knee")
    assert version.tags["nas.accuracy"] == str(model.of.point.accuracy)
    sources = {client.get_model_version(name, "1").source for name in ("once", "other name")}
    assert len(sources) == 1


def test_no_file_of_a_registered_model_is_a_pickle(model, tracking):
    register(Place(tracking.uri, tracking.artifacts), model, "files")
    source = tracking.client().get_model_version("files", "1").source
    found = {name for _, _, names in os.walk(source) for name in names}
    assert {"model.py", "model.safetensors", "MLmodel", "requirements.txt"} <= found
    assert not [name for name in found if name.endswith((".pkl", ".pt", ".pth", ".pickle"))]


def test_a_services_task_registers_what_it_exports(model, tracking, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.uri)
    store, job = model.recorded.store, model.recorded.job
    home = Home(tmp_path / "home")
    task = store.tasks.add("export", {"register_as": "by a task"}, job_id=job.id)
    told = work.export(store, home, task)["registered"]
    assert told["uri"] == "models:/by a task@pareto-knee"
    version = tracking.client().get_model_version("by a task", "1")
    assert version.tags["nas.picked"].startswith("knee: ")


def test_a_name_or_a_server_that_wont_do_is_refused_at_once(tracking):
    with pytest.raises(UsageProblem, match="no name for a registered model"):
        Registry(Place(tracking.uri, tracking.artifacts), "a/b")
    with pytest.raises(ServiceUnreachable, match="doesn't answer: connection refused"):
        Registry(Place("http://127.0.0.1:9"), "a")
