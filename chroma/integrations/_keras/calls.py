"""Calls of `fit`, `evaluate` and `predict` of a Keras model: what each was called with, and how it ends."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from chroma.integrations._patching import wrap

Method = Literal["fit", "evaluate", "predict"]
METHODS: tuple[Method, ...] = get_args(Method)


class CallCapture(Protocol):
    """What captures a call."""

    def fail(self, error: BaseException) -> None:
        """The call ended with an error, which is raised on."""
        ...


@dataclass(frozen=True, slots=True)
class KerasCall:
    """A call of a method of a model.

    Attributes:
        model: The model.
        method: Which method.
        arguments: What it was called with, by name.
        captures: What captures it; each learns of an error.
    """

    model: Any
    method: Method
    arguments: Mapping[str, Any]
    captures: list[CallCapture] = field(default_factory=list[CallCapture])


_call: ContextVar[KerasCall | None] = ContextVar("chroma_keras_call", default=None)


def current_call(model: Any) -> KerasCall | None:
    """The outermost running call of a method of this model."""
    call = _call.get()
    return call if call is not None and call.model is model else None


def wrap_methods(model_class: type) -> Callable[[], None]:
    """Wrap the methods of `keras.Model`, so that our callbacks learn of their arguments and errors.

    Returns:
        A function that unwraps them.
    """
    unwraps = [wrap(model_class, method, _observer(method)) for method in METHODS]

    def unwrap() -> None:
        for each in unwraps:
            each()

    return unwrap


def _observer(method: Method) -> Callable[..., Any]:
    def observe(
        original: Callable[..., Any], model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        if current_call(model) is not None:  # `fit` calls `evaluate`
            return original(*args, **kwargs)
        try:
            arguments = inspect.signature(original).bind(*args, **kwargs).arguments
        except TypeError:  # the method itself will raise it
            arguments = {}
        call = KerasCall(model, method, arguments)
        token = _call.set(call)
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            for capture in call.captures:
                capture.fail(error)
            raise
        finally:
            _call.reset(token)

    return observe
