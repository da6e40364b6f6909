"""Who asks, and what they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from nas.errors import NotAllowed
from nas.jobs.recording import local_owner
from nas.store.records import Job
from nas.store.tokens import Role, Token

#: Roles, each with what the earlier ones may.
ROLES: tuple[Role, ...] = ("viewer", "submitter", "admin")


@dataclass(frozen=True)
class Identity:
    """One who asks.

    Attributes:
        name: of the token.
        owner: of what is submitted.
        token: None for who sits at this machine, where no token was made.
        csrf: what forms and scripts of our pages must send along; empty where no cookie is used.
    """

    name: str
    owner: str
    role: Role
    token: Token | None = None
    csrf: str = ""

    def may(self, role: Role) -> bool:
        """Whether this is at least that role."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def need(self, role: Role) -> None:
        """Refuse who may less.

        Raises:
            NotAllowed: naming both roles.
        """
        if not self.may(role):
            needed = "an admin" if role == "admin" else f"a {role}"
            raise NotAllowed(f"token {self.name!r} is a {self.role}'s; this takes {needed}'s")

    def owns(self, owner: str) -> bool:
        """Whether this may act on a job of an owner."""
        return self.may("admin") or (self.may("submitter") and owner == self.owner)

    def need_own(self, job: Job) -> None:
        """Refuse who may not act on a job.

        Raises:
            NotAllowed: naming the owner.
        """
        self.need("submitter")
        if not self.owns(job.owner):
            whose = f"of owner {job.owner!r}" if job.owner else "of nobody"
            raise NotAllowed(
                f"job {job.name!r} is {whose}, token {self.name!r} of {self.owner!r}; only the "
                "owner or an admin may do this"
            )


def local_user() -> Identity:
    """Who sits at this machine."""
    return Identity("this machine", local_owner(), "admin")


def identity_of(request: Request) -> Identity:
    """Who asks, as the guard found."""
    found: Identity = request.state.who
    return found


def _admin(request: Request) -> Identity:
    found = identity_of(request)
    found.need("admin")
    return found


def _submitter(request: Request) -> Identity:
    found = identity_of(request)
    found.need("submitter")
    return found


Who = Annotated[Identity, Depends(identity_of)]
Submitter = Annotated[Identity, Depends(_submitter)]
Admin = Annotated[Identity, Depends(_admin)]
