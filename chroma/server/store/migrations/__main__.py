"""Writes a new migration: what tables.py has and the migrations so far have not."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command

from chroma.server.store.engine import open_engine
from chroma.server.store.upgrading import migrate, migrations

if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        engine = open_engine(Path(folder) / "catalog.db")
        migrate(engine)
        config = migrations()
        config.attributes["connection"] = engine
        command.revision(config, message=sys.argv[1], autogenerate=True)
        engine.dispose()
