"""``nas token``: who may use the service."""

from __future__ import annotations

import time
from typing import Any

import click

from nas.cli.opened import existing_store, refuse_from_afar, server
from nas.cli.output import Output, Part, Table, output_option, say
from nas.errors import NotFound
from nas.home import Home


@click.group()
def token() -> None:
    """Tokens: as long as there is none, only this machine can use the service."""


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "submitter", "admin"]),
    default="submitter",
    show_default=True,
    help="viewer: reads. submitter: also submits, and acts on own jobs. admin: everything.",
)
@click.option("--owner", metavar="OWNER", help="Of the jobs that it submits; default: NAME.")
@click.option(
    "--requests-per-minute", type=click.IntRange(min=1), metavar="N", help="Its own limit."
)
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="Until it ends.")
@output_option
def create(
    name: str,
    role: str,
    owner: str | None,
    requests_per_minute: int | None,
    days: float | None,
    output: Output,
) -> None:
    """Make a token; its text is shown this once, only a hash of it is kept."""
    from nas.analysis.accounts import token_summary
    from nas.store.store import Store

    refuse_from_afar("tokens are made")
    expires = None if days is None else int((time.time() + 86_400 * days) * 1000)
    store = Store(Home.here().store_url)
    made, text = store.tokens.create(
        name,
        role,  # type: ignore[arg-type]
        owner or "",
        requests_per_minute,
        expires,
    )
    store.close()
    output.emit({**token_summary(made), "token": text}, lambda: text)
    if not output.json:
        say(f"{role} token {name!r} of owner {made.owner!r}: shown this once, keep it safe")


@token.command("list")
@output_option
def list_tokens(output: Output) -> None:
    """List all tokens without their texts, also revoked ones."""
    remote = server()
    found = remote.get("tokens") if remote is not None else _listed()
    output.emit(found, lambda: _table(found))


@token.command()
@click.argument("name")
@output_option
def revoke(name: str, output: Output) -> None:
    """Make the token NAME useless; who uses it is refused within seconds."""
    from nas.analysis.accounts import token_summary

    refuse_from_afar("tokens are revoked")
    with existing_store() as store:
        if store is None:
            raise NotFound("token", name)
        made = store.tokens.revoke(name)
    output.emit(token_summary(made), lambda: f"token {name!r} is revoked")


def _listed() -> list[dict[str, Any]]:
    from nas.analysis.accounts import token_summary

    with existing_store() as store:
        return [token_summary(one) for one in store.tokens.list()] if store else []


def _table(found: list[dict[str, Any]]) -> Part:
    columns = ("name", "role", "owner", "created", "last_used", "expires", "revoked")
    return Table(columns, [tuple(one[key] or "" for key in columns) for one in found])
