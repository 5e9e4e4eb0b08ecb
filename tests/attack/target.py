"""The server that is attacked, and what must hold of each of its answers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

import chroma
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.store import scoping, tables
from chroma.server.store.access import Reach
from chroma.server.store.catalog import Store
from chroma.server.store.engine import open_engine
from chroma.settings import load_settings
from tests import s3
from tests.attack import TABLE
from tests.postgresql import new_database
from tests.server.two_projects import MARK, OPEN, QUIET, token_of, train

SLOWEST = 20.0  # seconds for any answer, on a machine that is busy with other tests
MOST_MEMORY = 700e6  # bytes that the server's process may ever hold
MEANT = {503, 507}  # the only answers of 5xx that are meant: the bucket, the disk
# The server without what draws films, which would be other processes; its command line is the usual one
_SERVER = (
    "from chroma.server.jobs.supervisor import Supervisor; Supervisor.start = lambda self: None; "
    "from chroma.cli import main; main()"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
# Whoever may see a run may have it drawn and looked at: of a token that may read, these rows may grow.
MADE_BY_READING = {"film", "revision", "frame", "job", "graph"}
_NOT_BUILT = "The dashboard is not built"  # a checkout without its user interface says so with 503
WHO = ("nobody", "reader", "foreigner", "administrator")


class Answer(NamedTuple):
    """What came back, and after how long."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Target:
    """A server of a PostgreSQL database and a bucket, with two projects, and who asks it.

    Args:
        folder: Empty, for all that it writes.

    Attributes:
        quiet: The project that `foreigner` is not of; `reader` may read it.
        headers: What each sends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "home").mkdir(mode=0o700)
        self._database, self._store = new_database(f"attack_{os.getpid()}"), s3.shared().url("attack")
        settings = load_settings(home=folder / "home", database_url=self._database, store_url=self._store)
        store = Store.open(settings)
        context = Context(settings, store, Events(), None)
        self.quiet, self.open = train(context, QUIET), train(context, OPEN)
        self.headers: dict[str, dict[str, str]] = {
            "nobody": {},
            "reader": token_of(context, "read", self.quiet.name),
            "foreigner": token_of(context, "admin", self.open.name),
            "administrator": token_of(context, "admin", None),
        }
        store.close()
        self._engine = open_engine(self._database)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx2.Client(base_url=self.url, timeout=60, trust_env=False)
        paths = (folder, Path(chroma.__file__).parents[1], sys.prefix, s3.shared().folder)
        self._never = [
            *map(str, paths),
            "Traceback (most",
            'File "',
            "site-packages",
            "key:secret",
            "psycopg",
        ]
        self._never += [given.partition(" ")[2] for who in self.headers.values() for given in who.values()]
        self._secrets = _texts_of(self.rows([self.quiet.name]))
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVER, "application", "run", "--port", str(self.port)],
                env={
                    **os.environ,
                    "CHROMA_HOME": str(folder / "home"),
                    "CHROMA_DATABASE_URL": self._database,
                    "CHROMA_STORE_URL": self._store,
                    "CHROMA_LOG_FORMAT": "json",
                },
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Ctrl-C stops" in line:
                break
        else:
            self.stop()
            raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        """End it."""
        self.client.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=60)
        self._engine.dispose()

    @property
    def peak(self) -> int:
        """Bytes of memory that the process ever held."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) * 1024

    def request(self, who: str, what: str, method: str, url: str, **more: Any) -> httpx2.Response:
        """Ask, and judge the answer."""
        headers = {**more.pop("headers", {}), **self.headers[who]}
        began = time.monotonic()
        answer = self.client.request(method, url, headers=headers, **more)
        asked = repr((method, url, more))
        seconds = time.monotonic() - began
        self.judge(who, what, asked, Answer(answer.status_code, answer.headers, answer.content, seconds))
        return answer

    def judge(self, who: str, what: str, asked: str, answer: Answer) -> None:
        """What must hold of any answer, whoever asked whatever; `what` is its row in the table."""
        status, headers, body, seconds = answer
        TABLE.setdefault(what, Counter())[str(status)] += 1
        said = body.decode("utf-8", "replace")
        shown = f"{who} asked {asked:.2000}\n→ {status} {said:.2000}"
        assert status < 500 or status in MEANT, shown
        assert status not in (429, 503) or "retry-after" in headers or _NOT_BUILT in said, shown
        assert seconds < SLOWEST, f"{seconds:.1f} s: {shown}"
        assert {name: headers.get(name) for name in _HEADERS} == _HEADERS, shown
        assert "default-src 'none'; script-src 'self'; " in headers.get("content-security-policy", ""), shown
        told = [each for each in self._never if each in said]
        assert not told, (told, shown)
        if who in ("nobody", "foreigner"):
            told = [each for each in self._secrets if each in said and each not in asked]
            assert not told, (told, shown)

    def check(self) -> None:
        """That the server lives, in bounds, and found no error of its own."""
        assert self._process.poll() is None, f"the server ended: {self._log.read_text()[-4000:]}"
        assert self.client.get("/api/health").status_code == 200
        assert self.peak < MOST_MEMORY, f"{self.peak / 1e6:.0f} MB"
        errors = []
        for line in self._log.read_text().splitlines():
            try:
                level = json.loads(line)["level"]
            except ValueError:  # not a line of the log: a crash, or a warning of Python
                level = "ERROR"
            if level in ("ERROR", "CRITICAL"):
                errors.append(line)
        assert not errors, "\n".join(errors)[:6000]

    def rows(
        self, projects: list[str] | None = None, without: set[str] | None = None
    ) -> dict[str, list[str]]:
        """All rows of the catalog, or those of some projects, each as a text."""
        with self._engine.connect() as connection:
            found: dict[str, list[str]] = {}
            for table in tables.Table.metadata.sorted_tables:
                if table.name in (without or ()):
                    continue
                query = table.select()
                if projects is not None:
                    query = query.where(scoping.criterion(table, Reach(frozenset(projects))))
                found[table.name] = sorted(repr(dict(row)) for row in connection.execute(query).mappings())
        return found

    def kept_from(self, who: str) -> dict[str, list[str]]:
        """The rows that `who` must not change, whatever they ask."""
        match who:
            case "nobody":
                return self.rows()
            case "reader":
                return self.rows(without=MADE_BY_READING)
            case "foreigner":
                return self.rows([self.quiet.name])
            case _:
                return {}


def _texts_of(rows: dict[str, list[str]]) -> set[str]:
    """Whatever stands in the quiet project alone, and is no word that others use."""
    found = " ".join(each for table in rows.values() for each in table)
    stored = {f"{MARK} text", f"{MARK}-meta"}  # in files alone
    return set(re.findall(rf"{MARK}[\w .-]*\w", found)) | stored
