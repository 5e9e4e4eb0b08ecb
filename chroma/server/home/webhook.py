"""Sends events of runs to a chat by `CHROMA_WEBHOOK`: each once, if at all, and never its address to anyone.

That an event is being sent is on disk before it is sent: a server that is killed meanwhile, or a rebuilt
catalog, sends none twice. It is tried again only where the other side surely did not take it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError, URLError

from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.home.parts import PartThread
from chroma.server.store.queries import events_since
from chroma.server.store.tables import Run, RunEvent

logger = logging.getLogger("chroma.server")

_NEW = timedelta(hours=24)  # events that are older when they come are not sent
_TRIES = (0.0, 1.0, 5.0, 25.0)  # seconds to wait before each
_TIMEOUT = 5.0  # seconds for an answer
_TRY_AGAIN = (429, 503)  # the other side did not take it


class Webhook:
    """One thread that sends the events of the last day, as they come.

    Args:
        context: Of the home; does nothing without `CHROMA_WEBHOOK`.
        tries: Seconds to wait before each try.
    """

    def __init__(self, context: Context, *, tries: tuple[float, ...] = _TRIES) -> None:
        self._context = context
        self._tries = tries
        secret = context.settings.webhook
        self._url = None if secret is None else secret.get_secret_value()
        self._sent = context.settings.home / "webhook-sent"
        self._come = threading.Event()
        self._stop = threading.Event()
        self._thread = PartThread("webhook", self._work, context.parts, self._stop)

    def start(self) -> None:
        """Begin, if there is somewhere to send to."""
        if self._url is not None:
            self._thread.start()

    def stop(self) -> None:
        """End; what is being sent is not waited for longer than its time-out."""
        self._stop.set()
        self._come.set()
        self._thread.join()

    def _work(self) -> None:
        with self._context.events.listening(self._listen):
            while not self._stop.is_set():
                self._come.clear()
                self._send_new()
                self._come.wait()

    def _listen(self, event: Event) -> None:
        if event.kind == "alarm":
            self._come.set()

    def _send_new(self) -> None:
        since = datetime.now(UTC) - _NEW
        known = self._known(since)
        with self._context.store.reading() as catalog:
            found = [(event, run) for event, run in events_since(catalog, since) if event.id not in known]
        for event, run in found:
            if self._stop.is_set():
                return
            self._note(event)
            self._send(message(event, run))
        self._context.parts.works("webhook")

    def _known(self, since: datetime) -> set[str]:
        """Ids of events that were sent, or tried; older ones are dropped from the file."""
        if not self._sent.exists():
            return set()
        lines = [line.split() for line in self._sent.read_text(encoding="utf-8").splitlines()]
        kept = [(id_, at) for id_, at in (line for line in lines if len(line) == 2) if _is_after(at, since)]
        if len(kept) < len(lines):
            fresh = self._sent.with_suffix(".new")
            fresh.write_text("".join(f"{id_} {at}\n" for id_, at in kept), encoding="utf-8")
            fresh.replace(self._sent)
        return {id_ for id_, _ in kept}

    def _note(self, event: RunEvent) -> None:
        with self._sent.open("a", encoding="utf-8") as file:
            file.write(f"{event.id} {event.created_at.timestamp():.0f}\n")
            file.flush()
            os.fsync(file.fileno())

    def _send(self, text: str) -> None:
        reason = ""
        for pause in self._tries:
            if self._stop.wait(pause):
                return
            # of an error the class alone is told: its text may hold the address
            try:
                _post(self._url or "", {"text": text})
            except HTTPError as error:
                reason = f"it answered {error.code}"
                if error.code not in _TRY_AGAIN:
                    break
            except URLError as error:  # no connection
                reason = type(error.reason).__name__
            except Exception as error:  # noqa: BLE001  # a time-out, an answer that is no HTTP
                reason = type(error).__name__
                break
            else:
                return
        logger.warning("chroma: an event was not sent to CHROMA_WEBHOOK: %s", reason)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What is told to one address is not told to another."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _post(url: str, body: dict[str, str]) -> None:
    # the standard library's client: httpx logs addresses
    headers = {"Content-Type": "application/json", "User-Agent": "chroma"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT):
        pass


def message(event: RunEvent, run: Run) -> str:
    """An event for a chat: run, level, title and sentence."""
    when = "" if event.epoch is None else f"epoch {event.epoch:,}, "
    what = f"{event.title}: {event.text}" if event.text else event.title
    return f"[{event.level}] {run.name}, {when}step {event.step:,}: {what}"


def _is_after(at: str, since: datetime) -> bool:
    return at.isdecimal() and int(at) > since.timestamp() - 60
