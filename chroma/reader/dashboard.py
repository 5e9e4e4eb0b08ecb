"""`chroma.ui()`: find or start the dashboard from Python."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Self
from urllib.parse import urlencode, urlsplit

from chroma.reader._inline import inline_frame
from chroma.reader.catalog import Catalog
from chroma.reader.connection import Connection
from chroma.settings import load_settings


class Dashboard:
    """A dashboard that `chroma.ui()` found or started.

    Shown as the last value of a notebook cell it is an inline frame, dark or light as the notebook is.

    Attributes:
        url: Address to open in a browser; it carries the token, and `CHROMA_PUBLIC_URL` if that is set.
    """

    def __init__(self, connection: Connection, run: str | None) -> None:
        self._connection = connection
        self._run = run
        public = load_settings().public_url
        self.url = _local(connection, run) if public is None else page(public, connection.token, run)

    def stop(self) -> None:
        """Stop it, if it was started here; a dashboard of another process is left alone."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Dashboard at {self.url}>"

    def _repr_html_(self) -> str:
        at = self._connection
        return inline_frame(self.url, urlsplit(at.url).port, at.root_path, _query(at.token, self._run))


def ui(run: str | None = None, port: int | None = None, open: bool = True) -> Dashboard:
    """Start the dashboard of `CHROMA_HOME` in this process, or find the one that runs already.

    Args:
        run: Name or id of a run to show, or `"latest"`; all runs by default.
        port: Port for a new dashboard; by default a free one.
        open: Open it in a browser, where there is one; in a notebook it is shown inline instead.

    Returns:
        The dashboard: `.url`, `.stop()`. It stops at exit at the latest.

    Raises:
        HomeError: The home cannot be used, or the port is taken.
        NotFoundError: There is no such run.
    """
    connection = Connection(port=port)
    run_id = run and Catalog(connection).run(run).id
    if open and not _in_notebook():
        open_page(_local(connection, run_id))
    return Dashboard(connection, run_id)


def page(url: str, token: str | None, run: str | None = None, root_path: str = "") -> str:
    """The address to open in a browser.

    Args:
        url: Of the dashboard.
        token: What it asks for; a session of the page stands for it after the first visit.
        run: Id of a run to show.
        root_path: Prefix under which a proxy shows it; the server takes requests with and without it.
    """
    return f"{url}{root_path}/{_query(token, run)}"


def _local(connection: Connection, run: str | None) -> str:
    """The address on this machine."""
    return page(connection.url, connection.token, run, connection.root_path)


def _query(token: str | None, run: str | None) -> str:
    query = {name: value for name, value in (("token", token), ("run", run)) if value}
    return f"?{urlencode(query)}" if query else ""


def open_page(url: str) -> bool:
    """Open a page in a browser.

    Returns:
        False where there is no screen to open it on.
    """
    screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    if sys.platform.startswith("linux") and not screen:  # a text browser would take over the terminal
        return False
    return webbrowser.open(url)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
