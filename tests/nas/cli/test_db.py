"""``nas db upgrade``: tables before a service starts."""

import json

from nas.store.schema import REVISION


def test_tables_are_made_and_a_second_time_changes_nothing(nas, here):
    made = json.loads(nas("db", "upgrade", "-o", "json").stdout)
    file = here / ".nas" / "store.db"
    assert made == {"store": f"sqlite:///{file}", "revision": REVISION}
    before = file.read_bytes()
    again = nas("db", "upgrade")
    assert again.stdout == f"sqlite:///{file} is at revision {REVISION}\n"
    assert file.read_bytes() == before


def test_the_password_is_not_shown(nas, monkeypatch):
    monkeypatch.setenv("NAS_STORE_URL", "postgresql://nas:geheim@127.0.0.1:1/nas")
    failed = nas("db", "upgrade")
    assert failed.exit_code == 3
    assert "geheim" not in failed.output + failed.stderr
