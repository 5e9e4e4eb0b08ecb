"""To which run something was done, and how whoever did it was known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("audit_entry", sa.Column("kind", sa.String(), nullable=True))
    op.add_column("audit_entry", sa.Column("run", sa.String(), nullable=True))
    op.add_column("audit_entry", sa.Column("project", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("audit_entry") as batch:
        batch.drop_column("project")
        batch.drop_column("run")
        batch.drop_column("kind")
