"""The one place where Chroma's own errors stop: training goes on.

Used at the borders to a user's program only: callback hooks, what runs before and after a patched
function, import hooks and the journal's thread. Everywhere else errors are raised.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

# No NullHandler: without logging set up, Python prints warnings of ours to stderr, where a user sees them.
logger = logging.getLogger("chroma")

# Guards made while this is set warn of nothing: `chroma.autolog(silent=True)`.
quiet: ContextVar[bool] = ContextVar("chroma_quiet", default=False)

P = ParamSpec("P")
R = TypeVar("R")


class Guard:
    """Catches `Exception` inside its borders, warns once per place, and counts.

    KeyboardInterrupt, SystemExit and everything else that is not an `Exception` pass through.
    With `CHROMA_STRICT=1` the error is raised again, so that tests see it.

    Attributes:
        errors: Sentences of the errors that were stopped, newest last, at most 20.
        count: How many errors were stopped.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.count = 0
        self._warned: set[str] = set()
        self._level = logging.DEBUG if quiet.get() else logging.WARNING

    @contextmanager
    def fail_safe(self, doing: str) -> Generator[None]:
        """Stop any `Exception` raised in the block.

        Args:
            doing: What the block does, for the warning: "capturing layer fc1".
        """
        try:
            yield
        except Exception as error:
            self._stop(doing, error)

    def protect(self, function: Callable[P, R]) -> Callable[P, R | None]:
        """Wrap a hook of ours so that its errors stop here; the hook then returns None."""

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
            with self.fail_safe(function.__name__.strip("_").replace("_", " ")):
                return function(*args, **kwargs)
            return None

        return guarded

    def _stop(self, doing: str, error: Exception) -> None:
        self.count += 1
        self.errors = [*self.errors[-19:], f"{doing}: {type(error).__name__}: {error}"]
        if _strict():
            raise error
        if doing not in self._warned:
            self._warned.add(doing)
            with suppress(Exception):  # a filter or handler of the user's may fail
                logger.log(
                    self._level,
                    "chroma: %s failed (%s: %s); training continues, "
                    "what is missing is counted in the receipt",
                    doing,
                    type(error).__name__,
                    error,
                    exc_info=logger.isEnabledFor(logging.DEBUG),
                )


def _strict() -> bool:
    from chroma.errors import ConfigError
    from chroma.settings import load_settings

    try:
        return load_settings().strict
    except ConfigError:  # another setting is wrong: said where settings are read, not in a training step
        return False
