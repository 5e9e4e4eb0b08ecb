"""Links for colleagues without a token: each shows one run, as it was looked at, to whoever has it.

A link holds 256 random bits, which nobody can make up; the catalog holds their digest only.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

from sqlmodel import col, select

from chroma.errors import ConfigError, NotFoundError
from chroma.server.store import lookups
from chroma.server.store.access import Grant
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Link, Project, Run, now
from chroma.server.store.tokens import digest_of, state_of

USUAL = timedelta(days=30)  # for which a link holds
_LONGEST = timedelta(days=365)
_MARK = "chroma_link_"
_LONGEST_ADDRESS = 8_000  # characters: what browsers and proxies accept in an address
_OURS = ("token", "link", "framed-by")  # of an address: they are for the server, and no part of a view


def create_link(
    catalog: Catalog, run_id: str, address: str, holds: timedelta = USUAL, *, by: str
) -> tuple[Link, str]:
    """Make a link; returns it, and the secret that opens it, which is not stored.

    Args:
        catalog: Open for writing.
        run_id: The run that it shows.
        address: Of the view, the search part: `?run=…&layer=…`.
        holds: For how long.
        by: Who makes it.

    Raises:
        NotFoundError: There is no such run.
        ConfigError: The address is none of this run's views, or the time is too long.
    """
    run = lookups.run_by(catalog, run_id)
    if run.deleted_at is not None:
        raise ConfigError(f"the run {run.name} is deleted; restore it before you share it")
    if not timedelta(0) < holds <= _LONGEST:
        raise ConfigError(
            f"a link holds for up to {_LONGEST.days} days, and this one would {holds.days}; give fewer"
        )
    view = parse_qsl(address.removeprefix("?"), keep_blank_values=True)
    kept = urlencode([(name, value) for name, value in view if name not in _OURS])
    if len(kept) > _LONGEST_ADDRESS or not address.isprintable():
        raise ConfigError(
            f"an address of {len(kept)} characters cannot be shared: it has at most {_LONGEST_ADDRESS}; "
            "select fewer samples"
        )
    others = {value for name, value in view if name in ("run", "with")} - {run_id}
    if others:
        raise ConfigError(f"the address shows {min(others)!r:.60}, and a link shows {run_id} alone")
    secret = _MARK + secrets.token_urlsafe(32)
    link = Link(
        run_id=run_id,
        address=f"?{kept}" if kept else f"?{urlencode({'run': run_id})}",
        digest=digest_of(secret),
        made_by=by,
        expires_at=now() + holds,
    )
    catalog.session.add(link)
    return link, secret


def all_links(catalog: Catalog, run_id: str | None = None) -> list[Link]:
    """All links, newest first; those that are revoked or have expired, too. Of one run, if it is named."""
    query = select(Link).order_by(col(Link.created_at).desc(), col(Link.id))
    return list(catalog.session.exec(query if run_id is None else query.where(Link.run_id == run_id)).all())


def revoke_link(catalog: Catalog, link_id: str) -> Link:
    """End a link; pages that it opened end within seconds.

    Raises:
        NotFoundError: No link of this id holds.
    """
    link = catalog.session.get(Link, link_id)
    if link is None or state_of(link) != "works":
        working = [each.id for each in all_links(catalog) if state_of(each) == "works"]
        raise NotFoundError("link that works", link_id, working)
    link.revoked_at = now()
    catalog.session.add(link)
    return link


def link_of(catalog: Catalog, secret: str) -> Link | None:
    """The link that a secret opens; None where it has ended, or there is none."""
    link = catalog.session.exec(select(Link).where(Link.digest == digest_of(secret))).first()
    return link if link is not None and grant_of_link(catalog, link.digest) is not None else None


def grant_of_link(catalog: Catalog, digest: str) -> Grant | None:
    """What the link of a digest shows; None where there is none that works, or its run is deleted."""
    query = (
        select(Link, Project.name)
        .join(Run, col(Link.run_id) == Run.id)
        .join(Project, col(Run.project_id) == Project.id)
        .where(Link.digest == digest, col(Run.deleted_at).is_(None))
    )
    found = catalog.session.exec(query).first()
    if found is None or state_of(found[0]) != "works":
        return None
    link, project = found
    return Grant(None, link.id, digest, ((project, "read"),), kind="link", run=link.run_id)
