"""Links that users make for colleagues, and end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chroma.errors import ConfigError
from chroma.server.home.context import Context
from chroma.server.store import links
from chroma.server.store.tables import Link


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link that was just made.

    Attributes:
        link: Its row.
        secret: What opens it, which cannot be told again.
    """

    link: Link
    secret: str

    @property
    def run_id(self) -> str:
        """The run that it shows."""
        return self.link.run_id


def create_link(context: Context, run_id: str, address: str, *, days: int, by: str) -> MadeLink:
    """Make a link to a view of a run.

    Raises:
        NotFoundError: There is no such run.
        ConfigError: The address is none of its views, the time is too long, or a link would show all.
    """
    context.check_writable()
    if context.token is None:
        raise ConfigError(
            "this dashboard asks nobody for a token, so that a link would show everything; "
            "start it without --no-token"
        )
    with context.store.writing() as catalog:
        return MadeLink(*links.create_link(catalog, run_id, address, timedelta(days=days), by=by))


def revoke_link(context: Context, link_id: str) -> Link:
    """End a link.

    Raises:
        NotFoundError: No link of this id holds.
    """
    context.check_writable()
    with context.store.writing() as catalog:
        return links.revoke_link(catalog, link_id)
