"""Who may do what: the one place that decides.

A grant says which scope somebody has, in all projects or in some. What it does not reach does not exist for
its holder: the catalog that is opened for it (`Store.within`) holds the rows of those projects alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chroma.errors import RefusedError

SCOPES = ("read", "write", "admin")  # each may do what those before it may


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of the catalog there is for somebody.

    Attributes:
        projects: Their names; one that does not exist yet may.
        run: Id of the one run of them that there is; None: all. Whoever sees one run alone, by a link, adds
            nothing either, no films and no jobs.
    """

    projects: frozenset[str]
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What whoever asks may do.

    Attributes:
        scope: In all projects: read: see everything, and have films and findings made of it; write: also
            send runs, and change names, tags, labels and views; admin: also delete. None: it counts in
            `projects` only.
        name: Of the token, or of the user; empty for this machine's own.
        holder: By which the catalog tells again what it is now; None for this machine's own.
        projects: Names of projects, each with the scope there.
        kind: What shows that it is they: a token, a proxy that named the user, a link, this machine's own
            token.
        run: Id of the one run that a link shows; None: all runs of the projects.
    """

    scope: str | None = "admin"
    name: str = ""
    holder: str | None = None
    projects: tuple[tuple[str, str], ...] = ()
    kind: Literal["machine", "token", "user", "link"] = "machine"
    run: str | None = None

    def allows(self, scope: str) -> bool:
        """Whether it covers a scope in any project."""
        return _covers(self.scope, scope) or any(_covers(own, scope) for _, own in self.projects)

    def within(self, scope: str) -> frozenset[str] | None:
        """Names of the projects in which it covers a scope; None for all."""
        if _covers(self.scope, scope):
            return None
        return frozenset(name for name, own in self.projects if _covers(own, scope))

    def reach(self, scope: str) -> Reach | None:
        """How much of the catalog there is for what needs a scope; None: all of it."""
        projects = self.within(scope)
        return None if projects is None else Reach(projects, self.run)

    def check(self, scope: str) -> None:
        """Check that it covers a scope in any project.

        Raises:
            RefusedError: It does not.
        """
        if not self.allows(scope):
            best = max((own for own in (self.scope, *dict(self.projects).values()) if own), key=SCOPES.index)
            raise RefusedError(
                f"{self.who} may only {best}, and this needs the right to {scope}; "
                "ask who runs the server for it"
            )

    def check_everywhere(self, scope: str) -> None:
        """Check that it covers a scope in all projects: what concerns the server needs that.

        Raises:
            RefusedError: It does not.
        """
        self.check(scope)
        if not _covers(self.scope, scope):
            raise RefusedError(
                f"{self.who} may {scope} in some projects only, and this concerns all of them; "
                "ask who runs the server"
            )

    @property
    def who(self) -> str:
        """Its holder, for sentences."""
        return f"the {self.kind} {self.name!r}"


class NoMemberError(RefusedError):
    """A user has signed in, and is no member of any project."""

    def __init__(self, user: str, admins: list[str]) -> None:
        ask = f"ask {', '.join(admins)}" if admins else "ask who runs the server"
        super().__init__(
            f"you are signed in as {user}, and are a member of no project here; {ask} to add you"
        )


class ShownOnlyError(RefusedError):
    """Whoever sees a run by a link asked for what nobody had drawn or looked for before."""

    def __init__(self) -> None:
        super().__init__(
            "a link shows what is there, and has nothing drawn or looked for; ask whoever sent it for more"
        )


OWNER = Grant()  # who shows this machine's own token, or is alone on it


def _covers(own: str | None, scope: str) -> bool:
    return own is not None and SCOPES.index(scope) <= SCOPES.index(own)
