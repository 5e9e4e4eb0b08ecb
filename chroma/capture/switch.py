"""`chroma.disabled()`: what a user does not want to be captured."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_disabled: ContextVar[bool] = ContextVar("chroma_disabled", default=False)


@contextmanager
def disabled() -> Generator[None]:
    """Capture no training that starts inside the block, neither by `chroma.autolog()` nor by a callback.

    The block counts for its own thread (or asyncio task) only; what was logged by hand is logged.
    """
    token = _disabled.set(True)
    try:
        yield
    finally:
        _disabled.reset(token)


def is_disabled() -> bool:
    """Whether the caller stands inside `with chroma.disabled()`."""
    return _disabled.get()
