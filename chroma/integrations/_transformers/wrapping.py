"""Wraps methods of one trainer, not of its class: callbacks learn nothing of batches and loaders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class MethodWrappers:
    """The methods of an object that are wrapped, until they are unwrapped.

    Args:
        owner: The object.
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._wrappers: dict[str, Any] = {}

    def wrap(self, name: str, around: Callable[..., Any]) -> None:
        """Call `around(original, *args, **kwargs)` in place of a method."""
        original = getattr(self._owner, name)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return around(original, *args, **kwargs)

        self._wrappers[name] = wrapper
        setattr(self._owner, name, wrapper)

    def unwrap(self) -> None:
        """Take our wrappers away; one that somebody has wrapped again stays."""
        for name, wrapper in self._wrappers.items():
            if vars(self._owner).get(name) is wrapper:
                delattr(self._owner, name)
        self._wrappers.clear()


def argument(args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Any:
    """The first argument of a call, by position or by name; None if it is not given."""
    return args[0] if args else kwargs.get(name)
