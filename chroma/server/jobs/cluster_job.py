"""What a worker of a Dask cluster does for a server: it proves that it can, then takes jobs from the queue.

Dask calls these functions by name, so worker and server must have the same Chroma. What they return is what
the server needs to know; all else a worker reads from, and writes to, the database and the store.

The scheduler imports this module, too: what is slow to import, or comes with an extra, is imported inside.
"""

from __future__ import annotations

import logging
import threading
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import chroma
from chroma.errors import ChromaError, ConfigError, JobError
from chroma.settings import Settings, load_settings

if TYPE_CHECKING:
    from chroma.server.store.catalog import Store

logger = logging.getLogger("chroma.worker")

_LOOKED_FOR = 5  # the newest segments; one may be damaged

_busy = threading.Lock()  # jobs at once would undo each other's limits of threads, which films depend on


def check_shared(settings: Settings) -> None:
    """Check that other machines find the catalog and the store of these settings.

    Raises:
        ConfigError: The catalog is a file, or the store is in the home.
    """
    if settings.database_url is None:
        raise ConfigError(
            "workers of a Dask cluster share no SQLite file: CHROMA_DATABASE_URL is not set; set it to a "
            "PostgreSQL database that all of them reach"
        )
    if settings.store_url is None:
        raise ConfigError(
            "workers of a Dask cluster see no folder of this machine's home: CHROMA_STORE_URL is not set; "
            "set it to a bucket, or to a folder that all of them see: file:///folder"
        )


def prepare(version: str, witness: str) -> str | None:
    """Get ready to take jobs.

    Args:
        version: Of the server's Chroma.
        witness: Id of a job in the server's queue.

    Returns:
        Why jobs cannot be done here, one sentence; None: they can.
    """
    if version != chroma.__version__:  # before anything is opened: a newer one would change the tables
        return f"it has Chroma {chroma.__version__}, and the server {version}; install the same on both"
    try:
        return _cannot(witness)
    except ModuleNotFoundError as error:
        return f"{error.name} is not installed there; install chroma-embeddings[dask] as on the server"
    except ChromaError as error:
        return str(error)


def _cannot(witness: str) -> str | None:
    """What of the database and the store is not the server's."""
    from chroma.server.store.lookups import newest_segments
    from chroma.server.store.tables import Job

    import_module("chroma.server.jobs.worker")  # slow, and may lack a package: now, not in the first job
    store = _store()
    with store.reading() as catalog:
        if catalog.session.get(Job, witness) is None:
            return f"its database {store.name} is not the server's; set the same CHROMA_DATABASE_URL for both"
        paths = newest_segments(catalog, _LOOKED_FOR)
    if paths and all(store.files.size(path) is None for path in paths):
        return "its store lacks the server's segments; set a CHROMA_STORE_URL that both of them see"
    return None


def take_one(owner: str, threads: int) -> bool:
    """Take the job that goes first and do it.

    Args:
        owner: Name in the job's lease.
        threads: To draw with; they do not change what is drawn.

    Returns:
        False where there was none to take, or this process does one already.

    Raises:
        JobError: The worker failed; its log says more.
    """
    from chroma.server.jobs.worker import Worker

    if not _busy.acquire(blocking=False):
        return False
    try:
        told = load_settings().without_places
        return Worker(_store(), owner, workers=threads, threads=threads, told=told).work_once()
    except Exception as error:  # not all of them can be sent
        logger.warning("chroma: a job failed", exc_info=error)
        raise JobError(f"{type(error).__name__}: {error}") from None
    finally:
        _busy.release()


@cache
def _store() -> Store:
    from chroma.server.store.catalog import Store

    settings = load_settings()
    check_shared(settings)
    return Store.open(settings)
