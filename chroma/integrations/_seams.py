"""Where `chroma.autolog()` stands in each framework: a callback of ours joins a training for its duration.

Framework modules are handed in: nothing is imported here that the user has not imported.
"""

from __future__ import annotations

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
        kwargs: What the method is called with besides its own arguments.
    """

    silent: bool
    leave: Undo
    kwargs: Mapping[str, Any]


Join = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], _Joined | None]


def lightning(module: Any, ask: Ask, guard: Guard) -> Undo:
    """Join `Trainer.fit` of `lightning.pytorch` or `pytorch_lightning`.

    The callback is there before the strategy launches processes, so it reaches spawned ones by pickle.
    """

    def join(trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Joined | None:
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

        return _Joined(bool(options["silent"]), leave, {})

    return _join_each(module.Trainer, "fit", join, guard)


def _join_each(owner: type, name: str, join: Join, guard: Guard) -> Undo:
    """Let `join` add a callback to each call of a method that trains; not to trainings within trainings."""

    def around(
        train: Callable[..., Any], trainer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        if _training.get():
            return train(*args, **kwargs)
        joined: _Joined | None = None
        with guard.fail_safe(f"autolog joining {owner.__name__}.{name}"):
            joined = join(trainer, args, kwargs)
        tokens = _training.set(True), quiet.set(joined is not None and joined.silent)
        try:
            return train(*args, **{**kwargs, **(joined.kwargs if joined else {})})
        finally:
            _training.reset(tokens[0])
            quiet.reset(tokens[1])
            if joined is not None:
                with guard.fail_safe(f"autolog leaving {owner.__name__}.{name}"):
                    joined.leave()

    return stand_around(owner, name, around)
