"""Calls of a Keras model that are captured: what `fit`, `evaluate` and `predict` were called with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from chroma.integrations._patching import stand_around

Method = Literal["fit", "evaluate", "predict"]
METHODS: tuple[Method, ...] = get_args(Method)


class Breakable(Protocol):
    """A capture of a call."""

    def broke_off(self, error: BaseException) -> None:
        """The call ended with an error, which goes its way."""
        ...


@dataclass(frozen=True, slots=True)
class KerasCall:
    """A call of a method of a model.

    Attributes:
        model: The model.
        method: Which method.
        arguments: What it was called with, by name.
        captures: What captures it; told if it breaks off.
    """

    model: Any
    method: Method
    arguments: Mapping[str, Any]
    captures: list[Breakable] = field(default_factory=list[Breakable])


_call: ContextVar[KerasCall | None] = ContextVar("chroma_keras_call", default=None)


def current_call(model: Any) -> KerasCall | None:
    """The outermost call of a method of this model that runs now."""
    call = _call.get()
    return call if call is not None and call.model is model else None


def observe(model_class: type) -> Callable[[], None]:
    """Stand around the methods of `keras.Model`: callbacks of ours learn what is called, and how it ends.

    Returns:
        A function that leaves them again.
    """
    left = [stand_around(model_class, method, _observed(method)) for method in METHODS]

    def leave() -> None:
        for each in left:
            each()

    return leave


def _observed(method: Method) -> Callable[..., Any]:
    def observed(
        original: Callable[..., Any], model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        if current_call(model) is not None:  # as `fit` calls `evaluate`
            return original(*args, **kwargs)
        try:
            arguments = inspect.signature(original).bind(*args, **kwargs).arguments
        except TypeError:  # the method will say so itself
            arguments = {}
        call = KerasCall(model, method, arguments)
        token = _call.set(call)
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            for capture in call.captures:
                capture.broke_off(error)
            raise
        finally:
            _call.reset(token)

    return observed
