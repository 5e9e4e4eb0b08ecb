from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from chroma.server.app import create_app
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.store.catalog import Store
from chroma.server.store.engine import open_engine
from chroma.settings import Settings, load_settings
from tests.postgresql import new_database


@pytest.fixture
def settings(home: Path) -> Settings:
    home.mkdir()
    return load_settings()


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A catalog without a table: in the database of the test, else in a file."""
    shared = "database" in request.fixturenames and request.getfixturevalue("database") == "postgresql"
    engine = open_engine(new_database(f"empty_{uuid4().hex}") if shared else tmp_path / "catalog.db")
    yield engine
    engine.dispose()


@pytest.fixture
def opened(settings: Settings) -> Iterator[Context]:
    """An open home without a server, a watcher or a worker."""
    store = Store.open(settings)
    yield Context(settings, store, Events(), None)
    store.close()


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """The real app of an empty home, its watcher and supervisor running."""
    with TestClient(create_app(settings, token=None), base_url="http://127.0.0.1") as found:
        yield found


@pytest.fixture
def kept(client: TestClient) -> Context:
    """The open home of `client`."""
    app: Any = client.app
    return app.state.context
