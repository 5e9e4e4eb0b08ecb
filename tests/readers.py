"""Where tests of the reader read: `READER=home` (what `make test` does), `server` or `team`.

A server is one on the same home, with a token. That of a team is on PostgreSQL and a bucket: what was
captured is sent to it by `chroma sync`, and read with a token of its catalog.
"""

from __future__ import annotations

import atexit
import os
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

from typer.testing import CliRunner

import chroma
from chroma.cli import app as commands
from chroma.reader import Catalog
from chroma.server.serving import Served, new_token, serve
from chroma.server.store.catalog import Store
from chroma.server.store.tokens import create_token
from chroma.settings import load_settings
from tests import s3
from tests.postgresql import new_database

KIND = os.environ.get("READER", "home")
_read = chroma.open
_COUNT = count()


@dataclass
class _Shown:
    """The server of a home."""

    served: Served
    token: str
    sent: bool
    users: int = 0


_shown: dict[tuple[str, Path], _Shown] = {}


def opened(home_or_url: str | Path | None = None, token: str | None = None, *, kind: str = KIND) -> Catalog:
    """What `chroma.open` gives, by way of a server; it ends with the last catalog that reads there."""
    if kind == "home" or (isinstance(home_or_url, str) and "://" in home_or_url):
        return _read(home_or_url, token)
    home = load_settings(home=home_or_url).home
    key = (kind, home)
    if key not in _shown:
        _shown[key] = _of_team() if kind == "team" else _of_home(home)
    shown = _shown[key]
    if shown.sent:
        asked = {"CHROMA_SERVER": shown.served.url, "CHROMA_TOKEN": shown.token}
        done = CliRunner().invoke(commands, ["sync", "--all", "--home", str(home)], env=asked)
        assert done.exit_code == 0, done.output
    catalog = _read(shown.served.url, shown.token)
    shown.users += 1
    close, held = catalog.close, [shown]

    def closing() -> None:  # perhaps twice
        close()
        if held:
            held.pop().users -= 1
        if not shown.users and _shown.pop(key, None):
            shown.served.stop()

    catalog.close = closing
    return catalog


def _of_home(home: Path) -> _Shown:
    token = new_token()
    return _Shown(serve(load_settings(home=home), token=token), token, sent=False)


def _of_team() -> _Shown:
    name = f"reader-{os.getpid()}-{next(_COUNT)}"
    folder = Path(mkdtemp(prefix="chroma-team-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings = load_settings(home=folder, database_url=new_database(name), store_url=s3.shared().url(name))
    store = Store.open(settings)
    with store.writing() as catalog:
        token = create_token(catalog, "reader", "admin", None, by="test", project=None)
    store.close()
    return _Shown(serve(settings, token=new_token()), token, sent=True)
