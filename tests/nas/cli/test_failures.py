import json
import subprocess
import sys

import click
import pytest

from nas.cli import app
from nas.cli.output import output_option
from nas.errors import JobFileError, NameTaken, NotFound, Problem, StoreUnreachable


@pytest.fixture
def broken(monkeypatch, nas):
    """Run a command that raises the given error."""

    def run(error, *arguments):
        @click.command()
        @output_option
        def command(output) -> None:
            raise error

        monkeypatch.setitem(app.COMMANDS, "broken", ("nowhere:broken", ""))
        monkeypatch.setattr(app.NasGroup, "get_command", lambda *_: command)
        return nas("broken", *arguments)

    return run


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NameTaken("a job named 'x' exists"), 2),
        (StoreUnreachable("can't open the store"), 3),
        (NotFound("job", "demp", ["demo"]), 102),
    ],
)
def test_our_errors_are_one_message_and_their_status(broken, here, error, status):
    result = broken(error)
    assert result.exit_code == status
    assert result.stderr == f"error: {error}\n"
    assert result.stdout == ""
    assert list(here.iterdir()) == []


def test_errors_are_json_for_programs(broken):
    problem = Problem("job.yaml:1:2", "name", "is wrong", 1, 2)
    result = broken(JobFileError([problem]), "-o", "json")
    body = json.loads(result.stderr)["error"]
    assert body["kind"] == "job_file_error"
    assert body["problems"] == [
        {"where": "job.yaml:1:2", "path": "name", "message": "is wrong", "line": 1, "column": 2}
    ]
    assert result.stdout == ""


def test_wrong_options_are_json_for_programs_too(broken):
    result = broken(NameTaken("never raised"), "-o", "json", "--nonsense")
    assert result.exit_code == 2
    assert "--nonsense" in json.loads(result.stderr)["error"]["message"]


def test_unexpected_error_is_one_line_with_the_traceback_in_a_file(broken, here):
    result = broken(RuntimeError("two\nlines"))
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "unexpected: RuntimeError: two lines" in result.stderr
    (log,) = (here / ".nas" / "logs").iterdir()
    assert str(log) in result.stderr
    assert "Traceback" in log.read_text()


def test_debug_shows_the_traceback_and_writes_nothing(broken, here, monkeypatch):
    monkeypatch.setenv("NAS_DEBUG", "1")
    result = broken(RuntimeError("no"))
    assert "Traceback" in result.stderr
    assert list(here.iterdir()) == []


def test_unwritable_home_still_gives_the_message(broken, here):
    (here / ".nas").write_text("in the way")
    result = broken(RuntimeError("no"))
    assert result.exit_code == 1
    assert "NAS_DEBUG=1" in result.stderr


@pytest.mark.parametrize(
    ("redirected", "told"),
    [
        ("list >/dev/full", "No space left on device"),
        ("list -o json >/dev/full", "No space left on device"),
        ("list >&-", "stdout is closed"),
        ("list -o json >&-", "stdout is closed"),
        ("--help >/dev/full", "No space left on device"),
    ],
)
def test_an_answer_that_cannot_be_printed_is_said_so(here, redirected, told):
    call = f"exec {sys.executable} -m nas {redirected}"
    result = subprocess.run(["sh", "-c", call], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"the answer can't be printed: {told}" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(here.iterdir()) == []
