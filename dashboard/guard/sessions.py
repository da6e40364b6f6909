"""Sign-in for browsers: a cookie that names a token, signed; and what forms must send along."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import time
from pathlib import Path

COOKIE = "nas_session"

#: Seconds until one has to sign in again.
LIFE = 12 * 3600

#: A key of a service of several web processes; they must share one.
VARIABLE = "NAS_SESSION_KEY"

_LOG = logging.getLogger(__name__)


class Sessions:
    """Signed cookies.

    Args:
        key_file: of the key, made with the first sign-in, readable by its owner alone.
    """

    def __init__(self, key_file: Path) -> None:
        self._file = key_file
        self._key = b""

    def issue(self, token_id: int) -> str:
        """The cookie of who signed in with a token."""
        body = f"{token_id}.{int(time.time())}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._sign('session', body)}"

    def read(self, cookie: str) -> int | None:
        """The id of the token that a cookie names; None for one that is not ours, or too old."""
        body, _, mac = cookie.rpartition(".")
        if len(cookie) > 200 or not body or not self._there():
            return None
        if not hmac.compare_digest(mac.encode(), self._sign("session", body).encode()):
            return None
        number, issued, _ = body.split(".", 2)
        return int(number) if 0 <= time.time() - int(issued) + 60 <= LIFE + 60 else None

    def csrf(self, cookie: str) -> str:
        """What only a page that we gave to the owner of this cookie can know."""
        return self._sign("csrf", cookie)

    def same(self, cookie: str, given: str) -> bool:
        """Whether that was sent along."""
        return hmac.compare_digest(self.csrf(cookie).encode(), given.encode(errors="replace"))

    def _sign(self, purpose: str, text: str) -> str:
        if not self._key:
            try:
                self._key = _made(self._file)
            except OSError as error:
                # A web process that may write nothing: its sign-ins end with it.
                told = "sign-ins end with this process: %s (or set %s)"
                _LOG.warning(told, error, VARIABLE)
                self._key = secrets.token_bytes(32)
        return hmac.new(self._key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()

    def _there(self) -> bool:
        return bool(self._key or os.environ.get(VARIABLE)) or self._file.exists()


def _made(file: Path) -> bytes:
    given = os.environ.get(VARIABLE, "")
    if given:
        return given.encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(secrets.token_hex(32))
    try:
        os.link(fresh, file)  # whole or not at all, and the first one wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return file.read_bytes()
