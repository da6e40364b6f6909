import pytest

from nas.errors import NameTaken, NotFound
from nas.store.rows import now_ms


def test_only_the_whole_token_opens(store):
    token, text = store.tokens.create("ci", "submitter", owner="ann")
    assert store.tokens.check(text) == token
    prefix, number, secret = text.split("_", 2)
    wrong = [secret, f"{prefix}_{number}_", f"{prefix}_99_{secret}", text + "x", text[:-1], ""]
    wrong += [f"nas_{'9' * 40}_{secret}", "nas_x_y", f"sk_{number}_{secret}"]
    assert [store.tokens.check(one) for one in wrong] == [None] * len(wrong)


def test_the_secret_is_kept_nowhere(store):
    _, text = store.tokens.create("ci", "viewer")
    with store.engine.connect() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM tokens").all())
    assert text.split("_", 2)[2] not in kept


def test_a_revoked_token_is_shut_out_at_once(store):
    _, text = store.tokens.create("ci", "viewer")
    assert store.tokens.any()
    assert store.tokens.revoke("ci").revoked_ms
    assert store.tokens.check(text) is None
    assert not store.tokens.any()
    assert [token.name for token in store.tokens.list()] == ["ci"]


def test_an_expired_token_is_shut_out(store):
    _, text = store.tokens.create("ci", "viewer", expires_ms=now_ms() - 1)
    assert store.tokens.check(text) is None
    _, text = store.tokens.create("more", "viewer", expires_ms=now_ms() + 60_000)
    assert store.tokens.check(text)


def test_names_are_unique_and_unknown_ones_get_the_nearest(store):
    store.tokens.create("laptop", "admin")
    with pytest.raises(NameTaken, match="a token named 'laptop' exists"):
        store.tokens.create("laptop", "admin")
    with pytest.raises(NotFound, match="did you mean 'laptop'"):
        store.tokens.revoke("laptpo")


def test_use_is_noted(store):
    token, _ = store.tokens.create("ci", "viewer")
    store.tokens.used(token)
    assert store.tokens.list()[0].last_used_ms


def test_a_token_is_usable_by_its_number_until_it_is_revoked_or_ends(store):
    token, _ = store.tokens.create("ci", "viewer")
    assert store.tokens.usable(token.id) == token
    store.tokens.revoke("ci")
    assert store.tokens.usable(token.id) is None
    late, _ = store.tokens.create("late", "viewer", expires_ms=1)
    assert store.tokens.usable(late.id) is None
    assert store.tokens.usable(99) is None
