"""`chroma ui` and `chroma application run`: find or start the dashboard."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

import chroma
from chroma.cli._options import Home
from chroma.client import Address, find_owner
from chroma.errors import HomeError
from chroma.reader.dashboard import open_page
from chroma.settings import load_settings

commands = typer.Typer(help="Run the dashboard as a server.", no_args_is_help=True)

Open = Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")]
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port; by default 8000, or the next free one.", show_default=False),
]


def ui(
    run: Annotated[
        str | None, typer.Argument(help="Name or id of a run to show, or latest.", show_default=False)
    ] = None,
    port: Port = None,
    home: Home = None,
    open_browser: Open = True,
) -> None:
    """Open the dashboard in a browser: the one that runs already, or a new one, until Ctrl-C."""
    owner = find_owner(load_settings(home=home))
    if owner is None:
        _serve(home=home, port=port, open_browser=open_browser, run=run)
        return
    page = _page(owner, run)
    typer.echo(f"The dashboard of this home runs already (pid {owner.pid}):\n\n    {page}\n")
    if open_browser:
        open_page(page)


@commands.command("run")
def run_application(
    host: Annotated[str, typer.Option(help="Address to listen on; loopback only.")] = "127.0.0.1",
    port: Port = None,
    home: Home = None,
    no_token: Annotated[
        bool, typer.Option("--no-token", help="Ask for no token: for those alone on this machine.")
    ] = False,
    open_browser: Open = False,
) -> None:
    """Start the dashboard and serve until Ctrl-C."""
    owner = find_owner(load_settings(home=home))
    if owner is not None:
        raise HomeError(
            f"this home has a dashboard already, at {owner.url} (pid {owner.pid}); "
            "open it with: chroma ui, or give another home with --home"
        )
    _serve(host=host, port=port, home=home, no_token=no_token, open_browser=open_browser)


def _serve(
    *,
    host: str = "127.0.0.1",
    port: int | None,
    home: Path | None,
    no_token: bool = False,
    open_browser: bool,
    run: str | None = None,
) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM."""
    from chroma.server.embedded import serve

    settings = load_settings(home=home)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    served = serve(settings, host=host, port=port)
    try:
        page = _page(Address(served.url, served.token), run)
        typer.echo(f"Chroma {chroma.__version__} of {settings.home}\n\n    {page}\n\nCtrl-C stops it.")
        if open_browser:
            open_page(page)
        stop.wait()
    except KeyboardInterrupt:
        typer.echo("")
    finally:
        served.stop()


def _page(address: Address, run: str | None) -> str:
    if run is None:
        return address.page()
    with chroma.open(address.url, address.token) as catalog:
        return address.page(catalog.run(run).id)
