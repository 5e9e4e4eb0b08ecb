"""Reads sources of samples so that nothing of it is left: every state that can be reached is put back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numpy as np

from chroma.errors import ConfigError
from chroma.integrations._sources.generators import Restore, restore_global
from chroma.integrations._sources.reachable import Reachable

T = TypeVar("T")


class UnreadableError(ConfigError):
    """A source whose state cannot be proved to be put back after it was read.

    Args:
        reason: Why, as half a sentence.
        remedy: What the user can do about it.

    Attributes:
        reason: Why, as half a sentence.
    """

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        said = f"samples are not read apart from the training, since {reason}"
        super().__init__(said if remedy is None else f"{said}; {remedy}")
        self.reason = reason


def obstacle_of(*roots: Any, apart: Sequence[Any] = ()) -> str | None:
    """Why sources are not read apart from the training, as half a sentence; None if they can be.

    Args:
        *roots: What would be read.
        apart: What would not, though it can be reached from them.
    """
    found = Reachable(roots, apart=apart).obstacle
    return None if found is None else f"the state of {found} could not be put back"


@contextmanager
def states_kept(*roots: Any, generators: Sequence[Any] = (), apart: Sequence[Any] = ()) -> Generator[None]:
    """Put back, at the end of the block, every state that reading can change.

    These are the global random generators, and what can be reached from the roots: random generators, and
    attributes and elements of objects of the user's.

    Args:
        *roots: What is read.
        generators: Objects of which random generators alone are put back: models.
        apart: What is not read, though it can be reached from the roots.

    Raises:
        UnreadableError: A state cannot be put back. Nothing was read by then.
    """
    found = Reachable(roots, apart=apart)
    if found.obstacle is not None:
        raise UnreadableError(f"the state of {found.obstacle} could not be put back")
    restores: list[Restore] = [*restore_global(), *found.restores]
    restores += Reachable(generators, generators=True).restores
    try:
        yield
    finally:
        for restore in reversed(restores):
            restore()


def read_apart(take: Callable[[], T], first: Callable[[], Any], *roots: Any) -> T:
    """Read a source, and prove that it is left as it was.

    Args:
        take: Reads it.
        first: Reads its first batch: before, and once more when all is read and put back.
        *roots: What is read.

    Raises:
        UnreadableError: A state cannot be put back, and nothing was read; or the first batch has changed.
    """
    with states_kept(*roots):
        before = _digest(first())
    with states_kept(*roots):
        taken = take()
    with states_kept(*roots):
        after = _digest(first())
    if before != after:
        raise UnreadableError("its first batch was another one when it was read again")
    return taken


def _digest(batch: Any) -> str:
    found = hashlib.blake2b(digest_size=16)

    def add(part: Any) -> None:
        found.update(type(part).__name__.encode())
        if isinstance(part, Mapping):
            for name, value in cast("Mapping[Any, Any]", part).items():
                found.update(str(name).encode())
                add(value)
        elif isinstance(part, (list, tuple)):
            for value in cast("Sequence[Any]", part):
                add(value)
        elif isinstance(part, (str, bytes, int, float, bool, type(None))):
            found.update(repr(part).encode())
        elif hasattr(part, "to_list") and not hasattr(part, "__array__"):  # ragged
            add(part.to_list())
        else:
            try:
                array = np.asarray(part.detach().cpu() if hasattr(part, "detach") else part)
            except Exception:  # noqa: BLE001 - no array: of its attributes those that are
                for name, value in sorted(getattr(part, "__dict__", {}).items()):
                    found.update(name.encode())
                    add(value)
                return
            found.update(repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes())

    add(batch)
    return found.hexdigest()
