"""Events: any thread publishes what changed; subscribers of the event loop and listeners receive it."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

EventKind = Literal[
    "listening", "run", "snapshot", "metric", "alarm", "film", "tag", "view", "home", "findings"
]

_WAITING = 1000  # events kept for a slow subscriber; the oldest go first


@dataclass(frozen=True, slots=True)
class Event:
    """Something changed; a page that shows it fetches it again.

    Attributes:
        kind: What changed; `home`: what is down, or how far ingest is. `listening` is sent first to every new
            subscriber; earlier events were not delivered to it, so it fetches again what it shows.
        run_id: Of which run; for `listening` the one subscribed to, None for all; None for `home`.
        film_id: Of which film, for `film`.
        progress: 0..1, for films and findings being made.
        message: For people.
    """

    kind: EventKind
    run_id: str | None
    film_id: str | None = None
    progress: float | None = None
    message: str = ""


class Events:
    """Delivers events to subscribers; a newer event replaces a waiting one about the same thing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: set[_Subscriber] = set()
        self._listeners: list[Callable[[Event], None]] = []

    def publish(self, event: Event) -> None:
        """Send an event to all listeners and subscribers, from any thread; never waits for subscribers."""
        with self._lock:
            for listener in self._listeners:
                listener(event)
            for subscriber in list(self._subscribers):
                if not subscriber.offer(event):
                    self._subscribers.discard(subscriber)

    @contextmanager
    def listening(self, listener: Callable[[Event], None]) -> Generator[None]:
        """Call `listener` with every event, in the thread that publishes it, so it must return at once."""
        with self._lock:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    async def subscribe(self, run_id: str | None = None) -> AsyncIterator[Event]:
        """Receive events from now on, of one run if named; the first one is `listening`."""
        subscriber = _Subscriber(asyncio.get_running_loop(), run_id)
        with self._lock:
            self._subscribers.add(subscriber)
        try:
            yield Event("listening", run_id)
            while True:
                yield await subscriber.take()
        finally:
            with self._lock:
                self._subscribers.discard(subscriber)


class _Subscriber:
    def __init__(self, loop: asyncio.AbstractEventLoop, run_id: str | None) -> None:
        self._loop = loop
        self._run_id = run_id
        self._waiting: OrderedDict[tuple[str, str | None, str | None], Event] = OrderedDict()
        self._arrived = asyncio.Event()

    def offer(self, event: Event) -> bool:
        """Hand over from any thread; False once the subscriber's loop is gone."""
        if self._run_id not in (None, event.run_id):
            return True
        try:
            self._loop.call_soon_threadsafe(self._put, event)
        except RuntimeError:  # the loop is closed
            return False
        return True

    async def take(self) -> Event:
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popitem(last=False)[1]

    def _put(self, event: Event) -> None:
        self._waiting[event.kind, event.run_id, event.film_id] = event
        if len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        self._arrived.set()
