import json
import sys

import click
import pytest
from click.testing import CliRunner

from nas.cli import output
from nas.cli.output import Output, Table, output_option, plain_table


def test_numbers_stand_right_words_left_and_nothing_trails():
    table = Table(("name", "size", "note"), [("a", 5, None), ("long", "1,200", "x")], "Title")
    assert plain_table(table).splitlines() == [
        "Title",
        "name   size  note",
        "a         5",
        "long  1,200  x",
    ]


def test_table_without_rows_is_its_heading():
    assert plain_table(Table(("a", "b"), [])) == "a  b"


def test_emit_prints_json_or_parts(capsys):
    data = {"points": [1]}
    Output("json").emit(data, lambda: pytest.fail("not asked for"))
    assert json.loads(capsys.readouterr().out) == data
    Output().emit(data, lambda: ["head", Table(("n",), [(1,)])])
    assert capsys.readouterr().out == "head\nn\n1\n"


def test_emit_refuses_numbers_that_json_does_not_have():
    with pytest.raises(ValueError, match="JSON"):
        Output("json").emit({"x": float("nan")}, lambda: "")


def test_option_takes_two_formats():
    @click.command()
    @output_option
    def command(output: Output) -> None:
        click.echo(output.json)

    runner = CliRunner()
    assert runner.invoke(command, []).stdout == "False\n"
    assert runner.invoke(command, ["-o", "json"]).stdout == "True\n"
    assert runner.invoke(command, ["--output", "xml"]).exit_code == 2


def test_say_goes_to_stderr(capsys):
    output.say("hello")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_terminal_gets_a_drawn_table_whose_cells_are_not_markup(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.print_part(Table(("what",), [("[bold]kept[/bold]",)]))
    drawn = capsys.readouterr().out
    assert "[bold]kept[/bold]" in drawn
    assert "─" in drawn
