"""Wraps framework methods while autologging is on and restores them afterwards.

A method gets one wrapper, however many parts of Chroma observe its calls. When the last of them unwraps, the
original object is put back. If another library has wrapped the method after us, our wrapper stays beneath
theirs and does nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

import wrapt

# called with the original (bound), the instance, and the call's arguments; calls the original exactly once
Around = Callable[[Callable[..., Any], Any, tuple[Any, ...], Mapping[str, Any]], Any]

_lock = threading.RLock()


def wrap(owner: type, name: str, around: Around) -> Callable[[], None]:
    """Call `around` in place of a method.

    Args:
        owner: The class. The method is wrapped in the class that defines it, which may be a base class.
        name: The method.
        around: Calls the method itself. Where there are several, the first is outermost.

    Returns:
        A function that removes `around` again; calling it twice does no harm.
    """
    owner = next(kind for kind in owner.__mro__ if name in vars(kind))
    with _lock:
        method = _wrapped.get((owner, name))
        if method is None:
            method = _wrapped[owner, name] = _WrappedMethod(owner, name)
        entry = (object(), around)
        method.arounds = (*method.arounds, entry)
    return partial(_unwrap, method, entry)


def _unwrap(method: _WrappedMethod, entry: tuple[object, Around]) -> None:
    with _lock:
        method.arounds = tuple(other for other in method.arounds if other is not entry)
        if not method.arounds and method.restore():
            _wrapped.pop((method.owner, method.name), None)


class _WrappedMethod:
    """A wrapped method with the functions called in its place, outermost first."""

    def __init__(self, owner: type, name: str) -> None:
        self.owner = owner
        self.name = name
        self.arounds: tuple[tuple[object, Around], ...] = ()
        self._original = vars(owner)[name]
        self._wrapper = _Wrapper(self._original, self._call, owner, name)
        setattr(owner, name, self._wrapper)

    def restore(self) -> bool:
        """Put the original back; False if another library's wrapper is above ours."""
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

    @wraps(wrapped)  # outer wrappers may read the signature
    def call(*args: Any, **kwargs: Any) -> Any:
        return around(inner, instance, args, kwargs)

    return call


class _Bound(wrapt.BoundFunctionWrapper[..., Any]):
    def __reduce_ex__(self, protocol: Any) -> Any:
        """By name: unpickling gives the method that the class has then."""
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


_wrapped: dict[tuple[type, str], _WrappedMethod] = {}
