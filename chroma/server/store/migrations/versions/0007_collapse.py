"""How much the vectors of a frame differ: spread, effective rank, equal vectors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

_COLUMNS = {"spread": sa.Float(), "effective_rank": sa.Float(), "equal": sa.Integer()}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("frame", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("frame", name)
