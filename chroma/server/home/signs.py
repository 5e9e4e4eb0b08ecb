"""Signs of life of writers: in the journal, and where servers share a catalog, in it as well.

A writer may send each sign to another server: what one of them heard counts for all.
"""

from __future__ import annotations

from collections.abc import Collection

from chroma import liveness
from chroma.server.home.context import Context
from chroma.server.store.ingest import heartbeats
from chroma.server.store.ingest.heartbeats import Writer


def hear(context: Context, run: str, writer: str) -> bool:
    """Note that a writer on another machine is alive; returns whether it counted as alive before.

    Raises:
        OSError: The journal cannot be written to.
    """
    before = liveness.hear(context.settings.journal, run, writer)
    if context.store.is_shared:
        with context.store.claiming() as catalog:
            before = (run, writer) in heartbeats.fresh(catalog)
            heartbeats.note(catalog, [(run, writer)])
    return before


def end(context: Context, run: str, writer: str) -> None:
    """Note that a writer on another machine gives no more signs of life."""
    liveness.end(context.settings.journal, run, writer)
    forget(context, run, writer)


def forget(context: Context, run: str, writer: str) -> None:
    """Forget a writer that has ended."""
    if context.store.is_shared:
        with context.store.claiming() as catalog:
            heartbeats.forget(catalog, run, writer)


def hear_all_again(context: Context) -> None:
    """Give all writers that were heard of another while: a server that starts could not hear them."""
    liveness.hear_all_again(context.settings.journal)
    if context.store.is_shared:
        with context.store.writing() as catalog:
            heartbeats.renew(catalog)


def alive(context: Context, writers: Collection[Writer]) -> set[Writer]:
    """Those of some writers that are alive, as far as this server, or another one, can know."""
    journal = context.settings.journal
    here = {each for each in writers if liveness.is_alive(journal, *each)}
    if not context.store.is_shared or not writers:
        return here
    with context.store.reading() as catalog:
        heard = heartbeats.fresh(catalog)
        lately = heartbeats.fresh(catalog, liveness.HEARTBEAT)
    # Trainings on this machine hold a lock and send no signs: other servers hear of them here.
    silent = {each for each in here - lately if not liveness.was_heard(journal, *each)}
    if silent:
        with context.store.claiming() as catalog:
            heartbeats.note(catalog, silent)
    return here | (heard & set(writers))
