"""Indexes by which many runs are listed, and their segments summed."""

from __future__ import annotations

from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_index("ix_run_listed", "run", ["deleted_at", "created_at"])
    op.create_index("ix_segment_bytes", "segment", ["run_id", "bytes"])
    op.drop_index("ix_segment_run_id", "segment")  # the others begin with it


def downgrade() -> None:
    op.create_index("ix_segment_run_id", "segment", ["run_id"])
    op.drop_index("ix_segment_bytes", "segment")
    op.drop_index("ix_run_listed", "run")
