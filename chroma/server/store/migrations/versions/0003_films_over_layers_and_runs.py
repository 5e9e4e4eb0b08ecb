"""Films over layers and runs, of picked samples, and of chosen steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

# A film is known by its id, the digest of all that was asked for: more than these four columns.
_UNIQUE = "uq_film_run_id_layer_id_split_id_method"
_LISTS = ("steps", "layers", "run_ids")
_NUMBERS = ("step", "epoch")


def upgrade() -> None:
    with op.batch_alter_table("film") as film:
        film.drop_constraint(_UNIQUE, type_="unique")
        for name in _LISTS:
            film.add_column(sa.Column(name, sa.JSON(), nullable=True))
        for name in _NUMBERS:
            film.add_column(sa.Column(name, sa.Integer(), nullable=True))
        film.add_column(sa.Column("subset", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.execute("DELETE FROM film WHERE axis != 'epochs' OR subset != '' OR steps IS NOT NULL")
    with op.batch_alter_table("film") as film:
        for name in (*_LISTS, *_NUMBERS, "subset"):
            film.drop_column(name)
        film.create_unique_constraint(_UNIQUE, ["run_id", "layer_id", "split_id", "method"])
