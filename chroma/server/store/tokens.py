"""Tokens for people and trainings that are not on the server's own machine, and what was done with them.

The catalog holds digests only. A digest without a salt is enough: a token is 256 random bits.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlmodel import col, select

from chroma.errors import ConfigError, NotFoundError, RefusedError
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import AuditEntry, Token, now

SCOPES = ("read", "write", "admin")  # each may do what those before it may
_MARK = "chroma_"  # programs that look for secrets in sources know it by this
_LONGEST = 200  # characters of a name


@dataclass(frozen=True, slots=True)
class Grant:
    """What whoever asks may do.

    Attributes:
        scope: read: see everything, and have films and findings made of it; write: also send runs, and
            change names, tags, labels and views; admin: also delete.
        name: Of the token; None for this machine's own.
        digest: Of the token; None for this machine's own.
    """

    scope: str = "admin"
    name: str | None = None
    digest: str | None = None

    def allows(self, scope: str) -> bool:
        """Whether it covers a scope."""
        return SCOPES.index(scope) <= SCOPES.index(self.scope)

    def check(self, scope: str) -> None:
        """Check that it covers a scope.

        Raises:
            RefusedError: It does not.
        """
        if not self.allows(scope):
            raise RefusedError(
                f"the token {self.name!r} may only {self.scope}, and this needs one that may {scope}; "
                "ask who runs the server for one"
            )


OWNER = Grant()  # who shows this machine's own token, or is alone on it


def create_token(catalog: Catalog, name: str, scope: str, expires_at: datetime | None, *, by: str) -> str:
    """Make a token; returns it, for it is not stored.

    Raises:
        ConfigError: The name or the scope cannot be used, or a token of this name works.
    """
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise ConfigError(f"a token cannot be named {name!r:.50}; use 1 to {_LONGEST} printable characters")
    if scope not in SCOPES:
        raise ConfigError(f"a token cannot have the scope {scope!r:.50}; give one of {', '.join(SCOPES)}")
    if any(each.name == name for each in working_tokens(catalog)):
        raise ConfigError(f"there is a token named {name!r}; revoke it first, or give another name")
    token = _MARK + secrets.token_urlsafe(32)
    catalog.session.add(Token(name=name, scope=scope, digest=digest_of(token), expires_at=expires_at))
    note(catalog, by, "create_token", name)
    return token


def all_tokens(catalog: Catalog) -> list[Token]:
    """All tokens, newest first; those that are revoked or have expired, too."""
    return list(
        catalog.session.exec(select(Token).order_by(col(Token.created_at).desc(), col(Token.id))).all()
    )


def working_tokens(catalog: Catalog) -> list[Token]:
    """Those that are neither revoked nor expired."""
    return [each for each in all_tokens(catalog) if state_of(each) == "works"]


def state_of(token: Token) -> str:
    """What has become of a token: works, expired or revoked."""
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
    note(catalog, by, "revoke_token", name)


def grant_of(catalog: Catalog, digest: str) -> Grant | None:
    """What the token of a digest allows; None where there is none that works."""
    token = catalog.session.exec(select(Token).where(Token.digest == digest)).first()
    if token is None or state_of(token) != "works":
        return None
    return Grant(token.scope, token.name, digest)


def digest_of(token: str) -> str:
    """Digest of a token, hex."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def note(catalog: Catalog, who: str, action: str, about: str) -> None:
    """Keep who did what, when."""
    catalog.session.add(AuditEntry(who=who, action=action, about=about[:_LONGEST]))


def audit(catalog: Catalog, limit: int) -> list[AuditEntry]:
    """What was done last, newest first."""
    newest = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    return list(catalog.session.exec(newest).all())
