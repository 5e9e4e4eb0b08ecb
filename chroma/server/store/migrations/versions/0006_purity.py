"""The purity of frames."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("frame", sa.Column("knn_purity", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("frame", "knn_purity")
