"""The store's tokens, remembered for seconds: most requests cost no look at the store."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from nas.store.store import Store
from nas.store.tokens import Token

#: Seconds for which an answer is remembered: so long a revoked token may still be of use.
SECONDS = 3.0

#: Seconds between two notes of when a token was last used.
USED_SECONDS = 60.0

_MOST = 4096


class Keyring:
    """Which tokens may be used.

    Args:
        store: gives the store, or None where nothing was recorded yet: then there is no token.
        seconds: for which an answer is remembered.
    """

    def __init__(self, store: Callable[[], Store | None], seconds: float = SECONDS) -> None:
        self._store, self._seconds = store, seconds
        self._known: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._used: dict[int, float] = {}
        self._lock = Lock()

    def required(self) -> bool:
        """Whether there is a token, so that a request needs one."""
        return bool(self._remembered("any", lambda store: store.tokens.any()))

    def known(self, text: str) -> bool:
        """Whether this text was found to be a token just now."""
        with self._lock:
            made, token = self._known.get(_key(text), (0.0, None))
        return token is not None and time.monotonic() - made < self._seconds

    def check(self, text: str) -> Token | None:
        """The token that a text is, if it may be used."""
        found: Token | None = self._remembered(_key(text), lambda store: store.tokens.check(text))
        return self._noted(found)

    def usable(self, token_id: int) -> Token | None:
        """The token of this id, if it may still be used."""
        found: Token | None = self._remembered(
            token_id, lambda store: store.tokens.usable(token_id)
        )
        return self._noted(found)

    def _remembered(self, key: Hashable, ask: Callable[[Store], Any]) -> Any:
        now = time.monotonic()
        with self._lock:
            made, value = self._known.get(key, (-self._seconds, None))
            if now - made < self._seconds:
                return value
        store = self._store()
        value = ask(store) if store else None
        with self._lock:
            # What is no token is not remembered: nobody can fill this with guesses.
            if value:
                self._known[key] = (now, value)
            else:
                self._known.pop(key, None)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return value

    def _noted(self, token: Token | None) -> Token | None:
        if token is None:
            return None
        now, store = time.monotonic(), self._store()
        with self._lock:
            due = now - self._used.get(token.id, -USED_SECONDS) >= USED_SECONDS
            if due:
                self._used[token.id] = now
        if due and store:
            store.tokens.used(token)
        return token


def _key(text: str) -> Hashable:
    # So that no token stands in this process's memory for longer than its request.
    return hashlib.sha256(text.encode(errors="replace")).digest()
