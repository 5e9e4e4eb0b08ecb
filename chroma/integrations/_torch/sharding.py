"""Models whose layers are spread over several processes.

FSDP, FSDP2 and DeepSpeed ZeRO spread parameters: what a layer gives is whole for each process's own batch,
and can be captured from the training's own passes. A pass of ours would gather parameters, for which all
processes must call each other. Tensor parallelism spreads what layers give.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from chroma.errors import ConfigError

# by name: importing these classes takes seconds, and who uses them has imported them
_SHARDED = {
    *("DeepSpeedEngine", "FSDPModule", "FullyShardedDataParallel"),  # modules
    *("DeepSpeedStrategy", "FSDPStrategy", "ModelParallelStrategy"),  # of Lightning
}


def is_sharded(part: Any) -> bool:
    """Whether a model, one of its modules, or a trainer's strategy spreads parameters over processes."""
    if _SHARDED & {base.__name__ for base in type(part).__mro__}:
        return True
    return isinstance(part, nn.Module) and any(is_sharded(module) for module in part.children())


def refuse_tensor_parallel(model: nn.Module, *, sharded: bool) -> None:
    """Refuse a model whose layers give parts of their values in each process.

    Args:
        model: The model.
        sharded: Whether its parameters are spread in another way too.

    Raises:
        ConfigError: It is one.
    """
    for name, given in model.named_parameters():
        parameter: Any = given  # a DTensor has more attributes
        placements = getattr(parameter, "placements", ())
        spread = sum(placement.is_shard() for placement in placements)
        if spread > sharded and parameter.device_mesh.size() > 1:
            raise ConfigError(
                f"{name} is spread by tensor parallelism, so each process has a part of what its layer "
                "gives, and Chroma gathers nothing during a training; capture a copy on one device"
            )
