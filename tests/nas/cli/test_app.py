import os
import subprocess
import sys

import click
import pytest

from nas.cli import app


def test_help_lists_every_command_with_its_line(nas):
    result = nas("--help")
    assert result.exit_code == 0
    for name, (_, text) in app.COMMANDS.items():
        assert any(
            line.split()[:1] == [name] and line.endswith(text)
            for line in result.stdout.splitlines()
        )


def test_commands_are_those_of_the_manual():
    manual = "init validate run resume extend retrain"
    manual += " list show front report effects ledger export draw attention-maps"
    manual += " submit watch logs wait pause cancel retry priority delete serve dispatch"
    manual += " token owner data db gc spaces inspect doctor"
    assert " ".join(app.COMMANDS) == manual


def test_every_command_stands_below_a_heading(nas):
    told = nas("--help").stdout
    for heading, first in app.SECTIONS.items():
        assert f"{heading}:\n  {first} " in told
    assert all(f"\n  {name} " in told for name in app.COMMANDS)


@pytest.mark.parametrize("name", ["init", "validate", "spaces", "doctor"])
def test_table_of_commands_leads_to_commands_with_help(nas, name):
    result = nas(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: nas {name}")


@pytest.mark.parametrize(("before", "after"), [("", "1"), ("3", "3")])
def test_numpy_takes_one_thread_unless_told_otherwise(before, after):
    """Its threads would turn on the cores that workers train on."""
    told = "import os, sys; from nas.cli.app import main\ntry: main(['--help'])\nfinally: "
    told += "print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)"
    environ = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    environ |= {"OPENBLAS_NUM_THREADS": before} if before else {}
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, env=environ)
    assert done.stdout.splitlines()[-1] == f"{after} False"


def test_unknown_command_gives_the_nearest_spelling(nas):
    result = nas("validat")
    assert result.exit_code == 2
    assert "no command 'validat' (did you mean 'validate'?)" in result.stderr
    assert result.stdout == ""


def test_version_is_the_package_s(nas):
    from importlib.metadata import version

    assert nas("--version").stdout == f"nas {version('attention-placement-nas')}\n"


def test_interrupt_ends_with_130(nas, monkeypatch):
    _with_command(monkeypatch, KeyboardInterrupt())
    result = nas("broken")
    assert result.exit_code == 130
    assert result.stderr == "interrupted\n"


def test_python_m_nas_is_the_same_program(tmp_path):
    answers = [
        subprocess.run([*start, "--help"], capture_output=True, text=True, check=True, cwd=tmp_path)
        for start in ([sys.executable, "-m", "nas"], [os.path.join(sys.prefix, "bin", "nas")])  # noqa: PTH118
    ]
    assert answers[0].stdout == answers[1].stdout


def _with_command(monkeypatch, error):
    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.setitem(app.COMMANDS, "broken", (f"{__name__}:broken", ""))
    monkeypatch.setattr(app.NasGroup, "get_command", lambda *_: broken)
