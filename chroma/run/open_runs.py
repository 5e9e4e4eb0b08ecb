"""The runs that are open in this process, and their end with the program, a thread or a worker process."""

from __future__ import annotations

import atexit
import os
import sys
import time
from typing import Protocol

from chroma import shipper
from chroma.guard import logger
from chroma.records import RunStatus
from chroma.run.ending import EndOfProgram, status_of
from chroma.run.receipt import Receipt


class OpenRun(Protocol):
    """What is known here of a recording."""

    framework: str | None
    exit_timeout: float

    @property
    def closed(self) -> bool: ...

    @property
    def is_written(self) -> bool: ...

    @property
    def opened_here(self) -> bool: ...

    def close(self, status: RunStatus, error: str | None = None, *, wait: float | None = None) -> Receipt: ...

    def wait(self, timeout: float) -> None: ...

    def abandon(self) -> None: ...


_open: set[OpenRun] = set()  # not ended, or not yet written
_end = EndOfProgram()
_worker = 0  # id of the process of multiprocessing that will close its runs


def begin(run: OpenRun) -> None:
    """A run begins: it is closed when the program ends."""
    _open.add(run)
    _end.watch(_thread_failed)
    _end_with_worker()


def forget(run: OpenRun) -> None:
    """A run has ended, and need not be waited for."""
    for each in list(_open):
        if each is run or each.is_written:
            _open.discard(each)
    if not _open:
        _end.release()


def status() -> tuple[RunStatus, str | None]:
    """Status of a run that nobody finished and that ends now, and the sentence that says why."""
    return _end.status()


def logged_by_hand() -> bool:
    """Whether a run is open that the user opened with `chroma.init`."""
    return any(each.framework is None and not each.closed for each in list(_open))


def _thread_failed(error: BaseException) -> None:
    """A thread ends with an error: so do the runs that it opened and did not finish."""
    for each in list(_open):
        if each.opened_here and not each.closed:
            each.close(*status_of(error), wait=0.0)


def _end_with_worker() -> None:
    """A process of multiprocessing ends without what is registered at exit."""
    global _worker  # noqa: PLW0603  # one for each process
    util, process = (sys.modules.get(f"multiprocessing.{name}") for name in ("util", "process"))
    if util and process and process.parent_process() is not None and _worker != os.getpid():
        _worker = os.getpid()
        util.Finalize(None, lambda: _close_all(sys.exception()), exitpriority=0)


def _close_all(error: BaseException | None = None) -> None:
    """At exit: finish what the user did not, within the longest `CHROMA_EXIT_TIMEOUT` in all."""
    how, sentence = _end.status() if error is None else status_of(error)
    waits = [each.exit_timeout for each in _open]
    deadline = time.monotonic() + max([*waits, shipper.longest_wait()])
    for each in list(_open):
        left = max(0.0, deadline - time.monotonic())
        if each.closed:
            each.wait(left)
            continue
        receipt = each.close(how, sentence, wait=left)
        if receipt.missing:
            logger.warning("%s", receipt)
    shipper.wait_for_all(max(0.0, deadline - time.monotonic()))


def _abandon_all() -> None:
    """In a forked child: never write, never wait for a lock the parent's threads may have held."""
    for each in _open:
        each.abandon()
    _open.clear()
    shipper.abandon_all()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
