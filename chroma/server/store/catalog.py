"""The store of a home: one object that opens transactions, and one that lives as long as a transaction."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session

from chroma.server.store.engine import WRITE, migrate, open_engine
from chroma.server.store.files import Files
from chroma.settings import Settings


@dataclass(frozen=True, slots=True)
class Catalog:
    """The catalog during one transaction, with the files that its rows name.

    Attributes:
        session: Reads and writes rows.
        files: Segments, neighbor graphs and films.
    """

    session: Session
    files: Files


@dataclass(frozen=True, slots=True)
class Store:
    """The catalog's database and the files of one home.

    Attributes:
        engine: Of the database.
        files: Segments, neighbor graphs and films.
    """

    engine: Engine
    files: Files

    @classmethod
    def open(cls, settings: Settings) -> Store:
        """Open the store of a home, and bring its schema up to date.

        Raises:
            CatalogError: The database is damaged, cannot be opened, or is newer than this program.
        """
        engine = open_engine(settings.catalog)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, Files(settings.store))

    @contextmanager
    def writing(self) -> Generator[Catalog]:
        """A transaction that takes the write lock at its beginning and commits at its end.

        A transaction that reads first and writes later could find that the state it read has changed; it
        would fail at once, whatever the busy timeout.
        """
        writer = self.engine.execution_options(**{WRITE: True})
        with Session(writer, expire_on_commit=False) as session, session.begin():
            yield Catalog(session, self.files)

    @contextmanager
    def reading(self) -> Generator[Catalog]:
        """A transaction that sees one state of the catalog and writes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield Catalog(session, self.files)

    def close(self) -> None:
        """Close the database's connections."""
        self.engine.dispose()
