import json

import pytest

from nas.home import Home
from tests.nas.export.recorded import SPEC, Recorded, train
from workers.data import load


@pytest.fixture
def recorded(here, tmp_path_factory):
    digits = load(SPEC.data_value())
    trained = train(tmp_path_factory.mktemp("trained") / "0001.pt", digits)
    made = Recorded(Home.here().create(), digits, trained)
    yield made
    made.store.close()


def test_writes_a_folder_and_says_what_to_open(nas, here, recorded):
    recorded.add()
    result = nas("attention-maps", "small", "--trial", 0, "--images", 2, "--to", "maps")
    assert result.exit_code == 0, result.output
    assert "1 attention modules of trial 0, 2 images" in result.stdout
    assert str(here / "maps" / "stage1.svg") in result.stdout
    assert f"open {here / 'maps' / 'index.html'}" in result.stderr
    again = nas("attention-maps", "small", "--trial", 0, "--to", "maps", "--force", "-o", "json")
    assert json.loads(again.stdout)["images"] == 8


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["smal", "--trial", "0", "--to", "x"], 102, "no job 'smal'"),
        (["small", "--trial", "0"], 2, "--to"),
        (["small", "--to", "x"], 2, "--trial"),
        (["small", "--trial", "0", "--to", "x", "--images", "0"], 2, "0 is not in the range"),
    ],
)
def test_refuses_without_a_traceback(nas, here, arguments, status, says):
    result = nas("attention-maps", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert says in result.stderr and "Traceback" not in result.output
    assert list(here.iterdir()) == []
