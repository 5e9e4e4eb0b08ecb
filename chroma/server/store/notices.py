"""Short texts between the servers of one PostgreSQL database: `NOTIFY` and `LISTEN`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, text

_CHANNEL = "chroma"
_LONGEST = 7500  # bytes; PostgreSQL takes less than 8000


def send(engine: Engine, notice: str) -> None:
    """Send a text to all who listen, this process too; a longer one than a notice may be is not sent."""
    if len(notice.encode()) > _LONGEST:
        return
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_notify('{_CHANNEL}', :notice)"), {"notice": notice})
        connection.commit()


class Listening:
    """A connection of its own on which notices come.

    Args:
        engine: Of the database.

    Raises:
        OperationalError: It cannot be reached.
    """

    def __init__(self, engine: Engine) -> None:
        pooled = engine.raw_connection()
        self._connection: Any = pooled.driver_connection
        pooled.detach()
        self._connection.rollback()
        self._connection.autocommit = True
        self._connection.execute(f"LISTEN {_CHANNEL}")

    def receive(self, seconds: float) -> list[str]:
        """The notices that came, at most so many seconds from now.

        Raises:
            OSError: The connection broke.
        """
        import psycopg

        try:
            return [each.payload for each in self._connection.notifies(timeout=seconds, stop_after=1)]
        except psycopg.Error as error:
            raise OSError(f"the database sends no notices any more ({error})") from error

    def close(self) -> None:
        """End it."""
        self._connection.close()
