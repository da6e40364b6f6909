"""Who may use the service: bearer tokens, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from nas.errors import NameTaken, NotFound
from nas.store.rows import as_record, inserted_id, now_ms
from nas.store.schema import tokens
from nas.store.transactions import Tables, patient

Role = Literal["viewer", "submitter", "admin"]

#: What every token begins with, so that one in the wrong place is found.
PREFIX = "nas"


@dataclass(frozen=True)
class Token:
    """A token without its secret.

    Attributes:
        owner: of the jobs that it submits.
        requests_per_minute: that it may make; None: the server's own limit.
        revoked_ms: None while it may be used.
    """

    id: int
    name: str
    owner: str
    role: Role
    requests_per_minute: int | None
    created_ms: int
    last_used_ms: int | None
    expires_ms: int | None
    revoked_ms: int | None


@patient
class Tokens(Tables):
    """The table of tokens."""

    def create(
        self,
        name: str,
        role: Role,
        owner: str = "",
        requests_per_minute: int | None = None,
        expires_ms: int | None = None,
        secret: str | None = None,
    ) -> tuple[Token, str]:
        """Make a token; gives it with its text, which is shown this once.

        Args:
            name: of the token.
            role: what it may do.
            owner: of what it submits; by default its name.
            requests_per_minute: None: the server's own limit.
            expires_ms: None: never.
            secret: of an administrator's making; None: a random one.

        Raises:
            NameTaken: if there is a token of this name.
        """
        secret = secret or secrets.token_urlsafe(32)
        values = {
            "name": name,
            "owner": owner or name,
            "role": role,
            "hash": _digest(secret),
            "requests_per_minute": requests_per_minute,
            "created_ms": now_ms(),
            "expires_ms": expires_ms,
        }
        try:
            with self._engine.begin() as connection:
                key = inserted_id(connection.execute(insert(tokens), values))
        except IntegrityError:
            raise NameTaken(name, "token") from None
        return self._get(key), f"{PREFIX}_{key}_{secret}"

    def check(self, text: str) -> Token | None:
        """The token that a text is, if it may be used; None otherwise."""
        prefix, _, rest = text.partition("_")
        number, _, secret = rest.partition("_")
        if prefix != PREFIX or not number.isdecimal() or len(number) > 18 or not secret:
            return None
        query = select(tokens).where(tokens.c.id == int(number))
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        # Compared in constant time, and also where there is no such token.
        same = hmac.compare_digest(row["hash"] if row else "", _digest(secret))
        return as_record(Token, row) if row and same and _usable(row) else None

    def usable(self, token_id: int) -> Token | None:
        """A token by its id, if it may be used; None otherwise."""
        query = select(tokens).where(tokens.c.id == token_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return as_record(Token, row) if row and _usable(row) else None

    def used(self, token: Token) -> None:
        """Note that a token was used; at most once a minute is enough."""
        self._change(token.id, {"last_used_ms": now_ms()})

    def revoke(self, name: str) -> Token:
        """Make a token useless at once.

        Raises:
            NotFound: with the nearest name.
        """
        known = {token.name: token for token in self.list()}
        if name not in known:
            raise NotFound("token", name, known)
        self._change(known[name].id, {"revoked_ms": now_ms()})
        return self._get(known[name].id)

    def list(self) -> list[Token]:
        """All tokens, also revoked ones, oldest first."""
        query = select(tokens).order_by(tokens.c.id)
        with self._engine.connect() as connection:
            return [as_record(Token, row) for row in connection.execute(query).mappings()]

    def any(self) -> bool:
        """Whether there is one that is not revoked: then a request needs one."""
        query = select(func.count()).where(tokens.c.revoked_ms.is_(None))
        with self._engine.connect() as connection:
            return bool(connection.execute(query).scalar())

    def _get(self, key: int) -> Token:
        with self._engine.connect() as connection:
            row = connection.execute(select(tokens).where(tokens.c.id == key)).mappings().one()
        return as_record(Token, row)

    def _change(self, key: int, changes: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(tokens).where(tokens.c.id == key).values(changes))


def _usable(row: RowMapping) -> bool:
    expired = row["expires_ms"] is not None and row["expires_ms"] <= now_ms()
    return row["revoked_ms"] is None and not expired


def _digest(secret: str) -> str:
    # A random secret of 256 bits needs no slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()
