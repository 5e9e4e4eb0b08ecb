"""Verifies a home from outside its server."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import reconcile
from chroma.server.home.lock import HomeInUseError, HomeLock
from chroma.server.home.read_only import usable
from chroma.server.store.catalog import Store
from chroma.server.store.check import Damage, drop_derived, find_damage
from chroma.settings import Settings


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found.

    Attributes:
        damaged: What cannot be read as it was written.
        repaired: Of these, what was dropped; what can be made anew is, by the next dashboard.
    """

    damaged: list[Damage]
    repaired: list[Damage]


def check_home(settings: Settings, *, repair: bool) -> CheckReport:
    """Read every file of a home; a dashboard may run meanwhile, unless it is to be repaired.

    Args:
        settings: Which home.
        repair: Add stored segments that the catalog lacks (all, where it was lost), and drop damaged films,
            graphs and reports, and orphans.

    Raises:
        HomeInUseError: It is to be repaired, and a dashboard runs.
        HomeError: The home cannot be written to.
        CatalogError: The catalog is damaged or newer than this program.
    """
    with ExitStack() as opening:
        found = None if repair else opening.enter_context(usable(settings, with_journal=False))
        ours = found.settings if found else settings
        try:
            opening.callback(HomeLock(ours).release)
        except HomeInUseError:
            if repair:
                raise
        store = Store.open(ours)
        opening.callback(store.close)
        if repair:
            reconcile(Context(settings, store, Events(), None))
        with store.reading() as catalog:
            damaged = list(find_damage(catalog, settings.journal))
        dropped = [damage for damage in damaged if damage.can_go]
        if repair and dropped:
            with store.writing() as catalog:
                drop_derived(catalog, dropped)
    return CheckReport(damaged, dropped if repair else [])
