"""The one place where Chroma's own errors stop: training goes on.

Used at the borders to a user's program only: callback hooks, what runs before and after a patched
function, import hooks and the journal's thread. Everywhere else errors are raised.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from types import TracebackType

from chroma.errors import ChromaError

# No NullHandler: without logging set up, Python prints warnings of ours to stderr, where a user sees them.
logger = logging.getLogger("chroma")

# Guards made while this is set warn of nothing: `chroma.autolog(silent=True)`.
quiet: ContextVar[bool] = ContextVar("chroma_quiet", default=False)


class Guard:
    """Catches `Exception` inside its borders, warns of each place and of each refusal once, and counts.

    KeyboardInterrupt, SystemExit and everything else that is not an `Exception` pass through.
    With `CHROMA_STRICT=1` the error is raised again, so that tests see it.

    An error that Chroma raised on purpose is a refusal: its text says all, so nothing is said to have failed.

    Attributes:
        errors: Sentences of the errors that were stopped, each once, newest last, at most 20.
        refusals: Texts of the errors among them that were raised on purpose, likewise.
        count: How many errors were stopped.
        failures: How many of them were no refusals.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.refusals: list[str] = []
        self.count = self.failures = 0
        self._warned: set[str] = set()
        self._level = logging.DEBUG if quiet.get() else logging.WARNING

    def fail_safe(self, doing: str) -> AbstractContextManager[None, bool]:
        """Stop any `Exception` raised in the block; what it returns may be entered again and again.

        Args:
            doing: What the block does, for the warning: "capturing layer fc1".
        """
        return _Border(self, doing)

    def stop(self, doing: str, error: Exception) -> bool:
        """Count and tell an error; returns whether it stops here: not so under `CHROMA_STRICT=1`."""
        self.count += 1
        sentence = sentence_of(error)
        if isinstance(error, ChromaError):
            self.refusals = _with(self.refusals, str(error))
            known = {f"refusal: {doing}", str(error)}
            said = f"chroma: {error}; training continues"
        else:
            self.failures += 1
            self.errors = _with(self.errors, f"{doing}: {sentence}")
            known = {doing}
            said = (
                f"chroma: {doing} failed ({sentence}); training continues, what is missing is counted in the "
                "receipt"
            )
        if _strict():
            return False
        if not known & self._warned:
            self._warned |= known
            with suppress(Exception):  # a filter or handler of the user's may fail
                logger.log(self._level, "%s", said, exc_info=logger.isEnabledFor(logging.DEBUG))
        return True


class _Border:
    """What `fail_safe` returns: a class, as hooks enter it at each batch, and a generator costs more."""

    __slots__ = ("_doing", "_guard")

    def __init__(self, guard: Guard, doing: str) -> None:
        self._guard = guard
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return isinstance(error, Exception) and self._guard.stop(self._doing, error)


def _with(said: list[str], sentence: str) -> list[str]:
    """The newest sentences, this one last, each once."""
    return [*(each for each in said if each != sentence), sentence][-20:]


def sentence_of(error: BaseException) -> str:
    """Class and text of an error; the class alone if it has no text that can be made."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # a __str__ of the user's
        return type(error).__name__


def _strict() -> bool:
    try:
        from chroma.settings import load_settings

        return load_settings().strict
    except Exception:  # a setting cannot be read: said where settings are read, not in a training step
        return False
