"""What all tables are made of: their base, their ids, and the types of their columns."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

# Constraints need names before a migration can change them.
_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# 64 bits, which an INTEGER of SQLite has anyway; and only that can be a key which the database counts.
INTEGER: Any = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """UTC moments; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark what was read as UTC."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random id, 32 hex digits."""
    return uuid4().hex


def stable_id(*key: object) -> str:
    """The id of a row that is rebuilt from segments: 32 hex digits of its key, so that links survive."""
    return blake2b("\0".join(str(part) for part in key).encode(), digest_size=16).hexdigest()


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=_NAMES))):
    """Base of our tables, apart from those a user's notebook may define with SQLModel."""


def moment() -> Any:
    """A moment, UTC; that of the row's making by default."""
    return Field(default_factory=now, sa_type=UtcDateTime)


def moment_or_none() -> Any:
    """A moment, UTC, or none."""
    return Field(default=None, sa_type=UtcDateTime)


def json() -> Any:
    """A JSON object, empty by default."""
    return Field(default_factory=dict, sa_type=JSON)


def list_or_none() -> Any:
    """A JSON list, or none."""
    return Field(default=None, sa_type=JSON(none_as_null=True))  # pyright: ignore[reportArgumentType]


def wide() -> Any:
    """A 64-bit integer: a step may count tokens or nanoseconds."""
    return Field(sa_type=BigInteger)


def wide_or_none() -> Any:
    """A 64-bit integer, or none."""
    return Field(default=None, sa_type=BigInteger)


def owned(column: str) -> Any:
    """A foreign key whose rows go with their owner."""
    return Field(foreign_key=column, ondelete="CASCADE", index=True)
