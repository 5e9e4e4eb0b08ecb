"""Films drawn together: states on their way, how they were drawn, how they move."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("film", sa.Column("refine", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("frame", sa.Column("stress", sa.Float(), nullable=True))
    op.add_column("frame", sa.Column("stress_pca", sa.Float(), nullable=True))
    op.add_column("revision", sa.Column("forming", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("revision", sa.Column("recipe", sa.String(), nullable=True))
    op.add_column("revision", sa.Column("landmarks", sa.Integer(), nullable=True))
    op.add_column("revision", sa.Column("jitter", sa.Float(), nullable=True))
    op.add_column("revision", sa.Column("movement", sa.Float(), nullable=True))
    op.add_column("revision", sa.Column("rho", sa.Float(), nullable=True))
    op.add_column("revision", sa.Column("motion_n", sa.Integer(), nullable=True))


def downgrade() -> None:
    # Plain DROP COLUMN: a table built anew would take the rows that point at it with it.
    for name in ("motion_n", "rho", "movement", "jitter", "landmarks", "recipe", "forming"):
        op.drop_column("revision", name)
    op.drop_column("frame", "stress_pca")
    op.drop_column("frame", "stress")
    op.drop_column("film", "refine")
