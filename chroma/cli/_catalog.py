"""The catalog of a home for commands that change who may do what; a server may run meanwhile."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chroma.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from chroma.server.store.catalog import Store


@contextmanager
def open_store(home: Path | None) -> Generator[Store]:
    """The store of a home."""
    from chroma.server.requirements import require_dashboard

    require_dashboard()
    from chroma.server.store.catalog import Store

    settings = load_settings(home=home)
    settings.home.mkdir(0o700, parents=True, exist_ok=True)
    store = Store.open(settings)
    try:
        yield store
    finally:
        store.close()


def user() -> str:
    """Who runs this command."""
    from chroma.server.store.audit import this_user

    return this_user()
