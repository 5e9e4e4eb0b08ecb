"""Tokens for people and trainings that are not on the server's own machine.

The catalog holds digests only. A digest without a salt is enough: a token is 256 random bits.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256

from sqlmodel import col, select

from chroma.errors import ConfigError, NotFoundError
from chroma.server.store.access import SCOPES, Grant
from chroma.server.store.audit import note
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Link, Token, now

_MARK = "chroma_"  # programs that look for secrets in sources know it by this
_LONGEST = 200  # characters of a name


def create_token(
    catalog: Catalog,
    name: str,
    scope: str,
    expires_at: datetime | None,
    *,
    by: str,
    project: str | None = None,
) -> str:
    """Make a token; returns it, for it is not stored.

    Args:
        catalog: Open for writing.
        name: Whose it is, or what for.
        scope: read, write or admin.
        expires_at: Then it ends; None: never.
        by: Who makes it.
        project: Name of the one project it is good for, which need not exist yet; None: all.

    Raises:
        ConfigError: The name or the scope cannot be used, or a token of this name works.
    """
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise ConfigError(f"a token cannot be named {name!r:.50}; use 1 to {_LONGEST} printable characters")
    if scope not in SCOPES:
        raise ConfigError(f"a token cannot have the scope {scope!r:.50}; give one of {', '.join(SCOPES)}")
    if project is not None and (not 0 < len(project) <= _LONGEST or not project.isprintable()):
        raise ConfigError(
            f"no project can be named {project!r:.50}; use 1 to {_LONGEST} printable characters"
        )
    if any(each.name == name for each in working_tokens(catalog)):
        raise ConfigError(f"there is a token named {name!r}; revoke it first, or give another name")
    token = _MARK + secrets.token_urlsafe(32)
    digest = digest_of(token)
    catalog.session.add(Token(name=name, scope=scope, project=project, digest=digest, expires_at=expires_at))
    note(catalog, by, "create_token", f"{name}, {scope}", project=project)
    return token


def all_tokens(catalog: Catalog) -> list[Token]:
    """All tokens, newest first; those that are revoked or have expired, too."""
    return list(
        catalog.session.exec(select(Token).order_by(col(Token.created_at).desc(), col(Token.id))).all()
    )


def working_tokens(catalog: Catalog) -> list[Token]:
    """Those that are neither revoked nor expired."""
    return [each for each in all_tokens(catalog) if state_of(each) == "works"]


def state_of(token: Token | Link) -> str:
    """What has become of a token, or a link: works, expired or revoked."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= now() else "works"


def revoke_token(catalog: Catalog, name: str, *, by: str) -> None:
    """End a token; what began with it ends within seconds.

    Raises:
        NotFoundError: No token of this name works.
    """
    working = {each.name: each for each in working_tokens(catalog)}
    if name not in working:
        raise NotFoundError("token", name, working)
    working[name].revoked_at = now()
    note(catalog, by, "revoke_token", name, project=working[name].project)


def grant_of(catalog: Catalog, digest: str) -> Grant | None:
    """What the token of a digest allows; None where there is none that works."""
    token = catalog.session.exec(select(Token).where(Token.digest == digest)).first()
    if token is None or state_of(token) != "works":
        return None
    if token.project is None:
        return Grant(token.scope, token.name, digest, kind="token")
    return Grant(None, token.name, digest, ((token.project, token.scope),), kind="token")


def digest_of(token: str) -> str:
    """Digest of a token, hex."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
