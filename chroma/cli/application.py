"""`chroma ui` and `chroma application run`: find or start the dashboard."""

from __future__ import annotations

import gc
import threading
from itertools import islice
from typing import Annotated

import typer

import chroma
from chroma.cli._options import Home
from chroma.cli._printing import echo
from chroma.errors import ChromaError
from chroma.journal import entries
from chroma.reader.dashboard import open_page, page
from chroma.settings import Settings, load_settings

commands = typer.Typer(help="Run the dashboard as a server.", no_args_is_help=True)

Open = Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")]
# Seconds that a run may take to be found before the address of all runs is told: longer where little is to be
# taken in first, so that it is the machine that is slow.
_PATIENCE = (2.0, 30.0)
_MUCH = 500  # segments in the journal

Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port; by default 8000, or the next free one.", show_default=False),
]

RootPath = Annotated[
    str | None,
    typer.Option(
        help="Prefix under which a proxy shows the dashboard, {port} standing for the port; "
        "by default CHROMA_ROOT_PATH, else none.",
        show_default=False,
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="PostgreSQL database that holds the catalog: postgresql://user@host/name; by default "
        "CHROMA_DATABASE_URL, else a file in the home. Keep the password in ~/.pgpass, not here.",
        show_default=False,
    ),
]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        help="Where segments and films are kept: file:///folder or s3://bucket/prefix; by default "
        "CHROMA_STORE_URL, else the home.",
        show_default=False,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Scheduler of a Dask cluster whose workers draw the films: tcp://host:8786; by default "
        "CHROMA_SCHEDULER, else this machine draws them.",
        show_default=False,
    ),
]
AllowHost = Annotated[
    str | None,
    typer.Option(
        help="Names, separated by commas, under which a proxy shows the dashboard; "
        "by default CHROMA_ALLOW_HOST, else none.",
        show_default=False,
    ),
]


def ui(
    run: Annotated[
        str | None, typer.Argument(help="Name or id of a run to show, or latest.", show_default=False)
    ] = None,
    port: Port = None,
    home: Home = None,
    root_path: RootPath = None,
    allow_host: AllowHost = None,
    open_browser: Open = True,
) -> None:
    """Open the dashboard in a browser: the one that runs already, or a new one, until Ctrl-C."""
    from chroma.server.home.lock import HomeInUseError, find_owner

    settings = load_settings(home=home, root_path=root_path, allow_host=allow_host)
    owner = find_owner(settings)
    while owner is None:
        try:
            _serve(settings, port=port, open_browser=open_browser, run=run)
            return
        except HomeInUseError:  # another process was quicker
            owner = find_owner(settings)
    run_id = None if run is None else _run_id(settings, run)
    address = _public(settings, owner.url, owner.token, run_id, owner.root_path)
    echo(f"The dashboard of this home runs already, in process {owner.pid}:\n\n    {address}\n")
    if open_browser:
        open_page(page(owner.url, owner.token, run_id, owner.root_path))


@commands.command("run")
def run_application(
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than 127.0.0.1 need tokens: chroma tokens.")
    ] = "127.0.0.1",
    port: Port = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
    store_url: StoreUrl = None,
    scheduler: Scheduler = None,
    no_token: Annotated[
        bool,
        typer.Option("--no-token", help="Ask for no token; only for machines that nobody else uses."),
    ] = False,
    root_path: RootPath = None,
    allow_host: AllowHost = None,
    open_browser: Open = False,
) -> None:
    """Start the dashboard and serve until Ctrl-C."""
    settings = load_settings(
        home=home,
        database_url=database_url,
        store_url=store_url,
        scheduler=scheduler,
        root_path=root_path,
        allow_host=allow_host,
    )
    _serve(settings, host=host, port=port, no_token=no_token, open_browser=open_browser)


def _serve(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int | None,
    no_token: bool = False,
    open_browser: bool,
    run: str | None = None,
) -> None:
    from chroma.server.requirements import require_dashboard

    require_dashboard()
    gc.disable()  # nothing of what is imported is garbage: to look for it takes time
    from chroma.server.http.origins import LOOPBACK
    from chroma.server.serving import new_token, run_foreground

    gc.freeze()
    gc.enable()
    token = None if no_token else new_token()

    def ready(url: str, root_path: str) -> None:
        # in a thread: the server, which runs here, must answer it
        threading.Thread(target=show, args=(url, root_path), daemon=True).start()

    def tell(url: str, root_path: str, run_id: str | None) -> None:
        # of a server for others the output is kept, as by Docker: no place for a token that may do everything
        alone = host in LOOPBACK
        address = _public(settings, url, token if alone else None, run_id, root_path)
        how = "" if alone else "It is opened with a token: chroma tokens create NAME --scope read\n"
        echo(
            f"Chroma {chroma.__version__} shows {settings.home} at\n\n    {address}\n\n{how}Ctrl-C stops it."
        )

    def show(url: str, root_path: str) -> None:
        """Tell the address and open the page: of the run once it is taken in, of all runs meanwhile."""
        run_id = None
        if run is None:
            tell(url, root_path, None)
        else:
            much = sum(1 for _ in islice(entries(settings.journal), _MUCH)) == _MUCH
            patience = _PATIENCE[0 if much else 1]
            meanwhile = threading.Timer(patience, tell, (url, root_path, None))
            meanwhile.start()
            try:
                run_id = _run_id(settings, run)
            except ChromaError as error:
                echo(f"All runs are shown: {error}", err=True)
            meanwhile.cancel()
            tell(url, root_path, run_id)
        if open_browser:
            open_page(page(url, token, run_id, root_path))

    run_foreground(settings, host=host, port=port, token=token, ready=ready)


def _public(settings: Settings, url: str, token: str | None, run_id: str | None, root_path: str) -> str:
    """The address for people: CHROMA_PUBLIC_URL, which has its prefix, if it is set."""
    if settings.public_url is None:
        return page(url, token, run_id, root_path)
    return page(settings.public_url, token, run_id)


def _run_id(settings: Settings, run: str) -> str:
    with chroma.open(settings.home) as catalog:
        return catalog.run(run).id
