"""Steps, epochs and sizes of 64 bits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

_COLUMNS = {  # whether they may be null
    "segment": {"step": True, "epoch": True, "bytes": False},
    "split": {"of": False},
    "snapshot": {"step": False, "epoch": True, "bytes": False},
    "metric": {"step": False, "epoch": True},
    "film": {"step": True, "epoch": True},
    "frame": {"step": False, "epoch": True},
}


def upgrade() -> None:
    _change(sa.Integer(), sa.BigInteger())


def downgrade() -> None:
    _change(sa.BigInteger(), sa.Integer())


def _change(old: sa.Integer, new: sa.Integer) -> None:
    for table, columns in _COLUMNS.items():
        with op.batch_alter_table(table) as batch_op:
            for name, nullable in columns.items():
                batch_op.alter_column(name, existing_type=old, type_=new, existing_nullable=nullable)
            if table == "film":  # SQLite's new table would have the default in brackets
                batch_op.alter_column(
                    "subset", existing_type=sa.String(), existing_nullable=False, server_default=""
                )
