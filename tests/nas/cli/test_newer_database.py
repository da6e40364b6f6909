"""A store that a newer version wrote is refused by every command that would read it."""

import sqlite3

import pytest

from nas.home import Home
from nas.store.store import Store


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("db", "upgrade"),
        ("show", "small"),
        ("front", "small"),
        ("report", "small"),
        ("resume", "small"),
        ("submit", "job.yaml"),
        ("run", "job.yaml"),
        ("export", "small", "--to", "out"),
        ("serve",),
        ("serve", "--web-only"),
        ("dispatch",),
    ],
    ids=lambda command: command[0],
)
def test_it_is_refused_with_a_clear_word_and_left_alone(nas, job, here, command):
    home = Home.here()
    Store(home.store_url).close()
    with sqlite3.connect(home.store_file) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = home.store_file.read_bytes()
    done = nas(*command)
    assert done.exit_code == 2, done.output
    assert "made by a newer version" in done.stderr
    assert "dashboard of" not in done.stderr
    assert "Traceback" not in done.stderr
    assert home.store_file.read_bytes() == before
