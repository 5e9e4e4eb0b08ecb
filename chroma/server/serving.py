"""Starts the app under uvicorn: in a thread of this process, or in the foreground for the command line."""

from __future__ import annotations

import atexit
import ctypes
import errno
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from chroma.errors import ConfigError, HomeError
from chroma.server import logs
from chroma.server.app import create_app
from chroma.server.home.home import Home
from chroma.server.http.connection import MOST_HEAD, BoundedProtocol
from chroma.server.http.origins import LOOPBACK
from chroma.server.http.signed_in import SignedIn
from chroma.server.jobs.cluster_workers import check_cluster
from chroma.server.store.tokens import working_tokens
from chroma.settings import Settings

_PORT = 8000
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # all addresses of a machine; how it reaches itself
_TRIES = 100  # ports looked at after the usual one
_MMAP_THRESHOLD, _LARGE = -3, 2**20  # of mallopt; bytes
_PATIENCE = 3  # seconds that open requests and subscriptions get at the end


class Served:
    """A server running in a thread of this process.

    Attributes:
        url: Where it listens: `http://127.0.0.1:41234`.
        token: What it asks for; None if it asks for nothing.
        root_path: Prefix under which a proxy shows it; empty for none.
    """

    def __init__(
        self, server: uvicorn.Server, thread: threading.Thread, url: str, token: str | None, root_path: str
    ) -> None:
        self.url = url
        self.token = token
        self.root_path = root_path
        self._server = server
        self._thread = thread
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop the server and release the home; safe to call twice."""
        atexit.unregister(self.stop)
        self._server.should_exit = True
        self._thread.join()


def new_token() -> str:
    """A random token, 256 bits."""
    return secrets.token_urlsafe(32)


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 0, token: str | None = None) -> Served:
    """Serve a home from a daemon thread; returns once it answers.

    Args:
        settings: Which home.
        host: A name or address of this machine; other than loopback only where there are tokens.
        port: 0 takes any free one.
        token: Asked of every request; None asks for nothing.

    Raises:
        HomeError: Another process owns the home, or it cannot be written to.
        CatalogError: The catalog is damaged or newer than this program.
        ConfigError: The host is none of this machine, or no token says who may come, or anybody could say who
            comes; or the port is in use;
            or workers of a Dask cluster would not find the catalog and the store.
    """
    _refuse_before_listening(settings, host, token)
    listening = _listen(host, port)
    root_path = prefix_of(settings, listening.getsockname()[1])
    server, url, home = _prepare(settings, listening, host, token, root_path=root_path)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listening]}, name="chroma-server", daemon=True
    )
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    if not server.started:
        listening.close()
        home.close()
        raise HomeError(f"the server of {settings.home} did not start; its log says why")
    return Served(server, thread, url, token, root_path)


def prefix_of(settings: Settings, port: int) -> str:
    """The prefix under which a proxy shows the dashboard that listens on this port; empty for none."""
    return settings.root_path.replace("{port}", str(port))


def run_foreground(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    token: str | None = None,
    ready: Callable[[str, str], None] = lambda url, root_path: None,
) -> None:
    """Serve a home until Ctrl-C or SIGTERM.

    Args:
        settings: Which home.
        host: A name or address of this machine; other than loopback only where there are tokens.
        port: None takes 8000, or the next free one.
        token: Asked of every request; None asks for nothing.
        ready: Called with the URL and the prefix of the proxy once the server answers: prints the address,
            opens a browser.

    Raises:
        HomeError: Another process owns the home, or it cannot be written to.
        CatalogError: The catalog is damaged or newer than this program.
        ConfigError: The host is none of this machine, or no token says who may come, or anybody could say who
            comes; or the port is in use;
            or workers of a Dask cluster would not find the catalog and the store.
    """
    _refuse_before_listening(settings, host, token)
    logs.configure(settings.log_format)  # the process is ours
    logs.report_errors()
    _give_memory_back()
    listening = _listen(host, port) if port is not None else _listen_near(host)
    root_path = prefix_of(settings, listening.getsockname()[1])
    server, _, home = _prepare(settings, listening, host, token, root_path=root_path, ready=ready)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # how people end it
    finally:
        listening.close()
        home.close()


class _Server(uvicorn.Server):
    """Calls back when it answers requests, and before it stops to."""

    def __init__(
        self, config: uvicorn.Config, started: Callable[[], None], ending: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._started = started
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()  # first: a reader that finds no server any more must not find its address either
        await super().shutdown(sockets)


def _prepare(
    settings: Settings,
    listening: socket.socket,
    host: str,
    token: str | None,
    *,
    root_path: str,
    ready: Callable[[str, str], None] = lambda url, root_path: None,
) -> tuple[_Server, str, Home]:
    """Open the home, so that its errors are raised to the caller, and make its server."""
    here = _EVERYWHERE.get(host, host)
    name = f"[{here}]" if ":" in here else here
    url = f"http://{name}:{listening.getsockname()[1]}"
    try:
        home = _open_home(settings, host, token, url, root_path)
    except BaseException:
        listening.close()
        raise
    if host not in LOOPBACK and host not in _EVERYWHERE:
        settings = settings.model_copy(update={"allow_host": f"{settings.allow_host},{name}"})
    config = uvicorn.Config(
        create_app(settings, token=token, home=home, root_path=root_path),
        log_config=None,  # logging belongs to the program we run in, or chroma.server.logs has set it up
        access_log=False,
        lifespan="on",
        http=BoundedProtocol,
        h11_max_incomplete_event_size=MOST_HEAD,
        timeout_graceful_shutdown=_PATIENCE,
        ws_max_size=2**20,  # bytes: subscriptions are short texts
        server_header=False,
        proxy_headers=False,  # X-Forwarded-For would name the peer, and so anybody the trusted proxy
    )
    return _Server(config, lambda: ready(url, root_path), home.withdraw), url, home


def _open_home(settings: Settings, host: str, token: str | None, url: str, root_path: str) -> Home:
    """Open a home to be served; to other machines only where tokens, or members, say who may do what."""
    home = Home(settings, token=token, url=url, root_path=root_path)
    if host not in LOOPBACK:
        with home.context.store.reading() as catalog:
            ready = settings.proxy_user_header is not None or bool(working_tokens(catalog))
        if not ready:
            home.close()
            raise ConfigError(
                f"the host {host} is not this machine alone, and no token says who may do what; make one "
                "with: chroma tokens create NAME --scope write; or use 127.0.0.1"
            )
    return home


def _refuse_before_listening(settings: Settings, host: str, token: str | None) -> None:
    """Other machines are asked for a token, whose word counts is known, and a cluster finds what it needs."""
    SignedIn.of(settings, token)
    check_cluster(settings)
    if host not in LOOPBACK and token is None:
        raise ConfigError(
            f"the host {host} is not this machine alone: other machines would reach your data without a "
            "token; leave --no-token away, or use 127.0.0.1"
        )


def _give_memory_back() -> None:
    """Have large blocks of memory mapped one by one, so that each goes back when it is freed (glibc).

    By itself glibc maps no more blocks of a size that was freed once: threads that read segments would keep
    what the largest needed.
    """
    with suppress(OSError, AttributeError, TypeError):  # another C library has no such thing
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise ConfigError(f"port {port} cannot be used: ports go from 0 to 65535; give another one")
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left may be taken again
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            raise ConfigError(
                f"the host {host} is no name or address of this machine ({error.strerror}); "
                "give another --host"
            ) from error
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise ConfigError(
            f"port {port} on {host} {why}; give another --port, or none for the next free one"
        ) from error
    listening.setblocking(False)
    return listening


def _listen_near(host: str) -> socket.socket:
    for port in range(_PORT, _PORT + _TRIES):
        try:
            return _listen(host, port)
        except ConfigError as error:
            if getattr(error.__cause__, "errno", None) not in (errno.EADDRINUSE, errno.EACCES):
                raise
    return _listen(host, 0)
