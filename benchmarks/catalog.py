"""A catalog of 10,000 runs with 100,000 snapshots: how soon a server starts and answers, and its idle cost.

    make bench-catalog
    PYTHONPATH=. python benchmarks/catalog.py --runs 10000 --database postgresql --home catalog-home

One run is captured, its film is drawn and its findings are made; then its rows are copied by SQL, each with
ids of its own, and its files are hard links in the store, so that a start finds as many as there would be.
Neighbor graphs have no files: nothing looks at them before they are read. Asked is what the dashboard asks.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from backlog import OPERATIONS, fill
from graphql import parse, print_ast, separate_operations
from idle import cpu_seconds, family
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    String,
    Table,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
    update,
)

import chroma
from chroma.client import Client
from chroma.server.home.lock import find_owner
from chroma.server.store import tables
from chroma.server.store.catalog_file import break_seal
from chroma.server.store.engine import open_engine
from chroma.settings import load_settings

PROJECTS = 20
SNAPSHOTS = 10  # of each run
TEMPLATE = "run-0000"
_FIRST = 10_000_000  # the number of the first copy: it takes the place of the first 8 characters of ids
_APART = timedelta(minutes=7)  # between the beginnings of two runs
_SETTLE = 15.0  # seconds after a start, and before what an idle server costs is measured
# in the order of their foreign keys
_COPIED = (
    tables.Run,
    tables.Attempt,
    tables.Segment,
    tables.Layer,
    tables.Split,
    tables.Snapshot,
    tables.Metric,
    tables.Graph,
    tables.Film,
    tables.Revision,
    tables.Frame,
    tables.Job,
)


def make(home: Path, runs: int) -> None:
    """Capture one run, and copy it until there are so many."""
    fill(home, 3 + 3 * SNAPSHOTS, 1)
    with chroma.open(home) as db:
        run = db.run(TEMPLATE)
        run.film(wait=True)
        run.insights(wait=True)
    settings = load_settings(home=home)
    url = settings.database_url
    engine = open_engine(settings.catalog if url is None else url.get_secret_value())
    with engine.begin() as connection:
        film = connection.execute(select(_table(tables.Film).c.id)).scalar_one()
        _copy_rows(connection, runs, film)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    break_seal(settings.catalog)  # it is not as it was closed
    _link_files(settings.store, range(_FIRST, _FIRST + runs - 1), (TEMPLATE, film))


def _copy_rows(connection: Connection, runs: int, film: str) -> None:
    at = select(literal(_FIRST).label("n")).cte("copies", recursive=True)
    at = at.union_all(select(at.c.n + 1).where(at.c.n < _FIRST + runs - 2))
    number = cast(at.c.n, String)

    def copied(column: Column[Any]) -> Any:
        """The value of a copy."""
        if column.name == "path":
            value = column
            for folder in (TEMPLATE, film):
                value = func.replace(value, folder, number + folder[8:])
            return value
        owner = next((key.column for key in column.foreign_keys), column)
        is_id = owner.primary_key and _is_text(owner) and owner.table.name != "project"
        if is_id or (column.table.name, column.name) == ("job", "key"):
            return number + func.substr(column, 9)
        return column

    connection.execute(
        insert(_table(tables.Project)),
        [
            {"id": f"project-{each}", "name": f"project {each:02d}", "created_at": tables.now()}
            for each in range(PROJECTS)
        ],
    )
    for each in map(_table, _COPIED):
        columns = [column for column in each.columns if not column.primary_key or _is_text(column)]
        source = select(*map(copied, columns)).select_from(each).join(at, literal(True))
        connection.execute(insert(each).from_select(columns, source))
    _vary(connection, runs)


def _vary(connection: Connection, runs: int) -> None:
    """Names, projects, times, tags and configurations of the copies: the page orders and finds by them."""
    run, newest = _table(tables.Run), datetime.now(UTC)
    connection.execute(
        update(run).where(run.c.id == bindparam("which")),
        [
            {
                "which": f"{_FIRST + each}{TEMPLATE[8:]}",
                "name": f"{('brisk', 'calm', 'keen')[each % 3]}-{each:05d}",
                "project_id": f"project-{each % PROJECTS}",
                "created_at": newest - each * _APART,
                "finished_at": newest - each * _APART + timedelta(minutes=5),
                "tags": ["baseline"] if each % 10 == 0 else [],
                "config": {
                    "lr": 10 ** -(1 + each % 4),
                    "model": {"depth": each % 7, "width": 64},
                    "seed": each,
                },
            }
            for each in range(runs - 1)
        ],
    )


def _is_text(column: Column[Any]) -> bool:
    return not isinstance(column.type, Integer)


def _table(model: type[tables.Table]) -> Table:
    return tables.Table.metadata.tables[str(model.__tablename__)]


def _link_files(store: Path, numbers: range, folders: tuple[str, ...]) -> None:
    below = {
        path.relative_to(store): path
        for path in store.rglob("*")
        if path.is_file() and path.parts[len(store.parts)] != "graphs"
    }
    for number in numbers:
        made: set[str] = set()
        for relative, path in below.items():
            name = str(relative)
            for folder in folders:
                name = name.replace(folder, f"{number}{folder[8:]}")
            target = os.path.join(store, name)
            if (parent := os.path.dirname(target)) not in made:
                os.makedirs(parent, exist_ok=True)
                made.add(parent)
            os.link(path, target)


def operation(name: str) -> str:
    """What the dashboard asks, by the name of its query."""
    text = "".join(path.read_text(encoding="utf-8") for path in OPERATIONS.parent.glob("*.graphql"))
    return print_ast(separate_operations(parse(text))[name])


class Server:
    """`chroma application run` on a home."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-m", "chroma", "application", "run", "--home", str(home), "--no-open"]
        began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while (owner := find_owner(load_settings(home=home))) is None:
            time.sleep(0.01)
        self.client, self.url, self.token = Client(owner.url, owner.token), owner.url, owner.token
        self.answers = time.monotonic() - began
        while not self._ready():
            time.sleep(0.02)
        self.ready = time.monotonic() - began
        self.cpu = cpu_seconds(self.process.pid)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/health/ready") as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def get(self, path: str) -> bytes:
        asked = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(asked) as answer:
            return answer.read()

    def memory(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1000

    def stop(self, *, kill: bool = False) -> None:
        self.client.close()
        (self.process.kill if kill else self.process.terminate)()
        self.process.wait()


def timed(server: Server, name: str, ask: Callable[[], Any], times: int = 5) -> None:
    """Ask several times, and print what the first and the median of the others took, and the server's CPU."""
    took: list[float] = []
    size, spent = 0, cpu_seconds(server.process.pid)
    for _ in range(times):
        began = time.monotonic()
        answer = ask()
        took.append(time.monotonic() - began)
        size = len(answer) if isinstance(answer, bytes) else len(json.dumps(answer))
    spent = (cpu_seconds(server.process.pid) - spent) / times
    print(
        f"{name:40} first {took[0] * 1000:5.0f} ms, then {statistics.median(took[1:]) * 1000:5.0f} ms; "
        f"{spent * 1000:5.0f} ms of the server's CPU each; {size / 1000:,.0f} kB",
        flush=True,
    )


def measure(home: Path, seconds: float) -> None:
    """Print what a server on this home takes."""
    for how in ("after a clean stop", "after SIGKILL"):
        server = Server(home)
        print(
            f"start {how}: answers after {server.answers:.2f} s, ready after {server.ready:.2f} s, "
            f"{server.cpu:.1f} CPU s",
            flush=True,
        )
        if how == "after a clean stop":
            time.sleep(5)
            server.stop(kill=True)
    try:
        time.sleep(_SETTLE)
        ask(server, home)
        time.sleep(_SETTLE)
        watched = family(server.process.pid)
        before, began = sum(map(cpu_seconds, watched)), time.monotonic()
        time.sleep(seconds)
        spent, took = sum(map(cpu_seconds, watched)) - before, time.monotonic() - began
        print(
            f"idle: {spent:.2f} CPU s in {took:.0f} s: {spent / took:.2%} of a core; "
            f"{server.memory():.0f} MB resident"
        )
    finally:
        server.stop()


def ask(server: Server, home: Path) -> None:
    """Ask what the dashboard, Prometheus and the command line ask."""
    for name, variables in PAGES:
        asked = partial(server.client.query, operation(name), **variables)
        timed(server, f"{name} {json.dumps(variables) if variables else ''}", asked)
    timed(server, "/metrics", lambda: server.get("/metrics"))
    for command in (["runs", "list"], ["projects", "list"]):
        line = [sys.executable, "-m", "chroma", *command, "--home", str(home)]
        timed(server, f"chroma {' '.join(command)}", partial(subprocess.check_output, line), times=2)


PAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Home", {"words": "", "order": "newest", "first": 60}),
    ("Home", {"words": "brisk 15", "order": "newest", "first": 60}),
    ("Home", {"words": "", "order": "size", "first": 60}),
    ("Home", {"words": "", "order": "val_acc", "first": 60}),
    ("HomeChoices", {}),
    ("HomeState", {}),
    ("Runs", {"words": "", "also": []}),
    ("RunTable", {"first": 500, "offset": 0}),
    ("RunTable", {"first": 1000, "offset": 500}),
    ("Run", {"id": TEMPLATE}),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="for which an idle server is watched")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--home", type=Path, help="a folder to keep; it is filled where it is empty (SQLite)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chroma-bench-") as made:
        home = (asked.home or Path(made)).resolve()
        if asked.database == "postgresql":
            from tests import postgresql

            os.environ["CHROMA_DATABASE_URL"] = postgresql.new_database("catalog")
        if not (home / "store").exists():
            began = time.monotonic()
            make(home, asked.runs)
            print(
                f"{asked.runs} runs of {SNAPSHOTS} snapshots, made in {time.monotonic() - began:.0f} s",
                flush=True,
            )
        measure(home, asked.seconds)


if __name__ == "__main__":
    main()
