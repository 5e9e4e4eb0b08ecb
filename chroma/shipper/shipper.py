"""The thread that sends a run's segments to the server while it trains.

It reads what the writer's thread has committed to the outbox: training waits for neither. What is not sent
when the program ends stays in the outbox, for `chroma sync`.
"""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chroma.guard import Guard, logger, quiet, sentence_of
from chroma.journal import Entry, set_aside
from chroma.liveness import HEARTBEAT
from chroma.shipper import outbox
from chroma.shipper.retrying import retrying
from chroma.shipper.upload import DeletedError, LaterError, RefusedError, Server

_PAUSE = 0.5  # seconds before it begins again after an error that is not the server's; then doubled
_LONGEST_PAUSE = 30.0
_LAST_TRY = 5.0  # seconds at exit for a server that did not answer before

_active: set[Shipper] = set()


@dataclass(frozen=True, slots=True)
class Shipment:
    """How far a run's segments are sent.

    Attributes:
        server: Where to.
        sent: Segments that the server has.
        refused: Segments that it will never take; they are set aside in the folder.
        of: Segments that were written.
        folder: Where the others wait.
        reason: Why the last try failed, one sentence; empty if it did not.
    """

    server: str
    sent: int
    refused: int
    of: int
    folder: Path
    reason: str

    def __str__(self) -> str:
        text = f"{self.sent:,} of {self.of:,} segments are on {self.server}"
        if self.refused:
            text += f", {self.refused:,} were refused and set aside in {self.folder}"
        if self.left:
            text += (
                f", {self.left:,} wait in {self.folder}: they are sent while the program runs, then by: "
                "chroma sync"
            )
        return f"{text} ({self.reason})" if self.reason else text

    @property
    def left(self) -> int:
        """Segments that wait."""
        return self.of - self.sent - self.refused


class Shipper:
    """Sends the segments of one run that this process writes, each until the server has it.

    Args:
        server: `CHROMA_SERVER`.
        folder: The outbox.
        run: Id of the run.
        guard: Stops and counts the errors of the thread.
        exit_timeout: Most seconds that the end of the program may wait for it.
    """

    def __init__(self, server: str, folder: Path, run: str, guard: Guard, exit_timeout: float) -> None:
        self.exit_timeout = exit_timeout
        self._url, self._outbox, self._run, self._guard = server, folder, run, guard
        self._quiet = quiet.get()
        self._writer = ""
        self._written = self._sent = self._refused = 0
        self._reason = ""
        self._warned = False
        self._state = threading.Condition()
        self._finished = False  # nothing more is written
        self._leaving = threading.Event()  # the program ends
        self._thread: threading.Thread | None = None

    def wrote(self, writer: str, segments: int) -> None:
        """So many segments of this process lie in the outbox; called in the writer's thread."""
        with self._state:
            self._written, self._writer = segments, writer
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="chroma-shipper", daemon=True)
                _active.add(self)
                with self._guard.fail_safe("starting the thread that sends segments"):
                    self._thread.start()
            self._state.notify_all()

    def finish(self) -> None:
        """Nothing more is written; the thread goes on until all is sent, or the program ends."""
        with self._state:
            self._finished = True
            self._state.notify_all()

    @property
    def shipment(self) -> Shipment:
        """How far it is."""
        folder = self._outbox / self._run
        return Shipment(self._url, self._sent, self._refused, self._written, folder, self._reason)

    def begin_to_leave(self) -> None:
        """The program ends: what fails from now on is not tried again."""
        with self._state:
            self._finished = True
            self._leaving.set()
            self._state.notify_all()

    def leave(self, timeout: float) -> None:
        """Wait until all is sent, at most so long, and say what is left."""
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join(max(0.0, min(timeout, _LAST_TRY) if self._reason else timeout))
        how = self.shipment
        if how.left or how.refused:
            size = outbox.size_of(outbox.waiting(self._outbox, self._run, self._writer))
            self._warn(
                f"{how.left:,} of {how.of:,} segments of run {self._run} ({size / 1e6:.1f} MB) were not sent"
                f"{f', {how.refused:,} were refused' if how.refused else ''} "
                f"({how.reason or 'there was no time left'}); they wait in {how.folder}, and are sent by: "
                "chroma sync"
            )

    def _warn(self, sentence: str) -> None:
        if not self._quiet:
            with suppress(Exception):  # a handler of the user's may fail
                logger.warning("chroma: %s", sentence)

    def abandon(self) -> None:
        """In a forked child: the thread lives in the parent only."""
        self._state = threading.Condition()
        self._thread = None
        self._written = self._sent = self._refused = 0

    def _work(self) -> None:
        pauses = (min(_LONGEST_PAUSE, _PAUSE * 2**times) for times in itertools.count())
        try:
            while not self._ended() and not self._leaving.wait(next(pauses)):
                pass
        finally:
            if not self.shipment.left and not self._refused:
                _active.discard(self)

    def _ended(self) -> bool:
        """Send until nothing is left or can be sent; False where it ended before its time, however it did."""
        with self._guard.fail_safe("sending segments to the server"):
            server = Server(self._url)
            try:
                self._ship_all(server)
            except (LaterError, DeletedError) as error:
                self._reason = str(error)
            except BaseException as error:
                self._reason = sentence_of(error)
                if isinstance(error, Exception):
                    raise
                return False
            finally:
                server.close()
            return True
        return False

    def _ship_all(self, server: Server) -> None:
        tries = retrying(
            stop=lambda _: self._leaving.is_set(),
            sleep=self._rest,
            failed=self._note_failure,
        )
        while (entries := self._next(server)) is not None:
            for entry in entries:
                tries(self._ship, server, entry)

    def _rest(self, seconds: float) -> None:
        self._leaving.wait(seconds)

    def _next(self, server: Server) -> list[Entry] | None:
        """Wait for segments, giving signs of life meanwhile; None once all are sent and no more come."""
        while True:
            with self._state:
                if self.shipment.left:
                    break
                if self._finished:
                    return None
                woken = self._state.wait(HEARTBEAT)
            if not woken:
                with suppress(LaterError):
                    server.alive(self._run, self._writer)
        entries = outbox.waiting(self._outbox, self._run, self._writer)
        if not entries:  # somebody else has sent them
            self._sent = self._written - self._refused
        return entries

    def _ship(self, server: Server, entry: Entry) -> None:
        try:
            server.put(entry)
            outbox.acknowledge(entry)
        except FileNotFoundError:
            pass  # somebody else has sent it
        except RefusedError as error:
            self._note_failure(str(error))
            set_aside(entry, str(error))
            self._refused += 1
            return
        self._sent += 1
        self._reason = "" if not self._refused else self._reason

    def _note_failure(self, reason: str) -> None:
        self._reason = reason
        if not self._warned:
            self._warned = True
            self._warn(f"{reason}; training continues, and what is captured waits in the outbox")


def longest_wait() -> float:
    """Most seconds that `wait_for_all` may be given: `CHROMA_EXIT_TIMEOUT`; 0 where nothing is being sent."""
    return max((each.exit_timeout for each in _active), default=0.0)


def wait_for_all(timeout: float) -> None:
    """At exit: wait until all shippers have sent what they can, at most so long in all."""
    deadline = time.monotonic() + timeout
    for each in list(_active):
        each.begin_to_leave()
    for each in list(_active):
        each.leave(deadline - time.monotonic())
    _active.clear()


def abandon_all() -> None:
    """In a forked child: nothing is sent or waited for here."""
    for each in _active:
        each.abandon()
    _active.clear()
