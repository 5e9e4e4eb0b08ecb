"""What `chroma.autolog()` wraps in each framework: each training gets a callback for as long as it runs.

The callers pass in the framework modules, so nothing is imported here that the user has not imported.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from chroma.guard import Guard, quiet
from chroma.integrations._patching import wrap

# gives the options for a training that begins, None if it is not captured
GetOptions = Callable[[], Mapping[str, Any] | None]
Restore = Callable[[], None]

_training: ContextVar[bool] = ContextVar("chroma_training", default=False)


@dataclass(frozen=True, slots=True)
class _Added:
    """A callback of ours that was added to a training.

    Attributes:
        silent: Whether nothing is printed about the training.
        remove: Removes the callback when the training has ended.
        call: New arguments of the method, if they differ.
    """

    silent: bool
    remove: Restore | None = None
    call: tuple[tuple[Any, ...], Mapping[str, Any]] | None = None


# called with the method, its instance, and the call's arguments; None if nothing was added
AddCallback = Callable[[Callable[..., Any], Any, tuple[Any, ...], Mapping[str, Any]], _Added | None]


def lightning(module: Any, get_options: GetOptions, guard: Guard) -> Restore:
    """Wrap `Trainer.fit` of `lightning.pytorch` or `pytorch_lightning`.

    The callback is added before the strategy launches processes, so it reaches spawned ones by pickle.
    """

    def add_callback(
        fit: Any, trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> _Added | None:
        from chroma.integrations.lightning import CallbackHooks, ChromaCallback

        before: list[Any] = trainer.callbacks
        # Lightning's tuner runs short trial fits through callbacks of its own
        if any(isinstance(each, CallbackHooks) or getattr(each, "_early_exit", False) for each in before):
            return None
        options = get_options()
        if options is None:
            return None
        ours = ChromaCallback(**options)
        callbacks = trainer.callbacks = [*before, ours]

        def remove() -> None:
            if trainer.callbacks is callbacks and callbacks == [*before, ours]:
                trainer.callbacks = before
            else:  # the model added callbacks of its own
                trainer.callbacks = [each for each in trainer.callbacks if each is not ours]

        return _Added(bool(options["silent"]), remove)

    return _wrap_training(module.Trainer, "fit", add_callback, guard)


def keras(module: Any, get_options: GetOptions, guard: Guard) -> Restore:
    """Wrap `Model.fit` of Keras 3, which is also `tf.keras`."""

    def add_callback(fit: Any, model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Added | None:
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
        options = get_options()
        if options is None:
            return None
        ours = ChromaCallback(**options)
        callbacks: Any = [*before, ours]
        if given is not None and is_list:  # the user set its callbacks up, so we set up ours
            ours.set_model(model)
            ours.set_params(given.params)
            callbacks = copy.copy(given)
            callbacks.callbacks = [*before, ours]
        if position < len(args):
            call = (*args[:position], callbacks, *args[position + 1 :]), kwargs
        else:
            call = args, {**kwargs, "callbacks": callbacks}
        return _Added(bool(options["silent"]), call=call)

    from chroma.integrations._keras.calls import wrap_methods

    restores = _wrap_training(module.Model, "fit", add_callback, guard), wrap_methods(module.Model)

    def restore() -> None:
        for each in restores:
            each()

    return restore


def transformers(module: Any, get_options: GetOptions, guard: Guard) -> Restore:
    """Wrap `Trainer.train` of Hugging Face; a trainer that overrides it is captured too."""

    def add_callback(
        train: Any, trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> _Added | None:
        from chroma.integrations._transformers.callback import ChromaCallback

        handler: Any = trainer.callback_handler
        if any(isinstance(each, ChromaCallback) for each in handler.callbacks):
            return None
        options = get_options()
        if options is None:
            return None
        ours = ChromaCallback(**options)
        handler.callbacks = [*handler.callbacks, ours]

        def remove() -> None:
            handler.callbacks = [each for each in handler.callbacks if each is not ours]

        return _Added(bool(options["silent"]), remove)

    restores = [_wrap_training(module.Trainer, "train", add_callback, guard)]

    def first_imported(train: Any, trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        from chroma.integrations._transformers.callback import observed

        return observed(train, trainer, args, kwargs)

    restores.append(wrap(module.Trainer, "train", first_imported))

    def restore() -> None:
        for each in restores:
            each()

    return restore


def _wrap_training(owner: type, name: str, add_callback: AddCallback, guard: Guard) -> Restore:
    """Let `add_callback` add one to each training, but not to a training within a training."""

    def around(
        train: Callable[..., Any], trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        if _training.get():
            return train(*args, **kwargs)
        added: _Added | None = None
        with guard.fail_safe(f"autolog of {owner.__name__}.{name}"):
            added = add_callback(train, trainer, args, kwargs)
        if added is not None and added.call is not None:
            args, kwargs = added.call
        tokens = _training.set(True), quiet.set(added is not None and added.silent)
        try:
            return train(*args, **kwargs)
        finally:
            _training.reset(tokens[0])
            quiet.reset(tokens[1])
            if added is not None and added.remove is not None:
                with guard.fail_safe(f"restoring {owner.__name__}.{name}"):
                    added.remove()

    return wrap(owner, name, around)
