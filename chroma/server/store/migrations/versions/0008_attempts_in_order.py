"""Attempts in the order that their writers tell, and how many snapshots each writer had accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("told_number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("attempt", sa.Column("accepted", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    # Plain DROP COLUMN: a table built anew would take the rows that point at it with it.
    op.drop_column("attempt", "accepted")
    op.drop_column("attempt", "told_number")
