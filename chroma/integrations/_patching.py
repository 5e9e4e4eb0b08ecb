"""Seams: methods of a framework that we stand around while we are asked to, and leave as they were.

One wrapper stands on a method, however many parts of Chroma look at its calls; when the last of them leaves,
the very object that was there before is put back. If somebody else has wrapped the method after us, our
wrapper stays below theirs and does nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

import wrapt

# of the original (bound), the instance, and the call's arguments; calls the original exactly once
Around = Callable[[Callable[..., Any], Any, tuple[Any, ...], Mapping[str, Any]], Any]

_lock = threading.RLock()


def stand_around(owner: type, name: str, around: Around) -> Callable[[], None]:
    """Let `around` see every call of a method.

    Args:
        owner: The class; the method is wrapped where the class has it from.
        name: The method.
        around: Called in place of the method, which it calls. Whoever came first stands outermost.

    Returns:
        A function that takes `around` away again; calling it twice does no harm.
    """
    owner = next(kind for kind in owner.__mro__ if name in vars(kind))
    with _lock:
        seam = _seams.get((owner, name))
        if seam is None:
            seam = _seams[owner, name] = _Seam(owner, name)
        entry = (object(), around)
        seam.arounds = (*seam.arounds, entry)
    return partial(_leave, seam, entry)


def _leave(seam: _Seam, entry: tuple[object, Around]) -> None:
    with _lock:
        seam.arounds = tuple(other for other in seam.arounds if other is not entry)
        if not seam.arounds and seam.restore():
            _seams.pop((seam.owner, seam.name), None)


class _Seam:
    """A wrapped method and those who look at its calls, outermost first."""

    def __init__(self, owner: type, name: str) -> None:
        self.owner = owner
        self.name = name
        self.arounds: tuple[tuple[object, Around], ...] = ()
        self._original = vars(owner)[name]
        self._wrapper = _Wrapper(self._original, self._call, owner, name)
        setattr(owner, name, self._wrapper)

    def restore(self) -> bool:
        """Put the original back; False if somebody else's wrapper stands above ours."""
        if vars(self.owner).get(self.name) is not self._wrapper:
            return False
        setattr(self.owner, self.name, self._original)
        return True

    def _call(self, wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        return _inwards(self.arounds, wrapped, instance)(*args, **kwargs)


def _inwards(
    arounds: tuple[tuple[object, Around], ...], wrapped: Callable[..., Any], instance: Any
) -> Callable[..., Any]:
    if not arounds:
        return wrapped
    (_, around), *rest = arounds
    inner = _inwards(tuple(rest), wrapped, instance)

    @wraps(wrapped)  # whoever stands outside may ask for the signature
    def call(*args: Any, **kwargs: Any) -> Any:
        return around(inner, instance, args, kwargs)

    return call


class _Bound(wrapt.BoundFunctionWrapper[..., Any]):
    def __reduce_ex__(self, protocol: Any) -> Any:
        """By name: whoever pickles a method of the framework gets the method that is there then."""
        parent: Any = self._self_parent
        holder = parent._self_holder if self._self_instance is None else self._self_instance
        return getattr, (holder, parent._self_method)


class _Wrapper(wrapt.FunctionWrapper[..., Any]):
    __bound_function_wrapper__ = _Bound

    def __init__(self, wrapped: Any, around: Any, owner: type, name: str) -> None:
        super().__init__(wrapped, around)
        self._self_holder = owner
        self._self_method = name

    def __reduce_ex__(self, protocol: Any) -> Any:
        return getattr, (self._self_holder, self._self_method)


_seams: dict[tuple[type, str], _Seam] = {}
