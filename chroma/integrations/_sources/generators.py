"""Random generators of NumPy, Python and the frameworks, global or of an object, and how each is put back."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

Restore = Callable[[], object]


def restore_of(thing: Any) -> Restore | None:
    """What puts a random generator back into its present state; None for anything that is none."""
    for is_one, restore in _KINDS:
        if is_one(thing):
            return restore(thing)
    return None


def restore_global() -> list[Restore]:
    """What puts back the generators that belong to nobody, of the frameworks that are imported."""
    found = [
        _restore(random.setstate, random.getstate()),
        _restore(np.random.set_state, np.random.get_state()),
    ]
    torch = sys.modules.get("torch")
    if torch is not None:
        found.append(_restore(torch.set_rng_state, torch.get_rng_state()))
        if torch.cuda.is_initialized():
            found.append(_restore(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    if "keras" in sys.modules:
        state: Any = sys.modules.get("keras.src.backend.common.global_state")
        own = state and state.get_global_attribute("global_seed_generator")
        found += [each for each in [restore_of(own)] if each]
    if "tensorflow" in sys.modules:
        # from it TensorFlow takes the seeds of eager operations, once `tf.random.set_seed` was called
        context: Any = sys.modules.get("tensorflow.python.eager.context")
        own = getattr(context.context(), "_rng", None) if context else None
        tf_random: Any = sys.modules.get("tensorflow.python.ops.stateful_random_ops")
        shared = getattr(tf_random, "global_generator", None)
        found += [each for each in (restore_of(own), restore_of(shared)) if each]
    return found


def is_a(thing: Any, module: str, name: str) -> bool:
    """Whether a thing is of a class of a framework that may not be installed."""
    return any(kind.__name__ == name and kind.__module__.startswith(module) for kind in type(thing).__mro__)


def _restore(put: Callable[[Any], object], state: Any) -> Restore:
    return lambda: put(state)


def _restore_bits(bits: Any) -> Restore:
    state = bits.state

    def put_back() -> None:
        bits.state = state

    return put_back


def _restore_seeds(seeds: Any) -> Restore:
    keras: Any = sys.modules["keras"]
    return _restore(seeds.state.assign, keras.ops.convert_to_numpy(seeds.state).copy())


def _is_of_torch(thing: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.Generator)


_Kind = tuple[Callable[[Any], bool], Callable[[Any], Restore]]
_KINDS: list[_Kind] = [
    (
        lambda each: isinstance(each, random.Random) and not isinstance(each, random.SystemRandom),
        lambda each: _restore(each.setstate, each.getstate()),
    ),
    (lambda each: isinstance(each, np.random.Generator), lambda each: _restore_bits(each.bit_generator)),
    (lambda each: isinstance(each, np.random.BitGenerator), _restore_bits),
    (
        lambda each: isinstance(each, np.random.RandomState),
        lambda each: _restore(each.set_state, each.get_state(legacy=False)),
    ),
    (_is_of_torch, lambda each: _restore(each.set_state, each.get_state())),
    (lambda each: is_a(each, "keras", "SeedGenerator"), _restore_seeds),
    (
        lambda each: is_a(each, "tensorflow.python.ops.stateful_random_ops", "Generator"),
        lambda each: _restore(each.state.assign, each.state.numpy()),
    ),
]
