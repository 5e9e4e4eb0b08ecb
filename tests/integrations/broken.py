"""A capture of which every part fails, and the hooks of a callback that have to bear it."""

from __future__ import annotations

import inspect
from typing import Any

from chroma.capture.call import CapturedCall


class Broken(CapturedCall):
    """Fails in whatever it is asked to do.

    Attributes:
        failed: What it was asked.
    """

    splits = dict.fromkeys(("train", "val", "test", "predict"))
    active = True

    def __init__(self, method: str = "fit") -> None:
        super().__init__(silent=True)
        self.call = self.method = method
        self.failed: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def part(*_: Any, **__: Any) -> None:
            self.failed.append(name)
            raise RuntimeError(name)

        part.__name__ = name
        return part


class Stands:
    """For whatever a framework hands over."""

    sanity_checking = False


def fails(*_: Any, **__: Any) -> Any:
    """Stands for a part of ours that fails."""
    raise RuntimeError("ours")


def hooks_of(callback: Any, base: type) -> list[str]:
    """The hooks that a callback of ours overrides."""
    ours = [kind for kind in type(callback).__mro__ if kind.__module__.startswith("chroma.")]
    return [name for name in dir(base) if name.startswith("on_") and any(name in vars(kind) for kind in ours)]


def call(callback: Any, base: type, hook: str) -> object:
    """Call a hook with something for each of its arguments."""
    arguments = dict.fromkeys(list(inspect.signature(getattr(base, hook)).parameters)[1:], Stands())
    arguments.pop("kwargs", None)
    return getattr(callback, hook)(**arguments)


def hold_all_hooks(callback: Any, base: type) -> None:
    """Assert that each hook of ours stops the errors of a capture that fails in all it does."""
    hooks = hooks_of(callback, base)
    assert len(hooks) >= 5
    said = 0
    for hook in hooks:
        capture = callback._fit = Broken()
        assert call(callback, base, hook) is None
        said += len(capture.failed)
    assert said >= len(hooks) - 1
