"""Events between servers of one catalog: pages of one of them show what came to another."""

from __future__ import annotations

import json
import queue
import secrets
import threading
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace

from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.home.parts import PartThread
from chroma.server.store import notices
from chroma.server.store.engine import Unavailable

_LOOK = 1.0  # seconds between two looks whether the server ends
_LONGEST = 500  # characters of a message


class Relay:
    """Sends the events of this server to the others, and publishes theirs here.

    Progress is not sent: each server reads it from the queue.

    Args:
        context: Of the open home, whose catalog is shared.
    """

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._events = context.events
        self._parts = parts = context.parts
        self._closing = closing = context.closing
        self._held = ExitStack()
        self._name = secrets.token_hex(8)
        self._out: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._delivering = threading.local()
        self._sender = PartThread("relay", self._send, parts, closing)
        self._receiver = PartThread("others", self._receive, parts, closing)

    def start(self) -> None:
        """Begin; what is published from now on is sent."""
        self._held.enter_context(self._events.listening(self._hear))
        self._sender.start()
        self._receiver.start()

    def stop(self) -> None:
        """End both threads."""
        self._held.close()
        self._closing.set()
        self._out.put(None)
        self._sender.join()
        self._receiver.join()

    def _hear(self, event: Event) -> None:
        if event.progress is None and event.run_id is not None and not self._is_delivering:
            self._out.put(event)

    @property
    def _is_delivering(self) -> bool:
        return getattr(self._delivering, "now", False)

    def _send(self) -> None:
        while (event := self._out.get()) is not None:
            short = replace(event, message=event.message[:_LONGEST])
            notices.send(self._store.engine, json.dumps({"from": self._name, **asdict(short)}))
            self._parts.works("relay")
        with suppress(Unavailable):
            notices.send(self._store.engine, "")  # wakes those who listen: this server ends

    def _receive(self) -> None:
        listening = notices.Listening(self._store.engine)
        try:
            self._parts.works("others")
            while not self._closing.is_set():
                for notice in listening.receive(_LOOK):
                    self._deliver(notice)
        finally:
            listening.close()

    def _deliver(self, notice: str) -> None:
        with suppress(ValueError, TypeError):  # of another program, or a newer Chroma
            told = json.loads(notice)
            if told.pop("from") != self._name:
                self._delivering.now = True
                try:
                    self._events.publish(Event(**told))
                finally:
                    self._delivering.now = False
