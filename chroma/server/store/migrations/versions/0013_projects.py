"""Tokens of one project, members of projects, and who sends a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("token", sa.Column("project", sa.String(), nullable=True))
    op.create_table(
        "member",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("user", "project", name=op.f("uq_member_user_project")),
    )
    op.create_table(
        "sender",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("projects", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_sender")),
    )


def downgrade() -> None:
    op.drop_table("sender")
    op.drop_table("member")
    with op.batch_alter_table("token") as batch:
        batch.drop_column("project")
