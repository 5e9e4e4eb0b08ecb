"""Signs of life of writers in a catalog that several servers share: any of them may hear one.

All times are of the database's clock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select

from chroma.liveness import SILENCE
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Heartbeat

Writer = tuple[str, str]  # run and writer


def note(catalog: Catalog, writers: Collection[Writer]) -> None:
    """Note that writers are alive."""
    for run, writer in sorted(writers):  # in one order, so that servers do not wait for each other in a ring
        sign = insert(Heartbeat).values(run_id=run, writer=writer, heard_at=func.now())
        catalog.session.exec(
            sign.on_conflict_do_update(
                index_elements=["run_id", "writer"], set_={"heard_at": sign.excluded.heard_at}
            )
        )


def fresh(catalog: Catalog, seconds: float = SILENCE) -> set[Writer]:
    """The writers that any server heard of in the last seconds."""
    lately = func.now() - timedelta(seconds=seconds)
    rows = catalog.session.exec(
        select(Heartbeat.run_id, Heartbeat.writer).where(col(Heartbeat.heard_at) > lately)
    ).all()
    return {(run, writer) for run, writer in rows}


def renew(catalog: Catalog) -> None:
    """Give all writers that were heard of another while: perhaps no server was there to hear them."""
    catalog.session.exec(update(Heartbeat).values(heard_at=func.now()))


def forget(catalog: Catalog, run: str, writer: str) -> None:
    """Forget a writer that has ended."""
    catalog.session.exec(
        delete(Heartbeat).where(col(Heartbeat.run_id) == run, col(Heartbeat.writer) == writer)
    )
