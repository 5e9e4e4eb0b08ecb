"""A reverse proxy that takes a prefix away, as nginx and jupyter-server-proxy do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from urllib.parse import urlsplit


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            sink.write(chunk)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()


class _Proxy:
    def __init__(self, target: str, prefix: str, otherwise: str | None) -> None:
        self._target, self._prefix, self._otherwise = target, prefix, otherwise

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, or one WebSocket, to a connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        request, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        method, path, version = request.split(" ")
        below = path.startswith(f"{self._prefix}/")
        target = self._target if below else self._otherwise
        if target is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        if not any(line.lower().startswith("upgrade:") for line in lines):
            lines = [line for line in lines if not line.lower().startswith("connection:")]
            lines.append("Connection: close")
        at = urlsplit(target)
        inner, outer = await asyncio.open_connection(at.hostname, at.port)
        kept = path.removeprefix(self._prefix) if below else path
        sent = "\r\n".join([f"{method} {kept} {version}", *lines, "", ""])
        outer.write(sent.encode("latin-1"))
        await asyncio.gather(_pipe(reader, outer), _pipe(inner, writer))


@contextmanager
def behind(target: str, prefix: str, otherwise: str | None = None) -> Iterator[int]:
    """Run the proxy in front of a server, and of another one for all other paths; yields its port."""
    started: Future[tuple[int, Callable[[], None]]] = Future()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(_Proxy(target, prefix, otherwise).serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        started.set_result((port, lambda: loop.call_soon_threadsafe(stop.set)))
        await stop.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    port, stop = started.result(timeout=30)
    try:
        yield port
    finally:
        stop()
        thread.join()
