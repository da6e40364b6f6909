from types import SimpleNamespace

import pytest
import torch

from nas.export.bundle import export
from nas.export.searched import SearchedModel
from tests.nas.export.recorded import ARCHITECTURE, SPEC, Recorded, train
from workers import checkpoint as checkpoints
from workers.data import load


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits():
    return load(SPEC.data_value())


@pytest.fixture(scope="session")
def trained(tmp_path_factory, digits):
    """A segment really trained: its report and its checkpoint."""
    return train(tmp_path_factory.mktemp("trained") / "0001.pt", digits)


@pytest.fixture
def recorded(tmp_path, digits, trained):
    made = Recorded(tmp_path, digits, trained)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def searched(trained, digits) -> SearchedModel:
    """The trained model as the exporter sees it."""
    evaluated = checkpoints.read(trained.path).evaluated_model
    weights = {name: tensor.contiguous() for name, tensor in evaluated.items()}
    return SearchedModel(ARCHITECTURE, digits.shape, digits.mean, digits.std, weights)


@pytest.fixture(scope="session")
def exported(tmp_path_factory, digits, trained):
    """One export, to look at and to leave as it is; its job stays in the store."""
    home = tmp_path_factory.mktemp("exported")
    made = Recorded(home, digits, trained)
    made.add(test_accuracy=0.5)
    result = export(made.store, "small", 0, home / "out" / "model")
    yield SimpleNamespace(result=result, folder=result.folder, recorded=made)
    made.store.close()
