"""Who waits for a job, and how large it is; films of several splits, and of parameters of their method."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

_FLAGS = ("asked", "painted", "parked")


def upgrade() -> None:
    for name in _FLAGS:
        op.add_column("job", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("size", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("job", sa.Column("watched_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("job", sa.Column("seconds_left", sa.Float(), nullable=True))
    op.add_column("film", sa.Column("splits", sa.JSON(), nullable=True))
    op.add_column("film", sa.Column("params", sa.JSON(), nullable=True))
    op.add_column("frame", sa.Column("explained", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("frame", "explained")
    op.drop_column("film", "params")
    op.drop_column("film", "splits")
    for name in ("seconds_left", "watched_until", "size", *reversed(_FLAGS)):
        op.drop_column("job", name)
