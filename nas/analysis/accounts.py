"""Tokens as mappings: what ``nas token list -o json`` prints; never with a secret or its hash."""

from __future__ import annotations

from typing import Any

from nas.analysis.summary import iso
from nas.store.tokens import Token


def token_summary(one: Token) -> dict[str, Any]:
    """Everything about a token but the token."""
    return {
        "id": one.id,
        "name": one.name,
        "owner": one.owner,
        "role": one.role,
        "requests_per_minute": one.requests_per_minute,
        "created": iso(one.created_ms),
        "last_used": iso(one.last_used_ms),
        "expires": iso(one.expires_ms),
        "revoked": iso(one.revoked_ms),
    }
