"""Catalogs of several servers: signs of life, and numbers of 64 bits where SQLite has them anyway."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

_COLUMNS = {
    "segment": ("id", "number"),
    "attempt": ("told_number", "world_size"),
    "snapshot": ("of",),
    "metric": ("id",),
    "frame": ("of",),
}


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "writer", name=op.f("pk_heartbeat")),
    )
    _change(sa.Integer(), sa.BigInteger())


def downgrade() -> None:
    _change(sa.BigInteger(), sa.Integer())
    op.drop_table("heartbeat")


def _change(old: sa.Integer, new: sa.Integer) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, names in _COLUMNS.items():
        for name in names:
            op.alter_column(table, name, existing_type=old, type_=new, existing_nullable=False)
            if name == "id":
                kind = "bigint" if isinstance(new, sa.BigInteger) else "integer"
                op.execute(f"ALTER SEQUENCE {table}_id_seq AS {kind}")
