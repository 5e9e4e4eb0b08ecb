"""How the program or a thread of it ends: what becomes of runs that nobody finished.

Python tells a program at its exit neither that it ended by `sys.exit` nor with which status. While a run is
open, `sys.exit` and `threading.excepthook` are therefore wrapped: they do what they did, and we remember.
"""

from __future__ import annotations

import dis
import functools
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from chroma.guard import sentence_of
from chroma.records import RunStatus

_SIGNALLED = 128  # exit statuses above it name a signal, as 143 does SIGTERM


def status_of(error: BaseException | None) -> tuple[RunStatus, str | None]:
    """Status of a run that ends with `error`, and the sentence that says why."""
    if error is None:
        return "finished", None
    if isinstance(error, SystemExit):
        return _status_of_exit(error)
    if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
        return "interrupted", None
    return "failed", sentence_of(error)[:1000]


def _status_of_exit(error: SystemExit) -> tuple[RunStatus, str | None]:
    code: object = error.code
    if not code:  # Lightning's SIGTERMException has no code
        return ("finished" if type(error) is SystemExit and code != "" else "interrupted"), None
    if isinstance(code, int):
        sentence = f"the program ended with exit status {int(code)}"
        return ("interrupted" if code > _SIGNALLED else "failed"), sentence
    return "failed", sentence_of(error)[:1000]


class EndOfProgram:
    """Sees how the program ends, from `watch` to `release`."""

    def __init__(self) -> None:
        self._asked: SystemExit | None = None  # by the last `sys.exit` in the main thread
        self._outermost: FrameType | None = None
        self._wrapped: list[tuple[Any, str, Any, Any]] = []

    def watch(self, thread_failed: Callable[[BaseException], None]) -> None:
        """Begin, if it has not begun.

        Args:
            thread_failed: Called in a thread that ends with an error.
        """
        if self._wrapped:
            return
        self._outermost = self._outermost or _outermost_of(_main_frame())
        leave, tell = sys.exit, threading.excepthook

        @functools.wraps(leave)
        def exit_and_tell(*status: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                self._asked = SystemExit(*status)
            return leave(*status)

        @functools.wraps(tell)
        def tell_of_error(args: Any) -> Any:
            with suppress(Exception):
                thread_failed(args.exc_value or args.exc_type())
            return tell(args)

        for owner, name, old, new in (
            (sys, "exit", leave, exit_and_tell),
            (threading, "excepthook", tell, tell_of_error),
        ):
            setattr(owner, name, new)
            self._wrapped.append((owner, name, old, new))

    def release(self) -> None:
        """Put back what was wrapped; what others wrapped meanwhile stays."""
        for owner, name, old, new in self._wrapped:
            if getattr(owner, name) is new:
                setattr(owner, name, old)
        self._wrapped.clear()

    def status(self) -> tuple[RunStatus, str | None]:
        """Status of a run that nobody finished and that ends now, and the sentence that says why."""
        error = getattr(sys, "last_value", None) if not hasattr(sys, "ps1") else None
        if error is None and self._is_unwound():
            if self._asked is None:
                return "interrupted", "the program was ended by SystemExit"
            error = self._asked
        return status_of(error)

    def _is_unwound(self) -> bool:
        """Whether the program's outermost code was left by an exception."""
        frame, running = self._outermost, _main_frame()
        if frame is None:
            return False
        while running is not None:
            if running is frame:
                return False
            running = running.f_back
        return not dis.opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")


def _main_frame() -> FrameType | None:
    # no public function tells another thread's frame
    frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return frames.get(threading.main_thread().ident or 0)


def _outermost_of(frame: FrameType | None) -> FrameType | None:
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame
