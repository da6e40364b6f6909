import json

import pytest

from nas.store.store import Store
from tests.nas.drawing.examples import attentive


@pytest.fixture
def file(here):
    path = here / "a.json"
    path.write_text(attentive().to_json())
    return path


def test_writes_a_picture_or_prints_it(nas, here, file):
    written = nas("draw", file, "-o", "a.svg")
    assert written.exit_code == 0, written.output
    assert written.stdout == "" and "wrote a.svg" in written.stderr
    assert (here / "a.svg").read_text() == nas("draw", file).stdout
    assert (here / "a.svg").read_text().startswith("<svg")


def test_the_input_size_is_an_option(nas, file):
    assert "images 3×32×32, 10 classes" in nas("draw", file).stdout
    sized = nas("draw", file, "--input", "1x28x28", "--classes", 7)
    assert "images 1×28×28, 7 classes" in sized.stdout


def test_a_program_gets_the_numbers(nas, file):
    answer = json.loads(nas("draw", file, "-o", "json").stdout)
    assert answer["attention"][0]["cost"] == {"parameters": 148, "forward_flops": 256}
    assert answer["shape"]["height"] == 32


def test_draws_any_trial_of_a_job_for_its_images(nas, here, add_job):
    store = Store(f"sqlite:///{here / '.nas' / 'store.db'}")
    add_job(store)
    store.close()
    drawn = nas("draw", "synthetic", "--trial", 4)
    assert drawn.exit_code == 0, drawn.output
    assert "images 1×8×8, 10 classes" in drawn.stdout and ">se<" in drawn.stdout
    for arguments, status, says in [
        (["synthetic"], 2, "say which trial of synthetic: --trial N"),
        (["synthetic", "--trial", "99"], 102, "no trial '99'"),
        (["synthetik", "--trial", "1"], 102, "did you mean 'synthetic'"),
    ]:
        result = nas("draw", *arguments)
        assert (result.exit_code, result.stdout) == (status, "")
        assert says in result.stderr and "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["no.json"], 2, "no.json does not exist"),
        (["nothing"], 102, "no job 'nothing'"),
        (["a.json", "--trial", "1"], 2, "--trial is for a job"),
        (["a.json", "-o", "a.png"], 2, "must be a file that ends in .svg"),
        (["a.json", "-o", "no/where.svg"], 2, "can't be written"),
        (["a.json", "--input", "3x32"], 2, "must be CxHxW"),
        (["bad.json"], 2, "bad.json is not JSON"),
        (["odd.json"], 2, "unknown attention type 'sse'"),
    ],
)
def test_refuses_without_a_traceback(nas, here, file, arguments, status, says):
    (here / "bad.json").write_text("{")
    (here / "odd.json").write_text(attentive().to_json().replace('"se"', '"sse"'))
    result = nas("draw", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert says in result.stderr and "Traceback" not in result.output


def test_errors_are_json_where_json_was_asked_for(nas, here):
    result = nas("draw", "no.json", "-o", "json")
    assert json.loads(result.stderr)["error"]["kind"] == "usage_problem"
