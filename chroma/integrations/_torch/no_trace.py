"""Forward passes of our own leave no trace: not in modes, random states or gradients."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from chroma.errors import ConfigError
from chroma.integrations._sources.reading import states_kept
from chroma.integrations._torch.sharding import is_sharded, refuse_tensor_parallel

# by name: importing these classes takes seconds, and who uses them has imported them
WRAPPED = {  # what wraps a module, and the name that it gives it
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "AveragedModel": "module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
    "CheckpointWrapper": "_checkpoint_wrapped_module",
    "DeepSpeedEngine": "module",
    "_FabricModule": "_forward_module",
}
_SEED = 20_261
_COMPILED = "_torchdynamo_orig_callable"  # an attribute of what `torch.compile` makes of a function
_STEPS = ("forward", "training_step", "validation_step")


def plain(model: Any) -> nn.Module:
    """The user's own module below `torch.compile`, DistributedDataParallel, FSDP and other wrappers.

    Raises:
        ConfigError: No module, or one whose layers cannot be looked into: scripted or tensor parallel.
    """
    sharded = is_sharded(model)
    while type(model).__name__ in WRAPPED and isinstance(model, nn.Module):
        model = getattr(model, WRAPPED[type(model).__name__])
    if not isinstance(model, nn.Module):
        raise ConfigError(f"model= is a {type(model).__name__}; give a torch.nn.Module")
    if isinstance(model, torch.jit.ScriptModule):
        raise ConfigError(
            "a ScriptModule hides the outputs of its layers, so nothing of it can be captured; "
            "give the module it was scripted from"
        )
    refuse_tensor_parallel(model, sharded=sharded)
    return model


def is_compiled(model: nn.Module) -> bool:
    """Whether `torch.compile` was used on the module, on one within it, or on a method of these."""
    return getattr(model, "_compiler_ctx", None) is not None or any(
        type(module).__name__ == "OptimizedModule"
        or getattr(module, "_compiled_call_impl", None) is not None
        or any(_COMPILED in getattr(each, "__dict__", ()) for each in _methods(module))
        for module in model.modules()
    )


def _methods(module: nn.Module) -> Iterator[Any]:
    """The functions that a module holds, and the methods of its class that run batches."""
    yield from (each for each in vars(module).values() if callable(each))
    yield from (each for name in _STEPS if (each := getattr(type(module), name, None)) is not None)


@contextmanager
def random_states_kept(
    *sources: Any, models: Sequence[nn.Module] = (), apart: Sequence[Any] = ()
) -> Generator[None]:
    """Draw from a fixed seed, then put back every random state, and what reading changes in the sources.

    Args:
        *sources: What is read: data loaders, datasets; see `states_kept`.
        models: What is called: of these the generators they own are put back.
        apart: What is not read, though it can be reached from the sources.

    Raises:
        UnreadableError: The state of a source cannot be put back; nothing was read.
    """
    with states_kept(*sources, generators=models, apart=apart):
        seed_generators()
        yield


def seed_generators() -> None:
    """Seed the global generators: with the same draws each time, what an evaluation draws moves no sample."""
    torch.default_generator.manual_seed(_SEED)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(_SEED)
    random.seed(_SEED)
    np.random.seed(_SEED)


@contextmanager
def evaluating(model: nn.Module) -> Generator[None]:
    """Evaluation mode without gradients, and without compiled code; each module's mode comes back.

    Raises:
        ConfigError: The first forward pass would make the model's parameters: it must be the training's.
    """
    if any(is_lazy(parameter) for parameter in model.parameters()):
        raise ConfigError(
            "the model has lazy layers without parameters yet; call it once before the first snapshot"
        )
    modes = [(module, module.training) for module in model.modules()]
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        if is_compiled(model):  # compiled code would not call hooks that it does not know
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        for module, training in modes:
            stack.callback(setattr, module, "training", training)
        model.eval()
        yield
