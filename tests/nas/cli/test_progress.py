import sys

import pytest

from nas.cli.progress import LiveProgress, PlainProgress, progress


def test_no_terminal_gets_lines_on_stderr(capsys):
    with progress() as shown:
        shown.note("begun")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "begun\n")


def test_plain_state_is_its_first_line_once_an_interval(capsys):
    shown = PlainProgress(interval_s=1000)
    shown.show("1 of 9\nmore")
    shown.show("2 of 9\nmore")
    assert capsys.readouterr().err == "1 of 9\n"


def test_plain_state_is_not_repeated(capsys):
    shown = PlainProgress(interval_s=0)
    for text in ("1 of 9", "1 of 9", "2 of 9"):
        shown.show(text)
    assert capsys.readouterr().err == "1 of 9\n2 of 9\n"


def test_quiet_shows_nothing(capsys):
    with progress(quiet=True) as shown:
        shown.note("begun")
        shown.show("1 of 9")
    assert capsys.readouterr().err == ""


def test_terminal_gets_a_live_block_unless_it_is_dumb(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress(), LiveProgress)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress(), PlainProgress)


def test_live_block_ends_with_the_command(capsys):
    with pytest.raises(RuntimeError), LiveProgress() as shown:
        shown.show("[1] of 9")
        shown.note("a [line] that stays")
        raise RuntimeError
    assert "a [line] that stays" in capsys.readouterr().err
