"""Where `chroma.autolog()` stands in each framework: a callback of ours joins a training for its duration.

Framework modules are handed in: nothing is imported here that the user has not imported.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from chroma.guard import Guard, quiet
from chroma.integrations._patching import stand_around

# the options for a training that begins, None if it is not to be captured
Ask = Callable[[], Mapping[str, Any] | None]
Undo = Callable[[], None]

_training: ContextVar[bool] = ContextVar("chroma_training", default=False)


@dataclass(frozen=True, slots=True)
class _Joined:
    """A training that a callback of ours has joined.

    Attributes:
        silent: Whether we say nothing of it.
        leave: Takes the callback away again.
        call: What the method is called with instead, if anything.
    """

    silent: bool
    leave: Undo | None = None
    call: tuple[tuple[Any, ...], Mapping[str, Any]] | None = None


# of the method, its instance, and the call's arguments
Join = Callable[[Callable[..., Any], Any, tuple[Any, ...], Mapping[str, Any]], _Joined | None]


def lightning(module: Any, ask: Ask, guard: Guard) -> Undo:
    """Join `Trainer.fit` of `lightning.pytorch` or `pytorch_lightning`.

    The callback is there before the strategy launches processes, so it reaches spawned ones by pickle.
    """

    def join(fit: Any, trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Joined | None:
        from chroma.integrations.lightning import CallbackHooks, ChromaCallback

        before: list[Any] = trainer.callbacks
        # the callbacks of Lightning's tuner run a fit to try things out
        if any(isinstance(each, CallbackHooks) or getattr(each, "_early_exit", False) for each in before):
            return None
        options = ask()
        if options is None:
            return None
        ours = ChromaCallback(**options)
        joined = trainer.callbacks = [*before, ours]

        def leave() -> None:
            if trainer.callbacks is joined and joined == [*before, ours]:
                trainer.callbacks = before
            else:  # the model brought callbacks of its own
                trainer.callbacks = [each for each in trainer.callbacks if each is not ours]

        return _Joined(bool(options["silent"]), leave)

    return _join_each(module.Trainer, "fit", join, guard)


def keras(module: Any, ask: Ask, guard: Guard) -> Undo:
    """Join `Model.fit` of Keras 3, which is `tf.keras` too."""

    def join(fit: Any, model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Joined | None:
        from chroma.integrations._keras.callback import ChromaCallback

        names = list(inspect.signature(fit).parameters)
        position = names.index("callbacks")
        given: Any = kwargs.get("callbacks") if position >= len(args) else args[position]
        is_list = isinstance(given, module.callbacks.CallbackList)
        before: list[Any] = (
            [] if given is None else module.tree.flatten(given.callbacks if is_list else given)
        )
        if any(isinstance(each, ChromaCallback) for each in before):
            return None
        options = ask()
        if options is None:
            return None
        ours = ChromaCallback(**options)
        joined: Any = [*before, ours]
        if given is not None and is_list:  # made by the user, who has set it up; so we set up ours
            ours.set_model(model)
            ours.set_params(given.params)
            joined = copy.copy(given)
            joined.callbacks = [*before, ours]
        if position < len(args):
            call = (*args[:position], joined, *args[position + 1 :]), kwargs
        else:
            call = args, {**kwargs, "callbacks": joined}
        return _Joined(bool(options["silent"]), call=call)

    from chroma.integrations._keras.calls import wrap_methods

    undo = _join_each(module.Model, "fit", join, guard), wrap_methods(module.Model)

    def leave() -> None:
        for each in undo:
            each()

    return leave


def transformers(module: Any, ask: Ask, guard: Guard) -> Undo:
    """Join `Trainer.train` of Hugging Face, also where a trainer overrides it."""

    def join(train: Any, trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Joined | None:
        from chroma.integrations._transformers.callback import ChromaCallback

        handler: Any = trainer.callback_handler
        if any(isinstance(each, ChromaCallback) for each in handler.callbacks):
            return None
        options = ask()
        if options is None:
            return None
        ours = ChromaCallback(**options)
        handler.callbacks = [*handler.callbacks, ours]

        def leave() -> None:
            handler.callbacks = [each for each in handler.callbacks if each is not ours]

        return _Joined(bool(options["silent"]), leave)

    undo = [_join_each(module.Trainer, "train", join, guard)]

    def first_imported(train: Any, trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        from chroma.integrations._transformers.callback import observed

        return observed(train, trainer, args, kwargs)

    undo.append(stand_around(module.Trainer, "train", first_imported))

    def leave() -> None:
        for each in undo:
            each()

    return leave


def _join_each(owner: type, name: str, join: Join, guard: Guard) -> Undo:
    """Let `join` add a callback to each call of a method that trains; not to trainings within trainings."""

    def around(
        train: Callable[..., Any], trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        if _training.get():
            return train(*args, **kwargs)
        joined: _Joined | None = None
        with guard.fail_safe(f"autolog of {owner.__name__}.{name}"):
            joined = join(train, trainer, args, kwargs)
        if joined is not None and joined.call is not None:
            args, kwargs = joined.call
        tokens = _training.set(True), quiet.set(joined is not None and joined.silent)
        try:
            return train(*args, **kwargs)
        finally:
            _training.reset(tokens[0])
            quiet.reset(tokens[1])
            if joined is not None and joined.leave is not None:
                with guard.fail_safe(f"restoring {owner.__name__}.{name}"):
                    joined.leave()

    return stand_around(owner, name, around)
