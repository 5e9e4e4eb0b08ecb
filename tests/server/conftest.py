from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chroma.server.context import Context
from chroma.server.events import Events
from chroma.server.store.blobs import Store
from chroma.server.store.engine import migrate, open_engine
from chroma.settings import Settings, load_settings


@pytest.fixture
def settings(home: Path) -> Settings:
    home.mkdir()
    return load_settings()


@pytest.fixture
def opened(settings: Settings) -> Iterator[Context]:
    """An open home without a server, a watcher or a worker."""
    engine = open_engine(settings.catalog)
    migrate(engine)
    yield Context(settings, engine, Store(settings.store), Events(), None)
    engine.dispose()
