"""The store of a home: one object that opens transactions, and one that lives as long as a transaction."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from chroma.errors import HomeError
from chroma.server.store.access import Reach
from chroma.server.store.bucket_files import open_files
from chroma.server.store.catalog_file import break_seal, check_kind, is_sealed, move_aside, seal
from chroma.server.store.engine import WRITE, CatalogDamagedError, is_current, open_engine
from chroma.server.store.files import Files
from chroma.server.store.postgresql import shown
from chroma.server.store.scoping import restrict
from chroma.settings import Settings


@dataclass(frozen=True, slots=True)
class Catalog:
    """The catalog during one transaction, with the files that its rows name.

    Attributes:
        session: Reads and writes rows.
        files: Segments, neighbor graphs and films.
        reach: Whose rows there are; None for all.
    """

    session: Session
    files: Files
    reach: Reach | None = None

    @property
    def is_shown(self) -> bool:
        """Whether it is shown by a link: nothing is added to it, no films and no jobs either."""
        return self.reach is not None and self.reach.run is not None


@dataclass(frozen=True, slots=True)
class Store:
    """The catalog's database and the files of one home.

    Attributes:
        engine: Of the database.
        files: Segments, neighbor graphs and films.
        place: Device and inode of the catalog's file; None for a database that is no file.
        reach: Whose rows there are; None for all.
    """

    engine: Engine
    files: Files
    place: tuple[int, int] | None = None
    reach: Reach | None = None

    @classmethod
    def open(cls, settings: Settings, *, rebuild: bool = False) -> Store:
        """Open the store of a home, and bring its schema up to date.

        Args:
            settings: Which home.
            rebuild: Move a damaged database aside and begin a new one; the caller owns the home, and adds
                what the stored segments say.

        Raises:
            CatalogError: The database is damaged, cannot be opened, or is newer than this program.
        """
        if settings.database_url is not None:
            engine = open_engine(settings.database_url.get_secret_value())
            return cls._migrated(engine, open_files(settings), None)
        place = settings.catalog
        check_kind(place)
        sealed = is_sealed(place)
        if rebuild and sealed is False:
            move_aside(place, f"the catalog {place} is not as it was closed")
        break_seal(place)
        try:
            engine = open_engine(place, intact=sealed is True)
        except CatalogDamagedError as error:
            if not rebuild:
                raise
            move_aside(place, str(error).partition(";")[0])
            engine = open_engine(place)
        return cls._migrated(engine, open_files(settings), place)

    @classmethod
    def _migrated(cls, engine: Engine, files: Files, place: Path | None) -> Store:
        try:
            if not is_current(engine):
                # with it comes Alembic, which takes long to import
                from chroma.server.store.upgrading import migrate

                migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, files, None if place is None else _place(place))

    def within(self, reach: Reach | None) -> Store:
        """The same store as if there were no more than this; None: all of it."""
        return replace(self, reach=reach)

    @property
    def is_shown(self) -> bool:
        """Whether it is shown by a link: nothing is added to it, no films and no jobs either."""
        return self.reach is not None and self.reach.run is not None

    @property
    def is_shared(self) -> bool:
        """Whether other servers may write to the catalog too: it is a database with a server of its own."""
        return self.engine.dialect.name != "sqlite"

    @property
    def name(self) -> str:
        """The catalog for people: its file, or its URL without the password."""
        return shown(self.engine)

    def check_place(self) -> None:
        """Check that the catalog's file is still where it was opened: else all that is written is lost.

        Raises:
            HomeError: It is gone, or another file lies in its place.
        """
        if self.place is None:
            return
        path = Path(str(self.engine.url.database))
        try:
            found = _place(path)
        except OSError as error:
            raise HomeError(
                f"the catalog {path} is gone ({error.strerror}); "
                "bring its folder back, or stop this dashboard"
            ) from error
        if found != self.place:
            raise HomeError(f"the catalog {path} was replaced by another file; start the dashboard again")

    @contextmanager
    def writing(self) -> Generator[Catalog]:
        """A transaction that takes the write lock at its beginning and commits at its end.

        One of all servers of a database writes at a time; short, so that none waits long.

        A transaction that reads first and writes later could find that the state it read has changed; it
        would fail at once, whatever the busy timeout.
        """
        writer = self.engine.execution_options(**{WRITE: True})
        with self._session(writer) as session, session.begin():
            yield Catalog(session, self.files, self.reach)

    @contextmanager
    def claiming(self) -> Generator[Catalog]:
        """A transaction of single statements that check what they change: the queue, and signs of life.

        In PostgreSQL it waits for no other writer, and none waits for it; SQLite has one writer at a time.
        """
        if not self.is_shared:
            with self.writing() as catalog:
                yield catalog
            return
        with self._session(self.engine) as session, session.begin():
            yield Catalog(session, self.files, self.reach)

    @contextmanager
    def reading(self) -> Generator[Catalog]:
        """A transaction that sees one state of the catalog and writes nothing."""
        reader = self.engine.execution_options(**{WRITE: False})
        with self._session(reader) as session:
            yield Catalog(session, self.files, self.reach)

    def _session(self, engine: Engine) -> Session:
        session = Session(engine, expire_on_commit=False)
        if self.reach is not None:
            restrict(session, self.reach)
        return session

    def close(self, *, sealed: bool = False) -> None:
        """Close the database's connections.

        Args:
            sealed: Leave a digest by which the next dashboard knows whether the file is intact.
        """
        self.engine.dispose()
        if sealed and self.place is not None:
            seal(Path(str(self.engine.url.database)))


def _place(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
